"""The `partialseg` command. One file per subcommand; nothing heavy is imported before a subcommand really needs it."""
