"""`python -m PartialSegLib.cli` is the `partialseg` command without an installed script."""

from PartialSegLib.cli.main import main

raise SystemExit(main())
