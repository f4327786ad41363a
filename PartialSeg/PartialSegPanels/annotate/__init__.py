"""The Annotate tab: a list of cases, a few strokes, and what of it is complete."""
