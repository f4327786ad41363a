"""Side-by-side comparison of all methods on one dataset with equal budgets."""

from partialseg_training.experiment.plan import Plan, load_plan, shipped_plans
from partialseg_training.experiment.run import run_experiment

__all__ = ["Plan", "load_plan", "run_experiment", "shipped_plans"]
