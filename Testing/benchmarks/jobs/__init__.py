"""Work that is measured. A job is a module with `run(**options) -> dict`; options and results are plain JSON values."""
