"""What was measured in an evaluation: rows, their means and intervals, comparisons and tables."""
