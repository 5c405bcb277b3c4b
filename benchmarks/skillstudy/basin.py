"""One basin of the skill study: all models trained and judged on it."""

import json
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from hydronexus.baselines.run import run_baselines
from hydronexus.config import Study, load_study
from hydronexus.errors import BasinError
from hydronexus.evaluation.basin import evaluate_basin
from hydronexus.evaluation.probes import probe
from hydronexus.evaluation.skill import nse
from hydronexus.forcing.ingest import ingest
from hydronexus.training.simulate import restore, runner, simulate
from hydronexus.training.train import Task, train

PERIODS = {
    "train": ["1999-10-01", "2008-09-30"],
    "validation": ["1980-10-01", "1989-09-30"],
    "test": ["1989-10-01", "1999-09-30"],
}
VARIABLES = {
    "precipitation": "prcp",
    "temperature_min": "tmin",
    "temperature_max": "tmax",
    "shortwave_radiation": "srad",
    "vapour_pressure": "vp",
    "streamflow": "q",
}
VIRTUAL = {
    "rain": {"rain_cv": 1.0, "rain_noise": 0.2, "flow_noise": 0.1},
    "snow": {"rain_cv": 1.0, "rain_noise": 0.2, "flow_noise": 0.1, "snow": True},
}
"""Catchments of known truth that variants are compared on."""
VIRTUAL_PERIODS = {
    "train": ["2001-01-01", "2004-12-31"],
    "validation": ["2005-01-01", "2007-12-31"],
    "test": ["2008-01-01", "2011-12-31"],
}
SCANS = (1, 2, 3)  # of the open loop


def study_of(data: str, seeds: int, changes: Mapping[str, Any]) -> Study:
    """The study of a netCDF of basins on the standard split (`us`) and of virtual catchments, with changed settings."""
    datasets = {
        "us": {"format": "netcdf", "path": data, "basins": "all", "variables": VARIABLES, "periods": PERIODS},
    } | {
        name: {"format": "virtual", "basins": ["1"], "virtual": virtual, "periods": VIRTUAL_PERIODS}
        for name, virtual in VIRTUAL.items()
    }
    settings = {name: dict(changes.get(name, {})) for name in ("model", "training")}
    settings["training"] |= {"seeds": seeds, "device": "cpu"}
    return load_study({"study": "skill", "datasets": datasets} | settings)


def measure(data: str, basin: str, seeds: int) -> dict[str, Any]:
    """Train and judge all models on one basin; what its evaluation says, the gap by number of scans, and CPU seconds.

    A basin that is refused gives `{"left_out": reason}`.
    """
    torch.set_num_threads(1)
    begin = time.process_time()
    study = study_of(data, seeds, {})
    try:
        forcing = ingest(study, f"us_{basin}")
        periods = study.periods_of("us")
        trained = (train(task_of(forcing, study), study.model, study.training, quietly).weights, forcing, periods)
    except BasinError as error:
        return {"left_out": str(error)}
    trained = (*trained, study.model, study.training)
    simulation = simulate(*trained)
    after_nexus = time.process_time()
    probes = {"nexus_closed": probe(runner(*trained), forcing).to_dict("records")}
    baselines = run_baselines(study, forcing, basin)
    simulation = simulation.assign_attrs(probes=json.dumps(probes))
    evaluation = evaluate_basin(forcing, simulation, baselines, None, periods, study.training.warmup, basin, "us")
    return evaluation | {
        "gap": gaps(*trained),
        "cpu_s": {"nexus": after_nexus - begin, "all": time.process_time() - begin},
    }


def vary(data: str, basin: str, seeds: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Train the nexus model with changed settings on a basin, or on one of `VIRTUAL`.

    NSE by period and loop, worst closure, recovery where the truth is known, CPU seconds.
    """
    torch.set_num_threads(1)
    begin = time.process_time()
    study = study_of(data, seeds, changes)
    forcing = ingest(study, f"{basin}_1" if basin in VIRTUAL else f"us_{basin}")
    return judge(forcing, study) | {"cpu_s": time.process_time() - begin}


def judge(forcing: xr.Dataset, study: Study) -> dict[str, Any]:
    """Train the nexus model of a study on some forcing: NSE by period and loop, worst closure, recovery where known."""
    periods = study.periods_of(forcing.attrs["dataset"])
    weights = train(task_of(forcing, study), study.model, study.training, quietly).weights
    simulation = simulate(weights, forcing, periods, study.model, study.training)
    baselines = xr.Dataset(attrs={"probes": "{}"})
    simulation = simulation.assign_attrs(probes="{}")
    name, dataset = forcing.attrs["basin"], forcing.attrs["dataset"]
    evaluation = evaluate_basin(forcing, simulation, baselines, None, periods, study.training.warmup, name, dataset)
    loops = {"nexus": "open", "nexus_closed": "closed"}
    return {
        "nse": {f"{row['period']}_{loops[row['model']]}": row["nse"] for row in evaluation["metrics"]},
        "closure_percent": {
            loop: max(row["closure_percent"] for row in evaluation["closure"] if row["loop"] == loop)
            for loop in loops.values()
        },
        "recovery": evaluation["recovery"],
    }


def gaps(weights, forcing, periods, model, training) -> dict[str, float]:
    """NSE of the open loop less that of the closed loop in the test period, by number of scans."""
    module, source = restore(weights, forcing, periods, model, training)
    whole = source.forcing(source.values[None, None])
    observed = forcing["streamflow"].sel(time=slice(*map(str, periods.test)))

    def skill(simulation) -> float:
        flow = simulation.fluxes["streamflow"][:, 0].mean(0).numpy()
        return nse(observed, xr.DataArray(flow, {"time": forcing["time"]}, "time").sel(time=observed["time"]))

    with torch.no_grad():
        closed = skill(module.closed_loop(whole))
        return {str(scans): skill(module(whole, passes=scans)) - closed for scans in SCANS}


def task_of(forcing: xr.Dataset, study: Study) -> Task:
    return Task(forcing.attrs["basin"], forcing, study.periods_of(forcing.attrs["dataset"]))


def quietly(line: str) -> None:
    """Progress of one of many basins is not shown."""


def plain(value: Any) -> Any:
    """The same for JSON: Python's own types, None for what is not finite."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
