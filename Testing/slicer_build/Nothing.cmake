# Slicer's own build rules stand here; the stand-in needs none.
