"""The widgets of the PartialSeg module: a shell with one panel for each tab. No domain logic lives here."""
