"""Calibration of a conceptual model on the training period."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import differential_evolution

from hydronexus.config import Periods
from hydronexus.training.data import in_period

Bounds = Mapping[str, tuple[float, float, bool]]
"""Lower and upper bound of every parameter, and whether it is searched in logarithms."""


def search(
    simulate: Callable[[dict[str, float]], np.ndarray],
    bounds: Bounds,
    forcing: xr.Dataset,
    periods: Periods,
    warmup: int,
    options: Mapping[str, Any],
) -> tuple[dict[str, float], dict[str, str]]:
    """Parameters of the best NSE of the training period, by differential evolution.

    Parameters
    ----------
    simulate : callable
        Streamflow [mm per step], shape (time,), over the steps of `forcing` or its first ones up to the end of the
        training period, from parameters by name.
    bounds : mapping
        Parameters to search.
    forcing : xarray.Dataset
        Canonical forcing with the observed streamflow.
    warmup : int
        Steps at the start of the record that are not scored.
    options : mapping
        Of :func:`scipy.optimize.differential_evolution`.

    Returns
    -------
    best : dict of float
    facts : dict
        `parameters` and `calibration` (JSON).

    References
    ----------
    Storn and Price 1997, doi 10.1023/A:1008202821328
    """
    observed = forcing["streamflow"].values.astype(float)
    scored = np.flatnonzero(in_period(forcing, periods.train) & np.isfinite(observed))
    scored = scored[scored >= warmup]
    target = observed[scored]
    variance = target.var()

    def parameters(vector: np.ndarray) -> dict[str, float]:
        return {n: float(np.exp(v) if bounds[n][2] else v) for n, v in zip(bounds, vector, strict=True)}

    def misfit(vector: np.ndarray) -> float:
        error = simulate(parameters(vector))[scored] - target
        return float(np.mean(error**2) / variance)

    limits = [tuple(np.log(bound[:2])) if bound[2] else bound[:2] for bound in bounds.values()]
    found = differential_evolution(misfit, limits, tol=1e-4, rng=np.random.default_rng(0), **options)
    best = parameters(found.x)
    quality = {"nse_train": 1 - found.fun, "evaluations": int(found.nfev)}
    return best, {"parameters": json.dumps(best), "calibration": json.dumps(quality)}
