"""Uncertainty of streamflow: intervals, and how many observations of the test years they hold."""

import math

import numpy as np
import pandas as pd

LEVELS = (0.5, 0.9)
CLASSES = 5  # classes of simulated flow with errors of their own, equal counts in the calibration years
FLOOR = 0.05  # share of mean flow that is added to the flow by which errors are scaled


def conformal(
    calibration: tuple[np.ndarray, np.ndarray], simulated: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Split-conformal interval from the errors of other years.

    Errors relative to simulated flow are taken from the calibration years, in classes of simulated flow, and laid
    around the simulation; lower and upper end have half of the remaining probability each. If years are exchangeable,
    the interval holds at least `level` of the observations.

    Parameters
    ----------
    calibration : tuple of numpy.ndarray
        Observed and simulated flow of the calibration years, finite, shape (step,).
    simulated : numpy.ndarray
        Flow to give an interval for, any shape.
    level : float
        Share of observations the interval should hold [-].

    Returns
    -------
    low, high : numpy.ndarray
        Shape of `simulated`, in its units, not negative.

    References
    ----------
    Papadopoulos et al. 2002 (split conformal); Vovk et al. 2005 (classes); Lei et al. 2018 (local scaling).
    """
    observed, known = calibration
    floor = FLOOR * known.mean() + 1e-9
    errors = (observed - known) / (known + floor)
    edges = np.quantile(known, np.linspace(0, 1, CLASSES + 1)[1:-1])
    own, wanted = np.searchsorted(edges, known), np.searchsorted(edges, simulated)
    low, high = np.empty_like(simulated, dtype=float), np.empty_like(simulated, dtype=float)
    for index in range(CLASSES):
        inside = errors[own == index]
        if not len(inside):  # flows that are all equal fill one class alone
            inside = errors
        n = len(inside)
        share = min(1.0, math.ceil((n + 1) * (1 + level) / 2) / n)
        ends = np.quantile(inside, [1 - share, share])
        here = wanted == index
        low[here], high[here] = (simulated[here] + end * (simulated[here] + floor) for end in ends)
    return np.maximum(low, 0), np.maximum(high, 0)


def reliability(calibration: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> pd.DataFrame:
    """Coverage and width of the ensemble's own intervals and of conformal ones in the test years.

    Parameters
    ----------
    calibration, test : tuple of numpy.ndarray
        Observed flow, shape (step,), and that of the members, shape (seed, step), of the validation and the test years.

    Returns
    -------
    pandas.DataFrame
        Columns kind (`ensemble`: quantiles of the members; `conformal`: around their mean), level [-], coverage [-] and
        width (mean width over mean observed flow [-]); no row where a period has no observation.
    """
    (observed, members), (later, runs) = (_observed(*pair) for pair in (calibration, test))
    rows = []
    if len(observed) and len(later):
        for level in LEVELS:
            ends = {
                "ensemble": tuple(np.quantile(runs, [(1 - level) / 2, (1 + level) / 2], axis=0)),
                "conformal": conformal((observed, members.mean(0)), runs.mean(0), level),
            }
            for kind, (low, high) in ends.items():
                held = (later >= low) & (later <= high)
                rows.append((kind, level, held.mean(), (high - low).mean() / later.mean() if later.any() else math.nan))
    return pd.DataFrame(rows, columns=["kind", "level", "coverage", "width"])


def _observed(observed: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = np.isfinite(observed)
    return observed[known], members[:, known]
