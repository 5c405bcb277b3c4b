"""Mass closure of every store, from the ledger a simulation declares."""

import json

import numpy as np
import pandas as pd
import xarray as xr

HORIZONS = (1, 30, 365)  # days


def closure(precipitation: xr.DataArray, simulation: xr.Dataset) -> pd.DataFrame:
    """Closure error of every store, loop and horizon.

    The error of a window is \\|change of the store - sum of (inflows - outflows)\\|. It is averaged over
    non-overlapping windows and given as a percentage of the mean precipitation over as many days; the worst
    ensemble member counts, because errors of opposite sign would cancel in the ensemble mean.

    Parameters
    ----------
    precipitation : xarray.DataArray
        [mm per step], dim time.
    simulation : xarray.Dataset
        Stores [mm] and fluxes [mm per step] with dims seed, loop, time; attributes `ledger` (JSON, store to
        its inflows and outflows) and `time_step_days`.

    Returns
    -------
    pandas.DataFrame
        Columns loop, store, horizon_days, closure_percent [%]; NaN where the record is shorter than the
        horizon.
    """
    step = simulation.attrs["time_step_days"]
    rain = float(precipitation.mean())
    rows = []
    for store, sides in json.loads(simulation.attrs["ledger"]).items():
        balance = _sum(simulation, sides["inflows"]) - _sum(simulation, sides["outflows"])
        content = simulation[store].transpose("seed", "loop", "time").values.astype(float)
        error = np.diff(content, axis=-1) - balance[..., 1:]
        for days in HORIZONS:
            length = max(1, round(days / step))
            windows = error.shape[-1] // length
            summed = error[..., : windows * length].reshape(*error.shape[:-1], windows, length).sum(-1)
            percent = 100 * np.abs(summed).mean(-1).max(0) / (rain * length) if windows else np.full(2, np.nan)
            for loop, value in zip(simulation["loop"].values, percent, strict=True):
                rows.append((str(loop), store, days, float(value)))
    return pd.DataFrame(rows, columns=["loop", "store", "horizon_days", "closure_percent"])


def _sum(simulation: xr.Dataset, fluxes: list[str]) -> np.ndarray:
    return sum(simulation[flux].transpose("seed", "loop", "time").values.astype(float) for flux in fluxes)
