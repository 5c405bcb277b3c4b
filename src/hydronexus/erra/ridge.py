"""Tikhonov-Phillips regularisation: responses are kept from bending more than the data ask for."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from hydronexus.erra.design import Layout
from hydronexus.erra.noise import unfold

STRENGTHS = np.geomspace(1e-6, 1e4, 81)  # relative to the data
WEAK = 1e-6  # enough to solve with collinear columns
SIZE = 1e-6  # of the response itself beside its second differences: settles what neither data nor shape does
ROUNDS, SETTLED = 50, 1e-5
SINGULAR = 1e12  # condition number

Regularisation = Literal["gcv"] | float | None


@dataclass(frozen=True)
class Solution:
    """Solution of penalised normal equations.

    Parameters
    ----------
    coefficients : numpy.ndarray
        Shape (size,).
    inverse : numpy.ndarray
        Of the penalised normal matrix; times the variance of the residuals it is the covariance of the coefficients.
    freedom : float
        Effective number of coefficients, the trace of the hat matrix.
    penalty : numpy.ndarray
        What was added to the normal matrix, zero without regularisation.
    strength : float
        nu, relative to the data [-].
    """

    coefficients: np.ndarray
    inverse: np.ndarray
    freedom: float
    penalty: np.ndarray
    strength: float


def estimate(gram: np.ndarray, layout: Layout, count: int, regularisation: Regularisation) -> Solution:
    """Solve normal equations, with second differences of every response penalised if so wished.

    The strength nu is relative: the penalty is multiplied by the ratio of the traces of the normal matrix and of the
    penalty, over the coefficients of precipitation. Under ``"gcv"`` it minimises n RSS / (n - trace of the hat
    matrix)^2 (Golub et al. 1979).

    Parameters
    ----------
    gram : numpy.ndarray
        Normal equations, streamflow last.
    layout : Layout
    count : int
        Rows n in them.
    regularisation : "gcv", float or None

    Raises
    ------
    ValueError
        If, without regularisation, columns are collinear.
    """
    if regularisation is None:
        return solve(gram, np.zeros((layout.size, layout.size)), 0.0)
    unit = _relative(roughness(np.zeros(layout.order), layout), gram)
    solution = solve(gram, WEAK * unit, WEAK)
    for _ in range(ROUNDS):  # the penalty depends on the noise, and the noise on the penalty
        before = layout.autoregression(solution.coefficients)
        unit = _relative(roughness(before, layout), gram)
        strength = _cross_validated(gram, unit, count) if regularisation == "gcv" else float(regularisation)
        solution = solve(gram, strength * unit, strength)
        if np.allclose(layout.autoregression(solution.coefficients), before, rtol=0, atol=SETTLED):
            break
    return solution


def roughness(autoregression: np.ndarray, layout: Layout) -> np.ndarray:
    """Quadratic form of the second differences of all responses, in the coefficients of the regression.

    Parameters
    ----------
    autoregression : numpy.ndarray
        phi, which ties the coefficients b to the responses Psi b.
    layout : Layout

    Returns
    -------
    numpy.ndarray
        Shape (size, size), zero but for the coefficients of precipitation.
    """
    bend = np.diff(np.eye(layout.lags), 2, axis=0)
    psi = unfold(autoregression, layout.lags)
    of_one = psi.T @ (bend.T @ bend + SIZE * np.eye(layout.lags)) @ psi
    form = np.zeros((layout.size, layout.size))
    for first in range(1, 1 + layout.channels * layout.taps, layout.taps):
        form[first : first + layout.lags, first : first + layout.lags] = of_one
        beyond = range(first + layout.lags, first + layout.taps)
        form[beyond, beyond] = SIZE
    return form


def _relative(form: np.ndarray, gram: np.ndarray) -> np.ndarray:
    penalised = np.diag(form) > 0
    return form * (np.diag(gram)[:-1][penalised].sum() / np.trace(form))


def solve(gram: np.ndarray, penalty: np.ndarray, strength: float) -> Solution:
    """Solve (G + penalty) x = g, where the last row and column of `gram` are g.

    Raises
    ------
    ValueError
        If the matrix is singular to rounding.
    """
    matrix = gram[:-1, :-1] + penalty
    scale = 1 / np.sqrt(np.where(np.diag(matrix) > 0, np.diag(matrix), 1.0))
    scaled = matrix * np.outer(scale, scale)
    try:
        inverse = cho_solve(cho_factor(scaled), np.eye(len(scaled)))
    except LinAlgError:
        inverse = np.full_like(scaled, np.inf)
    if not np.linalg.norm(scaled, 1) * np.linalg.norm(inverse, 1) < (np.inf if strength else SINGULAR):
        raise ValueError(
            "precipitation sources, segments and lags cannot be told apart (collinear columns): "
            'set regularisation="gcv", use fewer lags, knots or sources, or give a longer record'
        )
    inverse *= np.outer(scale, scale)
    return Solution(
        coefficients=inverse @ gram[:-1, -1],
        inverse=inverse,
        freedom=float(np.sum(inverse * gram[:-1, :-1])),
        penalty=penalty,
        strength=strength,
    )


def _cross_validated(gram: np.ndarray, unit: np.ndarray, count: int) -> float:
    matrix, target = gram[:-1, :-1], gram[:-1, -1]
    # G v = mu (G + P) v puts every strength on one diagonal: V'(G + nu P)V = mu + nu (1 - mu)
    both = matrix + unit
    scale = 1 / np.sqrt(np.diag(both))
    scaling = np.outer(scale, scale)
    mu, vectors = eigh(matrix * scaling, both * scaling)
    mu = np.clip(mu, 0.0, 1.0)
    projected = vectors.T @ (target * scale)
    diagonal = mu + STRENGTHS[:, None] * (1 - mu)
    solution = projected / diagonal
    left = gram[-1, -1] - 2 * solution @ projected + (solution**2) @ mu
    left = np.maximum(left, np.finfo(float).eps * gram[-1, -1])  # an exact fit leaves rounding
    score = left / (count - (mu / diagonal).sum(1)) ** 2
    return float(STRENGTHS[np.argmin(score)])
