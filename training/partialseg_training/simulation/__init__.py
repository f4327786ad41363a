"""Incomplete labels made from fuller ones, as the experiments of the papers need them."""

from partialseg_training.simulation.amount import Amount, amount_said
from partialseg_training.simulation.dataset import SimulatedCase, simulate_dataset
from partialseg_training.simulation.rule import Rule, Scribbles, Slices
from partialseg_training.simulation.simulate import Simulated, simulate

__all__ = [
    "Amount",
    "Rule",
    "Scribbles",
    "Simulated",
    "SimulatedCase",
    "Slices",
    "amount_said",
    "simulate",
    "simulate_dataset",
]
