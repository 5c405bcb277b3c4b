"""Field-scale equations that a learned law of each process is compared with."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hydronexus.fieldscale.evapotranspiration import feddes
from hydronexus.fieldscale.infiltration import curve_number_runoff, variable_capacity_runoff
from hydronexus.fieldscale.routing import unit_hydrograph


@dataclass(frozen=True)
class FieldEquation:
    """A field-scale equation of what drives a process and of the store it acts on.

    Parameters
    ----------
    source : str
        Name or author and year.
    parameters : tuple of (str, str)
        Symbol and units of each parameter.
    function : callable
        From x [mm d-1], y [mm] and parameters to a flux [mm d-1]; of routing from lag x [d] and time step y [d] to the
        share of a pulse [-].
    lower, upper : tuple of float
        Bounds of the parameters, above zero.
    """

    source: str
    parameters: tuple[tuple[str, str], ...]
    function: Callable[..., np.ndarray]
    lower: tuple[float, ...]
    upper: tuple[float, ...]


def _merriam(x, y, capacity):
    room = np.maximum(capacity - y, 1e-6)
    return -room * np.expm1(-x / room)


def _rutter(x, y, capacity, caught):
    return np.minimum(np.minimum(caught, 1) * x, np.maximum(capacity - y, 0))


def _horton_steady(x, y, capacity):
    return np.minimum(x, capacity)


def _horton(x, y, final, more, decay):
    return np.minimum(x, final + more * np.exp(-decay * y))


def _green_ampt(x, y, conductivity, suction_deficit):
    return np.minimum(x, conductivity * (1 + suction_deficit / np.maximum(y, 1e-3)))


def _curve_number(x, y, retention):
    return x - curve_number_runoff(x, retention)


def _variable_capacity(x, y, mean_capacity, shape):
    return x - variable_capacity_runoff(x, y, mean_capacity, shape)


def _feddes_without_wilting(x, y, onset):
    return feddes(x, y, 0.0, onset)


def _feddes(x, y, wilting, more):
    return feddes(x, y, wilting, wilting + more)


def _power(x, y, rate, exponent):
    return rate * (np.maximum(y, 0) / 100.0) ** exponent


def _brooks_corey(x, y, rate, exponent, residual):
    return rate * (np.maximum(y - residual, 0) / 100.0) ** exponent


def _reservoir(x, y, residence):
    return (x + y) / residence


def _power_reservoir(x, y, rate, exponent):
    return rate * (np.maximum(x + y, 0) / 100.0) ** exponent


def _one_reservoir(x, y, residence):
    return unit_hydrograph(x, y, 1.0, residence)


def _lag_and_route(x, y, lag, residence):
    return unit_hydrograph(x, y, 1.0, residence, lag)


EQUATIONS: dict[str, tuple[FieldEquation, ...]] = {
    "interception": (
        FieldEquation("Merriam 1960", (("S", "mm"),), _merriam, (0.1,), (10.0,)),
        FieldEquation("Rutter 1971", (("S", "mm"), ("1-p", "")), _rutter, (0.1, 0.1), (10.0, 1.0)),
    ),
    "infiltration": (
        FieldEquation("Horton 1933, steady", (("fc", "mm/d"),), _horton_steady, (0.1,), (1000.0,)),
        FieldEquation(
            "Horton 1933", (("fc", "mm/d"), ("f0-fc", "mm/d"), ("k", "1/mm")), _horton,
            (0.1, 0.1, 1e-4), (1e3, 1e4, 1.0),
        ),
        FieldEquation(
            "Green-Ampt 1911", (("K", "mm/d"), ("M", "mm")), _green_ampt, (0.1, 0.1), (1000.0, 1e4)
        ),
        FieldEquation("SCS 1972", (("S", "mm/d"),), _curve_number, (1.0,), (2000.0,)),
        FieldEquation(
            "Xinanjiang 1980", (("Wm", "mm"), ("b", "")), _variable_capacity, (10.0, 0.01), (2000.0, 5.0)
        ),
    ),
    "evapotranspiration": (
        FieldEquation("Feddes 1978, linear", (("S*", "mm"),), _feddes_without_wilting, (1.0,), (2000.0,)),
        FieldEquation("Feddes 1978", (("Sw", "mm"), ("S*-Sw", "mm")), _feddes, (0.1, 1.0), (500.0, 2000.0)),
    ),
    "recharge": (
        FieldEquation("Clapp-Hornberger 1978", (("K", "mm/d"), ("2b+3", "")), _power, (1e-6, 0.2), (100.0, 26.0)),
        FieldEquation(
            "Brooks-Corey 1964", (("K", "mm/d"), ("3+2/lam", ""), ("Sr", "mm")), _brooks_corey,
            (1e-6, 0.2, 0.1), (100.0, 26.0, 500.0),
        ),
    ),
    "baseflow": (
        FieldEquation("linear reservoir", (("k", "d"),), _reservoir, (5.0,), (1000.0,)),
        FieldEquation(
            "Brutsaert-Nieber 1977", (("c", "mm/d"), ("b", "")), _power_reservoir, (1e-6, 0.3), (100.0, 10.0)
        ),
    ),
    "routing": (
        FieldEquation("linear reservoir", (("k", "d"),), _one_reservoir, (0.05,), (30.0,)),
        FieldEquation("Nash 1957", (("n", ""), ("k", "d")), unit_hydrograph, (1.0, 0.05), (6.0, 30.0)),
        FieldEquation("lag and route", (("lag", "d"), ("k", "d")), _lag_and_route, (0.01, 0.05), (10.0, 30.0)),
    ),
}  # fmt: skip

RAIN_DRIVEN = ("interception", "infiltration")
"""Processes whose x is water that falls; heterogeneity of rain reaches the others through stores alone."""
