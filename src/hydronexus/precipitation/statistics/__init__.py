"""Statistics of rain over a basin at every time step; the registry `FAMILIES` lists them all.

Conventions that all of them share. Rain r_i is in mm per step in cell i, whose weight w_i is its share of the basin's
area. Cells whose rain is missing are left out and the other weights made to sum to 1 again; ``valid_fraction`` says how
much of the basin was left. A cell is wet where its rain reaches the wet threshold. A step is dry where no cell is wet:
heterogeneity is NaN there, while mean, wet fraction, maximum and quantiles keep their values. CV and all that is akin
to it depend on the size of cells and on the threshold.

A new statistic is one function and one line in `FAMILIES`. The function takes rain of shape (time, cell), `Cells`, and
the wet threshold [mm per step], and returns shape (time,), or (output, time) where one pass gives several.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.statistics.distribution import moments, order
from hydronexus.precipitation.statistics.location import gaps, spatial_moments
from hydronexus.precipitation.statistics.motion import motion
from hydronexus.precipitation.statistics.structure import moment_scaling, morans_i, variogram_range


@dataclass(frozen=True)
class Output:
    """One statistic: its name, CF units, long name and reference."""

    name: str
    units: str
    long_name: str
    reference: str = ""


@dataclass(frozen=True)
class Family:
    """Statistics that one function computes together.

    Parameters
    ----------
    function : callable
        Rain (time, cell) [mm per step], cells, wet threshold [mm per step] to shape (time,) or (output, time).
    outputs : tuple of Output
    cost : {"cheap", "full"}
        Cheap ones run near the speed at which a grid is read.
    needs_distance : bool
        Whether cells must have flow distances; without them all values are NaN.
    looks_back : bool
        Whether a step's value depends on the step before.
    """

    function: Callable[[np.ndarray, Cells, float], np.ndarray]
    outputs: tuple[Output, ...]
    cost: Literal["cheap", "full"]
    needs_distance: bool = False
    looks_back: bool = False


EMMANUEL = "Emmanuel et al. 2015, doi 10.1016/j.jhydrol.2015.04.058"
OVER = "Over and Gupta 1994, doi 10.1175/1520-0450(1994)033<1526:SAOMRD>2.0.CO;2"
PADFIELD = "Padfield 2012, doi 10.1109/TIP.2011.2181402"
THEIL = "Theil 1967, Economics and Information Theory, North-Holland"
ZOCCATELLI = "Zoccatelli et al. 2011, doi 10.5194/hess-15-3767-2011"

FAMILIES: tuple[Family, ...] = (
    Family(
        moments,
        (
            Output("valid_fraction", "1", "share of the basin's area with a value"),
            Output("mean", "mm", "areal mean precipitation per time step"),
            Output("cv", "1", "spatial coefficient of variation of precipitation"),
            Output("conditional_cv", "1", "spatial coefficient of variation of precipitation among wet cells"),
            Output("wet_fraction", "1", "wet share of the basin's area"),
            Output("maximum", "mm", "largest precipitation of a cell per time step"),
            Output("areal_reduction", "1", "areal mean precipitation over its largest cell value"),
            Output("theil", "1", "Theil index of precipitation over area", THEIL),
        ),
        "cheap",
    ),
    Family(
        order,
        (
            Output("gini", "1", "Gini index of precipitation over area", "Gini 1912, Variabilita e mutabilita"),
            Output("quantile_10", "mm", "precipitation exceeded on 90 % of the area per time step"),
            Output("quantile_50", "mm", "precipitation exceeded on 50 % of the area per time step"),
            Output("quantile_90", "mm", "precipitation exceeded on 10 % of the area per time step"),
        ),
        "cheap",
    ),
    Family(
        spatial_moments,
        (
            Output("delta1", "1", "mean flow distance of precipitation over that of the area", ZOCCATELLI),
            Output("delta2", "1", "variance of the flow distance of precipitation over that of the area", ZOCCATELLI),
            Output("rain_distance", "km", "mean flow distance of precipitation to the outlet", ZOCCATELLI),
        ),
        "cheap",
        needs_distance=True,
    ),
    Family(
        gaps,
        (
            Output("vertical_gap", "1", "largest gap between width functions of precipitation and of area", EMMANUEL),
            Output("horizontal_gap", "1", "gap between median flow distances over the longest one", EMMANUEL),
            Output("wasserstein", "km", "Wasserstein-1 distance between flow distances of precipitation and of area"),
        ),
        "full",
        needs_distance=True,
    ),
    Family(
        morans_i,
        (Output("morans_i", "1", "Moran's I of precipitation in adjacent cells", "Moran 1950, doi 10.2307/2332142"),),
        "full",
    ),
    Family(
        variogram_range,
        (
            Output(
                "variogram_range",
                "km",
                "practical range of the exponential variogram of precipitation",
                "Marcotte 1996, doi 10.1016/S0098-3004(96)00026-X",
            ),
        ),
        "full",
    ),
    Family(
        moment_scaling,
        (
            Output("scaling_2", "1", "scaling exponent K(2) of second moments of precipitation in boxes", OVER),
            Output("scaling_3", "1", "scaling exponent K(3) of third moments of precipitation in boxes", OVER),
        ),
        "full",
    ),
    Family(
        motion,
        (
            Output("motion_x", "km", "eastward motion of precipitation per time step", PADFIELD),
            Output("motion_y", "km", "northward motion of precipitation per time step", PADFIELD),
        ),
        "full",
        looks_back=True,
    ),
)

OUTPUTS: dict[str, Output] = {output.name: output for family in FAMILIES for output in family.outputs}


def chosen(cost: Literal["cheap", "full"], distance: bool) -> tuple[Family, ...]:
    """Families to compute.

    Parameters
    ----------
    cost : {"cheap", "full"}
        ``full`` includes the cheap ones.
    distance : bool
        Whether cells have flow distances; families that need them are left out otherwise.
    """
    return tuple(
        family
        for family in FAMILIES
        if (cost == "full" or family.cost == "cheap") and (distance or not family.needs_distance)
    )
