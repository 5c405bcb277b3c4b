"""The heterogeneity of rain that a basin's laws are compared with mixing by."""

import json
import math
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import xarray as xr

from hydronexus.config import Virtual
from hydronexus.fieldscale.mixing import PointRain


def observed(forcing: xr.Dataset, summaries: Iterable[str | Path]) -> PointRain | None:
    """Rain-weighted CV over the wet area and wet fraction of a basin, from its grid or, of virtual basins, as made.

    Parameters
    ----------
    forcing : xarray.Dataset
        Canonical forcing of the basin.
    summaries : iterable of str or Path
        Tables of grids with the basin, of :func:`hydronexus.precipitation.run.describe_grid`.

    Returns
    -------
    PointRain or None
        None where the heterogeneity of its rain is not known.
    """
    if "virtual" in forcing.attrs:
        settings = Virtual(**json.loads(forcing.attrs["virtual"]))
        return PointRain(settings.rain_cv, settings.wet_fraction)
    for path in summaries:
        table = pd.read_csv(path)
        if table.empty:  # every basin of the grid failed
            continue
        own = table[
            (table["basin"] == forcing.attrs["basin"]) & (table["season"] == "all") & (table["intensity"] == "all")
        ]
        values = own.set_index("statistic")["value"].to_dict()
        cv, wet = values.get("conditional_cv", math.nan), values.get("wet_fraction", math.nan)
        if math.isfinite(cv) and wet > 0:
            return PointRain(cv, wet)
    return None
