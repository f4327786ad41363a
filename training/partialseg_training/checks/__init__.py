"""What is wrong with a dataset, and what supervises which structure: known before hours of training, not after."""

from partialseg_training.checks.check import Report, check_dataset
from partialseg_training.checks.coverage import Coverage

__all__ = ["Coverage", "Report", "check_dataset"]
