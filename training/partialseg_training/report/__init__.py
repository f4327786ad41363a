"""Reports for people: one self-contained HTML file per run and per evaluation, tables and plots of experiments."""

from partialseg_training.report.run import write_run_report

__all__ = ["write_run_report"]
