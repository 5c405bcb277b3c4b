"""Cauchy weights, under which a wild value has little say."""

import numpy as np
from scipy.special import ndtri

TUNING = 2.385  # 95 % efficient where residuals are normal (Holland and Welsch 1977)


def weights(residuals: np.ndarray) -> np.ndarray:
    """Weights 1/(1 + (e/(2.385 s))^2), s the scaled median absolute deviation; NaN where residuals are.

    Parameters
    ----------
    residuals : numpy.ndarray
        Shape (time,).
    """
    scale = _scale(residuals)
    if scale == 0:
        return np.where(np.isfinite(residuals), 1.0, np.nan)
    return 1 / (1 + (residuals / scale) ** 2)


def least_held(of_flows: np.ndarray, order: int) -> np.ndarray:
    """Least weight of the flows that a row holds: its own and `order` earlier ones.

    Parameters
    ----------
    of_flows : numpy.ndarray
        Weight of every step's streamflow, shape (time,).
    order : int
    """
    return np.minimum.reduce([np.roll(of_flows, i) for i in range(order + 1)])


def variance(residuals: np.ndarray, freedom: float) -> float:
    """Variance by which the inverse normal matrix without weights gives the covariance of a Cauchy estimate.

    n/(n - p) mean(psi^2)/mean(psi')^2, psi(e) = e w(e) (Huber 1981).

    Parameters
    ----------
    residuals : numpy.ndarray
        Shape (time,), NaN where missing.
    freedom : float
        Effective number of coefficients p.
    """
    scale = _scale(residuals)
    known = residuals[np.isfinite(residuals)]
    if scale == 0:
        return 0.0
    squared = (known / scale) ** 2
    slope = np.mean((1 - squared) / (1 + squared) ** 2)
    return float(known.size / (known.size - freedom) * np.mean((known / (1 + squared)) ** 2) / slope**2)


def _scale(residuals: np.ndarray) -> float:
    deviation = np.nanmedian(np.abs(residuals - np.nanmedian(residuals)))
    return float(TUNING * deviation / ndtri(0.75))
