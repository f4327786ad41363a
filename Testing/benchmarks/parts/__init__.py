"""What is compared. A part is a module with `run(settings) -> Part`."""
