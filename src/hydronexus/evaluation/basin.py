"""Evaluation of one basin as plain rows of numbers."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.config import Periods
from hydronexus.evaluation.climate import climate
from hydronexus.evaluation.closure import HORIZONS, closure
from hydronexus.evaluation.intervals import reliability
from hydronexus.evaluation.recovery import recovery
from hydronexus.evaluation.responses import responses
from hydronexus.evaluation.skill import nse, scores_of
from hydronexus.evaluation.uneven_rain import uneven_rain

MODEL_OF_LOOP = {"open": "nexus", "closed": "nexus_closed"}


def evaluate_basin(
    forcing: xr.Dataset,
    simulation: xr.Dataset,
    baselines: xr.Dataset,
    response: xr.Dataset | None,
    periods: Periods,
    warmup_days: float,
    basin: str,
    dataset: str,
) -> dict[str, Any]:
    """Evaluate one basin.

    Parameters
    ----------
    forcing, simulation, baselines, response : xarray.Dataset
        The basin's stores; streamflow in mm per step over the same time. Without `response` there are no `responses`.
    periods : Periods
        Split; each period is scored by itself.
    warmup_days : float
        Days after the start of the record that are never scored [d].
    basin, dataset : str
        Names that stand in every row.

    Returns
    -------
    dict
        `metrics`, `closure`, `responses`, `recovery`, `probes`, `intervals`, `climate`, `uneven_rain`: lists of rows;
        `notes`: what a reader should know of the basin's data; `quarantine`: None. Numbers are plain floats, NaN is
        None, so that it can be written as strict JSON.
    """
    closed = closure(forcing["precipitation"], simulation)
    recovered = recovery(
        _scored(forcing, periods, "test", warmup_days), _scored(simulation, periods, "test", warmup_days)
    )
    evaluation = {
        "metrics": [
            {"basin": basin, "dataset": dataset} | row
            for row in _metrics(forcing, simulation, baselines, closed, periods, warmup_days)
        ],
        "closure": [{"basin": basin} | row for row in closed.to_dict("records")],
        "responses": [{"basin": basin} | row for row in responses(forcing, simulation, response)],
        "recovery": [{"basin": basin} | row for row in recovered.to_dict("records")],
        "probes": [{"basin": basin} | row for row in _probes(simulation, baselines)],
        "intervals": [{"basin": basin} | row for row in _intervals(forcing, simulation, periods, warmup_days)],
        "climate": [{"basin": basin} | climate(forcing, periods.train)],
        "uneven_rain": [{"basin": basin} | row for row in uneven_rain(response, baselines)],
        "notes": _notes(forcing, simulation),
        "quarantine": None,
    }
    return _plain(evaluation)


def _scored(data: xr.Dataset, periods: Periods, period: str, warmup_days: float) -> xr.Dataset:
    """The steps of a period, both days included, that lie after the warm-up."""
    first, last = getattr(periods, period)
    earliest = data["time"].values[0] + np.timedelta64(round(warmup_days * 86400), "s")
    inside = data.sel(time=slice(str(first), str(last)))
    return inside.isel(time=np.flatnonzero(inside["time"].values >= earliest))


def _metrics(
    forcing: xr.Dataset,
    simulation: xr.Dataset,
    baselines: xr.Dataset,
    closed: pd.DataFrame,
    periods: Periods,
    warmup_days: float,
) -> list[dict[str, Any]]:
    flows = {MODEL_OF_LOOP[str(loop)]: simulation["streamflow"].sel(loop=loop) for loop in simulation["loop"].values}
    flows |= {str(name): flow for name, flow in baselines.data_vars.items()}
    worst = closed.groupby(["loop", "horizon_days"])["closure_percent"].max()
    rows = []
    for period in type(periods).model_fields:
        observed = _scored(forcing, periods, period, warmup_days)["streamflow"]
        for model, flow in flows.items():
            members = _scored(flow.to_dataset(name="flow"), periods, period, warmup_days)["flow"]
            ensemble = "seed" in members.dims
            loop = next((loop for loop, name in MODEL_OF_LOOP.items() if name == model), None)
            rows.append(
                {
                    "model": model,
                    "period": period,
                    **scores_of(observed, members.mean("seed") if ensemble else members),
                    "nse_closed_loop": math.nan,
                    "nse_member_median": _median(nse(observed, m) for m in members.transpose("seed", "time"))
                    if ensemble
                    else math.nan,
                    **{f"closure_percent_{d}d": worst[loop, d] if loop else math.nan for d in HORIZONS},
                }
            )
        skill = {row["model"]: row["nse"] for row in rows if row["period"] == period}
        for row in rows:
            if row["period"] == period and row["model"] in MODEL_OF_LOOP.values():
                row["nse_closed_loop"] = skill["nexus_closed"]
    return rows


def _probes(simulation: xr.Dataset, baselines: xr.Dataset) -> list[dict[str, Any]]:
    """What every model did when its forcing was changed."""
    found = json.loads(simulation.attrs["probes"]) | json.loads(baselines.attrs["probes"])
    return [{"model": model} | row for model, rows in found.items() for row in rows]


def _intervals(
    forcing: xr.Dataset, simulation: xr.Dataset, periods: Periods, warmup_days: float
) -> list[dict[str, Any]]:
    """How reliable intervals around the closed loop are in the test years, calibrated in the validation years."""
    pairs = [
        (
            _scored(forcing, periods, period, warmup_days)["streamflow"].values.astype(float),
            _scored(simulation, periods, period, warmup_days)["streamflow"].sel(loop="closed").values.astype(float),
        )
        for period in ("validation", "test")
    ]
    return reliability(*pairs).to_dict("records")


def _notes(forcing: xr.Dataset, simulation: xr.Dataset) -> list[str]:
    notes = list(json.loads(forcing.attrs.get("checks", "[]")))
    if "temperature" not in forcing:
        notes.append("no temperature in the source: run without a snow store")
    elif not simulation.attrs["snow"]:
        notes.append("run without a snow store, as configured")
    if "precipitation_correction" in simulation:
        share = simulation["precipitation_correction"].sel(loop="closed").mean(("seed", "time"))
        percent = 100 * float(share) / float(forcing["precipitation"].mean())
        notes.append(f"the learned correction changes precipitation by {percent:+.0f} % on the mean")
    if "pet_method" in forcing.attrs:
        notes.append(f"potential evapotranspiration: {forcing.attrs['pet_method']}")
    return notes


def _median(values: Any) -> float:
    finite = [float(v) for v in values if math.isfinite(v)]
    return float(np.median(finite)) if finite else math.nan


def _plain(value: Any) -> Any:
    """The same with Python's own types, and None for what is not a finite number."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
