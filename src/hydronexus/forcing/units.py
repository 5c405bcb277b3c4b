"""Conversion of any common unit to the canonical ones: mm per step, degC, W m-2, Pa, %."""

from __future__ import annotations

import re
from functools import cache

import lazy_loader
import numpy as np

pint = lazy_loader.load("pint")

SPELLINGS = {
    "cfs": "foot**3/second",
    "cusec": "foot**3/second",
    "cms": "m**3/second",
    "cumec": "m**3/second",
    "cumecs": "m**3/second",
    "mm/step": "mm",
    "mm/timestep": "mm",
    "mm/time step": "mm",
    "mm per time step": "mm",
    "c": "degC",
    "degc": "degC",
    "deg c": "degC",
    "celsius": "degC",
    "degree celsius": "degC",
    "degree_celsius": "degC",
    "degrees celsius": "degC",
    "degrees_celsius": "degC",
    "k": "kelvin",
    "f": "degF",
    "deg f": "degF",
    "fahrenheit": "degF",
    "percent": "percent",
}
DAY = 86400.0


@cache
def _registry() -> pint.UnitRegistry:
    return pint.UnitRegistry()


def parse(text: str) -> pint.Unit:
    """Unit from text as people and CF files write it.

    Raises
    ------
    ValueError
        If the text is no unit.

    Examples
    --------
    >>> str(parse("kg m-2 s-1"))
    'kilogram / meter ** 2 / second'
    """
    spelled = SPELLINGS.get(text.strip().lower(), text.strip())
    # CF writes powers behind the symbol (m-2, s-1, m3) and sometimes a dot between factors.
    spelled = re.sub(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z])", " ", spelled)
    spelled = re.sub(r"([A-Za-z])\^?([+-]?\d+)", r"\1**\2", spelled)
    try:
        unit = _registry().parse_units(spelled)
    except Exception as error:  # pint raises whatever its parser stumbles over
        raise ValueError(f"unknown units {text!r} ({error})") from None
    if unit.dimensionless and unit != _registry().percent:
        raise ValueError(f"units {text!r} say nothing")
    return unit


def convert(values: np.ndarray, units: str, target: str, step_days: float, area_km2: float | None = None) -> np.ndarray:
    """Convert values to canonical units.

    Parameters
    ----------
    values : ndarray
        Any shape.
    units : str
        Units of the values. For ``mm`` also rates (``mm/d``), mass per area, and volume or volume flow
        (``m3/s``, ``cfs``); for ``W m-2`` also energy per step and area (``J m-2``).
    target : str
        ``mm`` (per time step), ``degC``, ``W m-2``, ``Pa`` or ``%``.
    step_days : float
        Time step [d].
    area_km2 : float, optional
        Catchment area [km2], needed for volumes.

    Returns
    -------
    ndarray
        float64, same shape.

    Raises
    ------
    ValueError
        If the units are unknown, do not fit the target, or need an area that is not known.

    Examples
    --------
    >>> float(convert(np.array(1.0), "m3/s", "mm", 1.0, area_km2=86.4))
    1.0
    """
    quantity = _registry().Quantity(np.asarray(values, dtype=float), parse(units))
    dimensions = {name.strip("[]"): power for name, power in quantity.dimensionality.items()}
    try:
        if target == "mm":
            return _depth(quantity, dimensions, step_days, area_km2)
        if target == "W m-2" and dimensions == {"mass": 1, "time": -2}:
            return quantity.to("J/m**2").magnitude / (step_days * DAY)
        return quantity.to(parse(target)).magnitude
    except pint.DimensionalityError:
        raise ValueError(f"units {units!r} cannot become {target}") from None


def _depth(quantity: pint.Quantity, dimensions: dict[str, int], step_days: float, area_km2: float | None) -> np.ndarray:
    """Water depth in mm per step from a depth, a mass per area or a volume, or a rate of one."""
    rate = dimensions.pop("time", 0)
    seconds = step_days * DAY if rate == -1 else 1.0
    per = "/second" if rate == -1 else ""
    if dimensions == {"mass": 1, "length": -2}:
        return quantity.to(f"kg/m**2{per}").magnitude * seconds  # 1 kg m-2 of water is 1 mm
    if dimensions == {"length": 3}:
        if not area_km2 or not np.isfinite(area_km2):
            raise ValueError("a volume needs the catchment's area, which is not known")
        return quantity.to(f"m**3{per}").magnitude * seconds / (area_km2 * 1e3)
    return quantity.to(f"mm{per}").magnitude * seconds
