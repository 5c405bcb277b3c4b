"""How far a learned law departs from a field-scale one."""

import numpy as np

LOSS = 0.05  # share of x that is no longer taken up where a capacity begins to show


def ratio(learned: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Deformation D = g_learned / g_field [-]; NaN where either is not above zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((learned > 0) & (field > 0), learned / field, np.nan)


def size(learned: np.ndarray, field: np.ndarray, weight: np.ndarray) -> float:
    """Root mean square of ln D over points [-]: 0 where the laws are one, 0.1 where they are 10 % apart."""
    return float(np.sqrt(_mean(np.log(ratio(learned, field)) ** 2, weight)))


def sign(learned: np.ndarray, field: np.ndarray, weight: np.ndarray) -> float:
    """Mean of ln D over points [-]: above zero where the catchment's flux is the larger."""
    return _mean(np.log(ratio(learned, field)), weight)


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    known = np.isfinite(values)
    return float(np.average(values[known], weights=weight[known])) if known.any() else np.nan


def curvature(x: np.ndarray, flux: np.ndarray) -> float:
    """Area below a law over that below its chord, less 1: above 0 concave, 0 linear, below 0 convex [-].

    Parameters
    ----------
    x : numpy.ndarray
        Ascending, shape (x,).
    flux : numpy.ndarray
        Shape (x,).
    """
    chord = 0.5 * (flux[0] + flux[-1]) * (x[-1] - x[0])
    return float(np.trapezoid(flux, x) / chord - 1) if chord > 0 else np.nan


def onset(x: np.ndarray, flux: np.ndarray) -> float:
    """Least x from which on a law takes up less than 95 % of it, as x is; NaN if it always takes up more.

    Parameters
    ----------
    x, flux : numpy.ndarray
        Ascending x, and flux in its units; shape (x,).
    """
    beyond = np.flatnonzero(flux < (1 - LOSS) * x)
    if not len(beyond):
        return np.nan
    i = beyond[0]
    if i == 0:
        return float(x[0])
    miss = (1 - LOSS) * x - flux
    return float(x[i - 1] + (x[i] - x[i - 1]) * miss[i - 1] / (miss[i - 1] - miss[i]))
