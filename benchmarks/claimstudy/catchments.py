"""Virtual catchments that are alike but for heterogeneity, and what the model learns of their infiltration."""

from typing import Any

import numpy as np
import torch
import xarray as xr
from skillstudy.basin import VIRTUAL_PERIODS, quietly, task_of

from hydronexus.config import load_study
from hydronexus.evaluation.skill import nse
from hydronexus.fieldscale.mixing import PointRain
from hydronexus.forcing.ingest import ingest
from hydronexus.precipitation.unlikeness import spatial_cv
from hydronexus.response.contrast import contrast
from hydronexus.response.extract import rainy_canopy
from hydronexus.response.laws import law_grids
from hydronexus.training.simulate import restore, simulate
from hydronexus.training.train import train
from hydronexus.virtual import catchment

PLACEBO = 1.0  # CV that is claimed of catchments whose rain is even
LEAST = 1.0  # mm/d, intensities below it are drizzle that the canopy holds
SPREAD = 0.5  # of the CV from day to day; over real basins its thirds differ by a factor of two to three
PATCH = 20.0  # cells of 200
NOISE = {"rain_noise": 0.2, "flow_noise": 0.1}  # of every second catchment
KINDS = {  # settings, and how many catchments of the full study
    "uniform": ({"rain_cv": 0.0}, 10),
    "rain 0.5": ({"rain_cv": 0.5}, 3),
    "rain": ({"rain_cv": 1.0}, 8),
    "rain 2": ({"rain_cv": 2.0}, 3),
    "rain 3": ({"rain_cv": 3.0}, 3),
    "half wet": ({"rain_cv": 1.0, "wet_fraction": 0.5}, 3),
    "soil": ({"rain_cv": 0.0, "capacity_cv": 1.0}, 6),
    "rain and soil": ({"rain_cv": 1.0, "capacity_cv": 1.0}, 4),
    "rain by day": ({"rain_cv": 1.0, "rain_cv_spread": SPREAD}, 20),
    "rain by day and soil": ({"rain_cv": 1.0, "rain_cv_spread": SPREAD, "capacity_cv": 1.0}, 6),
    "patches and soil": ({"rain_cv": 1.0, "rain_cv_spread": SPREAD, "capacity_cv": 1.0, "rain_patch": PATCH}, 4),
    "patches and soil, shuffled": (
        {"rain_cv": 1.0, "rain_cv_spread": SPREAD, "capacity_cv": 1.0, "rain_patch": PATCH, "rain_shuffled": True}, 4,
    ),
    "uniform, two days": ({"rain_cv": 0.0, "days": 2}, 3),
    "rain, two days": ({"rain_cv": 1.0, "days": 2}, 3),
    "rain by day, two days": ({"rain_cv": 1.0, "rain_cv_spread": SPREAD, "days": 2}, 3),
}  # fmt: skip


def catchments(quick: bool) -> dict[str, dict[str, Any]]:
    """Settings by name; those with one number have the same weather, whatever their kind."""
    found = {}
    for kind, (settings, count) in KINDS.items():
        for seed in range(min(count, 2) if quick else count):
            found[f"{kind} {seed}"] = {"kind": kind, "seed": seed} | settings | (NOISE if seed % 2 else {})
    return found


def claimed(cell: dict[str, Any]) -> PointRain:
    """Heterogeneity of rain that is said of a catchment: its own, or where its rain is even that of others."""
    return PointRain(cell["rain_cv"] or PLACEBO, cell.get("wet_fraction", 1.0))


def told(cell: dict[str, Any], forcing: xr.Dataset) -> xr.DataArray:
    """CV of rain at every step that is said of a catchment: its own, or one that has nothing to do with it."""
    if "precipitation_stdev" in forcing:
        return spatial_cv(forcing)
    sigma = np.sqrt(np.log1p(SPREAD**2))
    draws = np.random.default_rng([cell["seed"], 9]).standard_normal(forcing.sizes["time"])
    made_up = PLACEBO * np.exp(sigma * draws - sigma**2 / 2) * forcing["precipitation"]
    return spatial_cv(forcing.assign(precipitation_stdev=made_up))


def coarsened(forcing: xr.Dataset, days: int) -> xr.Dataset:
    """The same record in longer steps; the standard deviation of a sum is taken as that of its days in step."""
    summed = forcing.coarsen(time=days, boundary="trim", coord_func="min").sum()
    return summed.astype("float32").assign_attrs(forcing.attrs | {"time_step_days": float(days)})


def learn(cell: dict[str, Any], seeds: int) -> dict[str, Any]:
    """Train on one catchment; its learned law of infiltration where it has been, and the truth there.

    Returns
    -------
    dict
        `x` (point) [mm/d], `law` (seed, point) and `truth` (point; NaN where not known) [mm/d], `visits` (point), the
        `canopy` deficit that the simulation shows [mm/d], test NSE of the closed loop, and the `contrast` of uneven
        less even rain that the simulation misses, with its standard error [share of rain].
    """
    torch.set_num_threads(1)
    virtual = {name: value for name, value in cell.items() if name not in ("kind", "days")}
    study = load_study(
        {
            "study": "claims",
            "datasets": {"virtual": {"format": "virtual", "basins": ["1"], "virtual": virtual}},
            "periods": VIRTUAL_PERIODS,
            "training": {"seeds": seeds, "device": "cpu"},
        }
    )
    days = cell.get("days", 1)
    forcing = coarsened(ingest(study, "virtual_1"), days)
    periods = study.periods_of("virtual")
    weights = train(task_of(forcing, study), study.model, study.training, quietly).weights
    simulation = simulate(weights, forcing, periods, study.model, study.training)
    module, _ = restore(weights, forcing, periods, study.model, study.training)
    own = law_grids(module, simulation, forcing["potential_evapotranspiration"]).sel(process="infiltration")
    x = np.broadcast_to(own["law_x"].values[:, None], own["law_visited"].shape)
    there = own["law_visited"].values & (x >= LEAST)
    truth = catchment.law(study.datasets["virtual"].virtual, "infiltration", x[there], x[there])
    if days > 1:
        truth = np.full_like(truth, np.nan)
    test = slice(*map(str, periods.test))
    flow = simulation["streamflow"].sel(loop="closed").mean("seed")
    observed = forcing["streamflow"].values.astype(float)
    found = contrast(forcing["precipitation"], told(cell, forcing), observed, flow.values.astype(float), float(days))
    missed = found.sel(contrast_series="missed")
    return cell | {
        "x": x[there].tolist(),
        "law": own["law"].transpose("seed", "x", "y").values[:, there].tolist(),
        "truth": truth.tolist(),
        "visits": own["law_visits"].values[there].tolist(),
        "canopy": rainy_canopy(simulation, claimed(cell), float(days)),
        "nse": nse(forcing["streamflow"].sel(time=test), flow.sel(time=test)),
        "contrast": [float(missed["contrast_volume"]), float(missed["contrast_volume_error"])],
    }
