"""What uneven rain does within one basin: at equal depth and season, and as an input of the model."""

import json
import math
from typing import Any

import numpy as np
import xarray as xr

from hydronexus.response.contrast import SERIES

LEARNED = ("effect", "deformation")
COLUMNS = (
    "steps", "cv_even", "cv_uneven",
    *(f"contrast_{series}{side}" for series in SERIES for side in ("", "_error")),
    "deformation_mean_rain",
    *(f"{name}_{control}" for control in ("heterogeneity", "placebo") for name in LEARNED),
)  # fmt: skip


def uneven_rain(response: xr.Dataset | None, baselines: xr.Dataset) -> list[dict[str, Any]]:
    """One row where the heterogeneity of the basin's rain is known by time, else none.

    Parameters
    ----------
    response, baselines : xarray.Dataset
        The basin's stores.

    Returns
    -------
    list of dict
        `COLUMNS`: rainy steps, mean CV of the most even and most uneven thirds at matched depth and season; response
        to uneven less to even rain over ten days [share of rain], observed, simulated and missed, with standard errors;
        deformation of infiltration learned from mean rain, and of what the controls learned the median over members.
        NaN where not measured.
    """
    row = dict.fromkeys(COLUMNS, math.nan)
    known = response is not None and "contrast_volume" in response
    if known:
        row["steps"] = int(response["contrast_steps"])
        row |= {"cv_even": float(response["contrast_cv"][0]), "cv_uneven": float(response["contrast_cv"][-1])}
        for series in SERIES:
            own = response.sel(contrast_series=series)
            row[f"contrast_{series}"] = float(own["contrast_volume"])
            row[f"contrast_{series}_error"] = float(own["contrast_volume_error"])
    for control, learned in json.loads(baselines.attrs.get("heterogeneity", "{}")).items():
        for name in LEARNED:
            row[f"{name}_{control.removeprefix('nexus_')}"] = float(np.median(learned[name]))
        if response is not None and "deformation" in response:
            plain = response["deformation"].sel(process="infiltration")
            row["deformation_mean_rain"] = float(plain.median())
        known = True
    return [row] if known else []
