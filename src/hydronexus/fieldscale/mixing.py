"""A field equation averaged over point rain of known heterogeneity: what mixing alone makes of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import optimize, special
from scipy.stats import norm

from hydronexus.fieldscale.candidates import FieldEquation

NODES = 96


@dataclass(frozen=True)
class PointRain:
    """Distribution of rain over places, relative to its areal mean.

    Parameters
    ----------
    cv : float
        Coefficient of variation over the wetted area [-].
    wet_fraction : float
        Wetted share of the area [-].
    kind : {"gamma", "lognormal"}
    """

    cv: float
    wet_fraction: float = 1.0
    kind: Literal["gamma", "lognormal"] = "gamma"

    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Rain over the areal mean in parts of the wetted area, and each part's share of the whole area."""
        multiplier, share = _strata(self.cv, self.kind)
        return multiplier / self.wet_fraction, share * self.wet_fraction


@lru_cache(maxsize=64)
def _strata(cv: float, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Means and probabilities of strata; so what is linear within one is averaged exactly, kinks all but."""
    if cv == 0:
        return np.ones(1), np.ones(1)
    # Edges half by area and half by volume: a heavy tail holds much rain on little area.
    even = np.linspace(0, 1, NODES // 2 + 1)[1:-1]
    if kind == "gamma":
        shape = cv**-2
        edges = np.concatenate([special.gammaincinv(shape, even), special.gammaincinv(shape + 1, even)])
        edges = np.unique(np.concatenate([[0.0], edges, [np.inf]]))
        area, volume = special.gammainc(shape, edges), special.gammainc(shape + 1, edges)
    else:
        spread = np.sqrt(np.log1p(cv**2))
        edges = np.sort(np.concatenate([[-np.inf], norm.ppf(even), norm.ppf(even) + spread, [np.inf]]))
        area, volume = norm.cdf(edges), norm.cdf(edges - spread)
    area, volume = np.diff(area), np.diff(volume)
    there = area > 1e-14
    return volume[there] / area[there], area[there]


def averaged(function: Callable[..., np.ndarray], rain: PointRain, canopy: float = 0.0) -> Callable[..., np.ndarray]:
    """A function of (x, y, parameters) as its mean over places where x is unlike and y alike.

    Parameters
    ----------
    function : callable
        Vectorised; no flux without rain.
    rain : PointRain
    canopy : float
        What a canopy keeps of the rain at every place before it becomes x [mm d-1]; x is then more unlike than rain,
        and its mean stays what is asked for (oracle O1 with a canopy deficit).
    """
    multiplier, share = rain.nodes()
    areal = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 1000)])
    through = np.maximum(areal[:, None] * multiplier - canopy, 0)
    first = np.flatnonzero(through @ share > 0)[0] - 1

    def mean(x: np.ndarray, y: np.ndarray, *parameters: float) -> np.ndarray:
        depth = np.interp(x, (through @ share)[first:], areal[first:])
        at = np.maximum(depth[..., None] * multiplier - canopy, 0)
        return function(at, np.asarray(y, float)[..., None], *parameters) @ share

    return mean


def canopy_deficit(precipitation: np.ndarray, kept: np.ndarray, rain: PointRain) -> float:
    """Room of the canopy at every place when rain begins, from what it keeps in the mean of rainy days.

    The depth c for which the mean of min(point rain, c) over places and days is the mean kept.

    Parameters
    ----------
    precipitation, kept : numpy.ndarray
        Areal rain and interception of rainy days, shape (time,) [mm d-1].
    rain : PointRain

    Returns
    -------
    float
        [mm d-1]; 0 where nothing is kept or no day is given.
    """
    if not len(precipitation) or kept.mean() <= 0:
        return 0.0
    multiplier, share = rain.nodes()
    point = precipitation[:, None] * multiplier

    def more(depth: float) -> float:
        return (np.minimum(point, depth) @ share).mean() - kept.mean()

    most = point.max()
    return float(optimize.brentq(more, 0.0, most)) if more(most) > 0 else float(most)


def mixed(equation: FieldEquation, rain: PointRain, canopy: float = 0.0) -> FieldEquation:
    """The equation under unlike rain, with the same free parameters; see :func:`averaged`."""
    return replace(equation, source=f"{equation.source}, mixed", function=averaged(equation.function, rain, canopy))
