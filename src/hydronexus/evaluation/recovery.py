"""Recovery of the known fluxes and stores of a virtual basin."""

import math

import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.evaluation.skill import nse

TRUE = "true_"


def recovery(forcing: xr.Dataset, simulation: xr.Dataset) -> pd.DataFrame:
    """Compare every simulated flux and store whose truth is known with it.

    Parameters
    ----------
    forcing : xarray.Dataset
        With the truth as `true_<flux or store>` [mm per step, mm], dim time.
    simulation : xarray.Dataset
        Dims seed, loop, time, over the same time as `forcing`; its ensemble mean is compared.

    Returns
    -------
    pandas.DataFrame
        Columns variable, loop, total_error_percent (error of the sum of a flux or the mean of a store [%]),
        correlation [-] and nse [-]; no rows where nothing is known.
    """
    rows = []
    for name in (name for name in simulation.data_vars if f"{TRUE}{name}" in forcing):
        truth = forcing[f"{TRUE}{name}"].astype(float)
        for loop in simulation["loop"].values:
            mean = simulation[name].sel(loop=loop).astype(float).mean("seed")
            total = float(truth.sum())
            error = 100 * (float(mean.sum()) / total - 1) if total else math.nan
            rows.append((name, str(loop), error, _correlation(truth.values, mean.values), nse(truth, mean)))
    return pd.DataFrame(rows, columns=["variable", "loop", "total_error_percent", "correlation", "nse"])


def _correlation(truth: np.ndarray, simulated: np.ndarray) -> float:
    both = np.isfinite(truth) & np.isfinite(simulated)
    truth, simulated = truth[both], simulated[both]
    if len(truth) < 2 or np.ptp(truth) == 0 or np.ptp(simulated) == 0:
        return math.nan
    return float(np.corrcoef(truth, simulated)[0, 1])
