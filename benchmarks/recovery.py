"""What is recovered where the truth is known: `python benchmarks/recovery.py [--seeds K] [--quick] --json OUT`.

Trains the nexus model with its default settings on a grid of virtual catchments, compares every flux and store of the
closed loop with the truth in the test years, and calibrates the identifiability verdicts on the ensembles' spread.
"""

import argparse
import json
import os
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from skill import each, show
from skillstudy.basin import quietly, task_of
from skillstudy.verdicts import calibrate, confusion, errors, held_out

from hydronexus.config import load_study
from hydronexus.evaluation.identifiability import concord
from hydronexus.evaluation.recovery import recovery
from hydronexus.evaluation.skill import nse
from hydronexus.forcing.ingest import ingest
from hydronexus.training.simulate import simulate
from hydronexus.training.train import train

PERIODS = {
    "train": ["2001-01-01", "2004-12-31"],
    "validation": ["2005-01-01", "2007-12-31"],
    "test": ["2008-01-01", "2011-12-31"],
}
RAIN = 3.5  # mm/d
NOISE = {"rain_noise": 0.2, "flow_noise": 0.1}
GRID = {"aridity": (0.5, 1.0, 2.0), "snow": (False, True), "rain_cv": (0.0, 1.0, 2.0), "noise": (False, True)}
GOALS = {"infiltration": 0.9, "surface_runoff": 0.9, "soil_evapotranspiration": 0.9, "recharge": -1, "baseflow": -1}
"""Targeted fluxes: the total within a tenth, and the least daily correlation."""


def catchments(quick: bool) -> dict[str, dict[str, Any]]:
    """Settings of every catchment by name; a tenth of them if quick."""
    cells = [dict(zip(GRID, values, strict=True)) for values in product(*GRID.values())]
    named = {" ".join(f"{name}={value}" for name, value in cell.items()): cell for cell in cells}
    return dict(list(named.items())[::9]) if quick else named


def recover(cell: dict[str, Any], seeds: int) -> dict[str, Any]:
    """Train on a virtual catchment: how it is recovered, by member and ensemble, and the members' concord."""
    torch.set_num_threads(1)
    virtual = {
        "rain_cv": cell["rain_cv"],
        "snow": cell["snow"],
        "mean_rain": RAIN,
        "mean_demand": cell["aridity"] * RAIN,
    } | (NOISE if cell["noise"] else {})
    study = load_study(
        {
            "study": "recovery",
            "datasets": {"virtual": {"format": "virtual", "basins": ["1"], "virtual": virtual}},
            "periods": PERIODS,
            "training": {"seeds": seeds, "device": "cpu"},
        }
    )
    forcing = ingest(study, "virtual_1")
    periods = study.periods_of("virtual")
    weights = train(task_of(forcing, study), study.model, study.training, quietly).weights
    simulation = simulate(weights, forcing, periods, study.model, study.training).sel(loop=["closed"])
    test = slice(*map(str, periods.test))
    forcing, simulation = forcing.sel(time=test), simulation.sel(time=test)
    rows = []
    for seed in ["ensemble", *simulation["seed"].values.tolist()]:
        own = simulation if seed == "ensemble" else simulation.sel(seed=[seed])
        rows += [{"seed": str(seed)} | row for row in recovery(forcing, own).to_dict("records")]
    agreed = {}
    for row in rows:
        members = simulation[row["variable"]].sel(loop="closed").transpose("seed", "time").values.astype(float)
        spread, agreement = concord(members)
        agreed[row["variable"]] = {"spread": spread, "agreement": agreement}
    flow = simulation["streamflow"].sel(loop="closed").mean("seed")
    return cell | {"rows": rows, "concord": agreed, "nse": nse(forcing["streamflow"], flow)}


def table(results: dict[str, dict]) -> pd.DataFrame:
    """One row per catchment, seed and variable."""
    rows = []
    for name, found in results.items():
        facts = {key: found[key] for key in GRID} | {"catchment": name, "nse_flow": found["nse"]}
        rows += [facts | row | found["concord"][row["variable"]] for row in found["rows"]]
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Per variable the median size of the total's error, the correlation, and how many catchments meet the goal."""
    ensemble = rows[rows["seed"] == "ensemble"].copy()
    ensemble["size"] = ensemble["total_error_percent"].abs()
    least = ensemble["variable"].map(GOALS)
    ensemble["met"] = (ensemble["size"] <= 10) & (ensemble["correlation"] >= least)
    members = rows[rows["seed"] != "ensemble"].assign(size=lambda x: x["total_error_percent"].abs())
    grouped = ensemble.groupby("variable", sort=False)
    found = pd.DataFrame(
        {
            "error of total [%]": grouped["size"].median(),
            "of a member [%]": members.groupby("variable", sort=False)["size"].median(),
            "correlation": grouped["correlation"].median(),
            "catchments": grouped.size(),
            "meet the target": grouped["met"].sum().where(grouped["size"].size().index.isin(GOALS)),
        }
    )
    for name, values in (("noise", (False, True)), ("snow", (False, True)), ("rain_cv", GRID["rain_cv"])):
        for value in values:
            part = ensemble[ensemble[name] == value].groupby("variable")["size"].median()
            found[f"{name}={value}"] = part
    return found.reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, metavar="K", help="members of every ensemble")
    parser.add_argument("--quick", action="store_true", help="a tenth of the catchments")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="results; a cut run goes on")
    options = parser.parse_args()
    results = json.loads(options.json.read_text())["catchments"] if options.json.exists() else {}
    wanted = catchments(options.quick)
    missing = {name: (cell, options.seeds) for name, cell in wanted.items() if name not in results}
    for name, found in each(missing, recover, options.jobs, "catchment"):
        if "left_out" not in found:
            results[name] = found
            options.json.write_text(json.dumps({"catchments": results}))
    rows = table({name: results[name] for name in wanted if name in results})
    show("Recovery in the test years, closed loop", summary(rows))
    flow = rows.drop_duplicates("catchment")["nse_flow"].astype(float)
    print(f"\nNSE of streamflow: median {flow.median():.3f}, lowest {flow.min():.3f}, {len(flow)} catchments")
    ensemble = rows[rows["seed"] == "ensemble"]
    fluxes = ensemble[~ensemble["variable"].isin(("canopy", "soil", "ground", "channel", "snow", "rain", "snowfall"))]
    limits = calibrate(fluxes)
    judged = held_out(fluxes, ["aridity", "snow"])
    kept = {flux: {name: [own[name].spread, own[name].agreement] for name in own} for flux, own in limits.items()}
    print("\nLimits of spread and agreement:", json.dumps(kept))
    show("Verdicts (rows) against truth (columns), climates held out of the calibration", confusion(judged))
    show("Wrong verdicts by flux, held out", errors(judged))


if __name__ == "__main__":
    main()
