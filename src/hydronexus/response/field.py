"""Field-scale equations that a learned law is compared with, fitted by least squares."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares


@dataclass(frozen=True)
class FieldEquation:
    """A field-scale equation of two variables.

    Parameters
    ----------
    source : str
        Name or author and year.
    parameters : tuple of (str, str)
        Symbol and units of each parameter.
    function : callable
        From x [mm d-1], y [mm] and parameters to a flux [mm d-1].
    lower, upper : tuple of float
        Bounds of the parameters.
    """

    source: str
    parameters: tuple[tuple[str, str], ...]
    function: Callable[..., np.ndarray]
    lower: tuple[float, ...]
    upper: tuple[float, ...]


def merriam(x: np.ndarray, y: np.ndarray, capacity: float) -> np.ndarray:
    """Interception (S-C)(1-exp(-P/(S-C))) of a canopy of capacity S [mm] that holds C [mm] (Merriam 1960)."""
    room = np.maximum(capacity - y, 1e-6)
    return room * (1 - np.exp(-x / room))


def capacity_excess(x: np.ndarray, y: np.ndarray, capacity: float) -> np.ndarray:
    """Infiltration min(P, f) of a point of steady capacity f [mm d-1] (Horton 1933, long after the start)."""
    return np.minimum(x, capacity)


def linear_stress(x: np.ndarray, y: np.ndarray, onset: float) -> np.ndarray:
    """Evapotranspiration E min(1, S/S*) below a threshold S* [mm] (Feddes et al. 1978, linear limit)."""
    return x * np.minimum(1, y / onset)


def power_drainage(x: np.ndarray, y: np.ndarray, rate: float, exponent: float) -> np.ndarray:
    """Recharge K s^n [mm d-1] with s = S / 100 mm and K at s = 1 (Clapp and Hornberger 1978: n = 2b + 3)."""
    return rate * (np.maximum(y, 0) / 100.0) ** exponent


def linear_reservoir(x: np.ndarray, y: np.ndarray, residence: float) -> np.ndarray:
    """Outflow (G + R)/k of a linear reservoir of residence time k [d] (Maillet 1905)."""
    return (x + y) / residence


EQUATIONS: dict[str, FieldEquation] = {
    "interception": FieldEquation("Merriam 1960", (("S", "mm"),), merriam, (0.1,), (10.0,)),
    "infiltration": FieldEquation("Horton 1933", (("f", "mm/d"),), capacity_excess, (0.1,), (1000.0,)),
    "evapotranspiration": FieldEquation("Feddes 1978", (("S*", "mm"),), linear_stress, (1.0,), (2000.0,)),
    "recharge": FieldEquation(
        "Clapp-Hornberger 1978", (("K", "mm/d"), ("n", "")), power_drainage, (1e-6, 0.2), (100.0, 20.0)
    ),
    "baseflow": FieldEquation("linear reservoir", (("k", "d"),), linear_reservoir, (5.0,), (1000.0,)),
}


def describe(equation: FieldEquation, values: np.ndarray) -> str:
    """The equation's source and its parameters with units."""
    named = zip(equation.parameters, values, strict=True)
    return f"{equation.source}: " + ", ".join(f"{name} = {value:.3g} {units}".strip() for (name, units), value in named)


def fit(equation: FieldEquation, x: np.ndarray, y: np.ndarray, flux: np.ndarray) -> tuple[np.ndarray, float]:
    """Least-squares parameters of a field-scale equation.

    Parameters
    ----------
    x, y, flux : numpy.ndarray
        Points of a learned law [mm d-1, mm, mm d-1], one-dimensional.

    Returns
    -------
    parameters : numpy.ndarray
    rmse : float
        [mm d-1]
    """
    lower, upper = np.log(equation.lower), np.log(equation.upper)

    def misfit(logs: np.ndarray) -> np.ndarray:
        return equation.function(x, y, *np.exp(logs)) - flux

    # A capacity above all intensities has no gradient, so several starts are tried.
    starts = [lower + share * (upper - lower) for share in (0.2, 0.4, 0.6, 0.8)]
    best = min((least_squares(misfit, start, bounds=(lower, upper)) for start in starts), key=lambda s: s.cost)
    return np.exp(best.x), float(np.sqrt(2 * best.cost / len(x)))
