"""Climate and attributes of a basin, and what a model's advantage goes with over basins."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats
from statsmodels.stats.multitest import multipletests

from hydronexus.config import Period

ATTRIBUTES: dict[str, str] = {
    "aridity": "PET / P [-]",
    "snow_fraction": "share of P below 0 °C [-]",
    "runoff_ratio": "Q / P [-]",
    "flow_variability": "CV of daily flow [-]",
    "area_km2": "catchment area [km²]",
}
MIN_PAIRS = 5  # basins below which no correlation is given


def climate(forcing: xr.Dataset, period: Period) -> dict[str, float]:
    """Indices of climate and attributes over a period.

    Parameters
    ----------
    forcing : xarray.Dataset
        Canonical forcing, dim time, attribute `time_step_days`; `area_km2` where known.
    period : tuple of date
        First and last day, both included.

    Returns
    -------
    dict of float
        `precipitation` and `potential_evapotranspiration` [mm d-1]; `aridity`: their means' ratio PET/P [-] (Budyko
        1974); `snow_fraction`: share of precipitation that falls below 0 degC [-]; `runoff_ratio`: streamflow over
        precipitation on the steps with an observation [-]; `flow_variability`: standard deviation over mean of daily
        streamflow, days observed in full [-]; `area_km2`; `slope_m_per_km`, mean; `rain_day_cv`: CV of
        daily precipitation on days of 1 mm or more [-]. NaN where temperature, observations or attributes are missing.

    References
    ----------
    Addor et al. 2017, doi 10.5194/hess-21-5293-2017 (aridity, snow fraction, runoff ratio); Olden and Poff 2003, doi
    10.1002/rra.700 (variability of daily flow)
    """
    inside = forcing.sel(time=slice(*map(str, period)))
    per_day = 1 / float(forcing.attrs["time_step_days"])
    rain, flow = (inside[name].values.astype(float) for name in ("precipitation", "streamflow"))
    supply, demand = (
        float(inside[name].mean(dtype=float)) for name in ("precipitation", "potential_evapotranspiration")
    )
    observed = np.isfinite(flow)
    snow = math.nan
    if "temperature" in inside:
        snow = _ratio(rain[inside["temperature"].values < 0].sum(), rain.sum())
    daily = pd.Series(flow, inside["time"].to_index()).resample("D").agg(lambda day: day.sum(skipna=False)).dropna()
    return {
        "precipitation": supply * per_day,
        "potential_evapotranspiration": demand * per_day,
        "aridity": _ratio(demand, supply),
        "snow_fraction": snow,
        "runoff_ratio": _ratio(flow[observed].sum(), rain[observed].sum()),
        "flow_variability": _ratio(daily.std(ddof=0), daily.mean()),
        "area_km2": float(forcing.attrs.get("area_km2", math.nan)),
        "slope_m_per_km": float(forcing.attrs.get("slope_m_per_km", math.nan)),
        "rain_day_cv": _rain_day_cv(inside["precipitation"]),
    }


def _rain_day_cv(precipitation: xr.DataArray) -> float:
    """CV of daily precipitation on days of 1 mm or more [-]."""
    daily = pd.Series(precipitation.values.astype(float), precipitation["time"].to_index()).resample("D").sum()
    rainy = daily[daily >= 1.0]
    return _ratio(rainy.std(ddof=0), rainy.mean())


def _ratio(over: float, under: float) -> float:
    return float(over / under) if under > 0 else math.nan


def associations(values: pd.Series, attributes: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of a quantity with every attribute over basins.

    Parameters
    ----------
    values : pandas.Series
        One value per basin.
    attributes : pandas.DataFrame
        One row per basin, one column per attribute; NaN where unknown.

    Returns
    -------
    pandas.DataFrame
        By attribute: `rho` (Spearman), `p` (two-sided), `p_adjusted` (over the attributes given, for their false
        discovery rate) and `n`; NaN for an attribute that is known in fewer than `MIN_PAIRS` basins or constant.

    References
    ----------
    Spearman 1904; Benjamini and Hochberg 1995
    """
    rows = {name: _spearman(values, attributes[name]) for name in attributes}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["rho", "p", "n"])
    table["p_adjusted"] = math.nan
    tested = table["p"].notna()
    if tested.any():
        table.loc[tested, "p_adjusted"] = multipletests(table.loc[tested, "p"], method="fdr_bh")[1]
    return table.astype({"n": int})


def _spearman(values: pd.Series, attribute: pd.Series) -> tuple[float, float, int]:
    pairs = pd.concat([values, attribute], axis=1, join="inner").dropna().to_numpy(float)
    if len(pairs) < MIN_PAIRS or (np.ptp(pairs, axis=0) == 0).any():
        return math.nan, math.nan, len(pairs)
    result = stats.spearmanr(pairs)
    return float(result.statistic), float(result.pvalue), len(pairs)


def advantage(metrics: pd.DataFrame, model: str, rivals: Sequence[str]) -> pd.DataFrame:
    """Test NSE of a model minus that of the best of its rivals, by basin.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns basin, model, period and nse [-].
    model : str
    rivals : sequence of str
        Models of which each basin's best counts; those that were not run are left out.

    Returns
    -------
    pandas.DataFrame
        By basin, lowest first: `difference` [-] and the `rival` it is against; basins without both scores are left out.
    """
    nse = metrics[metrics["period"] == "test"].pivot(index="basin", columns="model", values="nse")
    rivals_nse = nse.reindex(columns=list(rivals)).dropna(how="all")
    table = pd.DataFrame(
        {"difference": nse.reindex(columns=[model])[model] - rivals_nse.max(axis=1), "rival": rivals_nse.idxmax(axis=1)}
    )
    return table.dropna().sort_values("difference")
