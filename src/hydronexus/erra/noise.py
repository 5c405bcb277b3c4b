"""Autoregressive noise: its order, and the response freed of it."""

import numpy as np
from scipy.linalg import solve_discrete_lyapunov, solve_toeplitz, toeplitz
from scipy.special import ndtri

from hydronexus.erra.design import Layout

HIGHEST_ORDER = 6
NEGLIGIBLE = 0.05  # partial autocorrelation that hardly moves an error, however significant
SIGNIFICANCE = 0.05  # over all orders tried
ROUNDING = 1e-12  # share of variance left by an exact fit
NOISE_LAGS = 10


def choose_order(gram: np.ndarray, layout: Layout) -> int:
    """Order of the noise: the last lag at which its partial autocorrelation is neither insignificant nor negligible.

    The partial autocorrelation at lag h is the last coefficient of the AR(h) fitted along with the response.

    Parameters
    ----------
    gram : numpy.ndarray
        Normal equations of the highest order to consider.
    layout : Layout
        Their columns.
    """
    remaining, _ = _fit(gram[np.ix_(layout.columns_of(0), layout.columns_of(0))])
    if remaining < ROUNDING:
        return 0
    limit = max(NEGLIGIBLE, -ndtri(SIGNIFICANCE / layout.order / 2) / np.sqrt(gram[0, 0]))
    partial = [
        _fit(gram[np.ix_(layout.columns_of(h), layout.columns_of(h))])[1][-1] for h in range(1, layout.order + 1)
    ]
    return max((h for h, value in enumerate(partial, 1) if abs(value) > limit), default=0)


def _fit(gram: np.ndarray) -> tuple[float, np.ndarray]:
    """Share of the variance that is left, and coefficients, also where columns are collinear."""
    size = np.sqrt(np.diag(gram))
    scaled = gram / np.where(size > 0, np.outer(size, size), 1.0)
    found = np.linalg.lstsq(scaled[:-1, :-1], scaled[:-1, -1])[0]
    left = scaled[-1, -1] - scaled[-1, :-1] @ found
    return left / (scaled[-1, -1] - scaled[0, -1] ** 2), found * size[-1] / np.where(size[:-1] > 0, size[:-1], 1.0)


def unfold(autoregression: np.ndarray, lags: int) -> np.ndarray:
    """Psi, which turns the response of the regression with noise into that of the system: beta = Psi b.

    Psi is the inverse of the lower triangular Toeplitz matrix of [1, -phi] (Kirchner 2022).

    Parameters
    ----------
    autoregression : numpy.ndarray
        phi, shape (order,).
    lags : int

    Returns
    -------
    numpy.ndarray
        Shape (lags, lags).
    """
    column = np.zeros(lags)
    used = min(len(autoregression), lags - 1)
    column[0], column[1 : 1 + used] = 1.0, -autoregression[:used]
    first = np.zeros(lags)
    first[0] = 1.0
    return np.tril(toeplitz(solve_toeplitz((column, first), first)))


def responses(coefficients: np.ndarray, layout: Layout) -> np.ndarray:
    """Response beta by channel and lag, per unit of precipitation, shape (channel, lags)."""
    psi = unfold(layout.autoregression(coefficients), layout.lags)
    return layout.responses(coefficients)[:, : layout.lags] @ psi.T


def response_covariance(coefficients: np.ndarray, covariance: np.ndarray, layout: Layout) -> np.ndarray:
    """Covariance of the responses, from that of all coefficients, to first order.

    d beta = Psi db + sum over i of Psi (beta delayed by i) d phi_i, so the error of the noise model is included.

    Parameters
    ----------
    coefficients, covariance : numpy.ndarray
        Shapes (size,) and (size, size).
    layout : Layout

    Returns
    -------
    numpy.ndarray
        Shape (channel, lags, channel, lags).
    """
    shape = (layout.channels, layout.lags)
    psi = unfold(layout.autoregression(coefficients), layout.lags)
    beta = responses(coefficients, layout)
    jacobian = np.zeros((*shape, layout.size))
    for channel in range(layout.channels):
        first = 1 + channel * layout.taps
        jacobian[channel, :, first : first + layout.lags] = psi
        for i in range(1, min(layout.order, layout.lags - 1) + 1):
            delayed = np.concatenate([np.zeros(i), beta[channel, :-i]])
            jacobian[channel, :, layout.size - layout.order + i - 1] = psi @ delayed
    flat = jacobian.reshape(-1, layout.size)
    return (flat @ covariance @ flat.T).reshape(*shape, *shape)


def effective_count(autoregression: np.ndarray, count: int) -> float:
    """Independent rows whose mean would be as uncertain as that of the autocorrelated noise.

    n gamma_0 (1 - sum phi)^2 / sigma^2, where gamma_0 is the variance of the noise and sigma^2 that of its innovations.

    Parameters
    ----------
    autoregression : numpy.ndarray
        phi, shape (order,).
    count : int
        Rows n.

    Returns
    -------
    float
        NaN where the noise is not stationary.
    """
    order = len(autoregression)
    if order == 0:
        return float(count)
    companion = np.eye(order, k=-1)
    companion[0] = autoregression
    if np.abs(np.linalg.eigvals(companion)).max() >= 1:
        return np.nan
    innovation = np.zeros((order, order))
    innovation[0, 0] = 1.0
    variance = solve_discrete_lyapunov(companion, innovation)[0, 0]
    return float(count * variance * (1 - autoregression.sum()) ** 2)


def autocorrelation(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Autocorrelation and partial autocorrelation over the pairs that are there.

    Parameters
    ----------
    series : numpy.ndarray
        Shape (time,), of mean zero, NaN where missing.

    Returns
    -------
    acf, pacf : numpy.ndarray
        At lags 1 to 10, shape (10,); NaN of a series without variance.
    """
    if not np.nansum(series**2) > 0:
        return np.full(NOISE_LAGS, np.nan), np.full(NOISE_LAGS, np.nan)
    acf = np.array([_correlation(series[i:], series[:-i]) for i in range(1, NOISE_LAGS + 1)])
    column = np.concatenate([[1.0], acf])
    pacf = [solve_toeplitz(column[:i], acf[:i])[-1] for i in range(1, NOISE_LAGS + 1)]
    return acf, np.array(pacf)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    return one[both] @ other[both] / np.sqrt((one[both] @ one[both]) * (other[both] @ other[both]))
