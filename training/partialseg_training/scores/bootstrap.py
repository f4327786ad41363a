"""Bootstrap intervals by case: percentile intervals of a mean over cases drawn with replacement (Efron 1979)."""

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95
SEED = 0
# Percentiles of so few cases would only repeat the cases.
_FEWEST_CASES = 3

Interval = tuple[float, float]


def mean_interval(values: np.ndarray) -> Interval | None:
    """Interval of the mean of one number per case (n,); None for fewer than three cases."""
    return interval_over_columns(np.asarray(values, dtype=float)[:, None])


def interval_over_columns(matrix: np.ndarray) -> Interval | None:
    """Interval of the mean over columns of each column's mean over cases; (cases, columns), NaN where not measured;
    each column is measured somewhere.

    Whole cases are drawn, so that the structures of one case stay together. A column that a draw leaves empty keeps its
    mean over all cases: left out, it would move the mean over columns.
    """
    n_cases = len(matrix)
    if n_cases < _FEWEST_CASES:
        return None
    measured = ~np.isnan(matrix)
    drawn = np.random.default_rng(SEED).multinomial(n_cases, np.full(n_cases, 1 / n_cases), size=RESAMPLES)
    times = drawn @ measured
    sums = drawn @ np.where(measured, matrix, 0.0)
    always = np.broadcast_to(np.nanmean(matrix, axis=0), sums.shape)
    means = np.divide(sums, times, out=always.copy(), where=times > 0)
    low, high = np.percentile(means.mean(axis=1), [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)
