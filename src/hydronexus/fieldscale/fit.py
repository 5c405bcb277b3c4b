"""Field-scale equations fitted to a learned law, and which of them describes it best."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from hydronexus.fieldscale.candidates import FieldEquation

STARTS = (0.2, 0.4, 0.6, 0.8)  # between the logarithms of the bounds
FOLDS = 4
STRIP = 4  # neighbouring intensities of one fold


@dataclass(frozen=True)
class Law:
    """A learned law at points where the basin has been.

    Parameters
    ----------
    x, y : numpy.ndarray
        What drives it [mm d-1] and its store [mm], shape (point,).
    flux : numpy.ndarray
        Shape (point,) [mm d-1].
    column : numpy.ndarray of int
        Place of each point along x, for folds.
    weight : numpy.ndarray
        Such as how often the basin was at each point; errors are means over it.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    column: np.ndarray
    weight: np.ndarray

    def of(self, chosen: np.ndarray) -> "Law":
        """Some of the points."""
        return Law(self.x[chosen], self.y[chosen], self.flux[chosen], self.column[chosen], self.weight[chosen])

    def rms(self, error: np.ndarray) -> float:
        """Root of the weighted mean of squares."""
        return float(np.sqrt(np.average(error**2, weights=self.weight)))


@dataclass(frozen=True)
class Fit:
    """A fitted equation.

    Parameters
    ----------
    equation : FieldEquation
    values : numpy.ndarray
        Parameters.
    rmse, cross_validated : float
        Of all points, and of points left out of the fit [mm d-1].
    aicc : float
        Akaike's corrected criterion [-]; less is better. Neighbouring errors are alike, so that points count by the
        correlation of errors along x.
    """

    equation: FieldEquation
    values: np.ndarray
    rmse: float
    cross_validated: float
    aicc: float

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Flux of the fitted equation."""
        return self.equation.function(x, y, *self.values)

    def __str__(self) -> str:
        named = zip(self.equation.parameters, self.values, strict=True)
        said = ", ".join(f"{name} = {value:.3g} {units}".strip() for (name, units), value in named)
        return f"{self.equation.source}: {said}"


def fit(equation: FieldEquation, law: Law) -> Fit:
    """Least-squares parameters of an equation, within its bounds.

    Parameters
    ----------
    equation : FieldEquation
    law : Law

    Returns
    -------
    Fit
    """
    lower, upper = np.log(equation.lower), np.log(equation.upper)
    # A capacity above all intensities has no gradient, so several starts are tried.
    values = _solve(equation, law, [lower + share * (upper - lower) for share in STARTS])
    error = equation.function(law.x, law.y, *np.exp(values)) - law.flux
    fold = law.column // STRIP % FOLDS
    left_out = np.full(len(law.x), np.nan)
    for one in np.unique(fold):
        out = fold == one
        known = law.of(~out) if (~out).any() else law
        own = _solve(equation, known, [values])
        left_out[out] = equation.function(law.x[out], law.y[out], *np.exp(own)) - law.flux[out]
    return Fit(
        equation,
        np.exp(values),
        law.rms(error),
        law.rms(left_out),
        _aicc(error, law, len(values)),
    )


def best(equations: Sequence[FieldEquation], law: Law) -> Fit:
    """The equation with the least cross-validated error, of several."""
    return min((fit(equation, law) for equation in equations), key=lambda found: found.cross_validated)


def _solve(equation: FieldEquation, law: Law, starts: list[np.ndarray]) -> np.ndarray:
    bounds = np.log(equation.lower), np.log(equation.upper)
    root = np.sqrt(law.weight / law.weight.mean())

    def misfit(logarithms: np.ndarray) -> np.ndarray:
        return root * (equation.function(law.x, law.y, *np.exp(logarithms)) - law.flux)

    inside = [np.clip(start, bounds[0] + 1e-9, bounds[1] - 1e-9) for start in starts]
    return min((least_squares(misfit, start, bounds=bounds) for start in inside), key=lambda found: found.cost).x


def _aicc(error: np.ndarray, law: Law, parameters: int) -> float:
    alike = np.corrcoef(error[:-1], error[1:])[0, 1] if len(error) > 2 and np.ptp(error) > 0 else 0.0
    count = max(len(error) * (1 - max(alike, 0)) / (1 + max(alike, 0)), parameters + 3.0)
    free = parameters + 1  # and the variance
    return float(
        count * np.log(max(law.rms(error) ** 2, 1e-30)) + 2 * free + 2 * free * (free + 1) / max(count - free - 1, 1.0)
    )
