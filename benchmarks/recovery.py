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
import xarray as xr
from skill import each, show
from skillstudy.basin import plain, quietly, task_of
from skillstudy.verdicts import calibrate, confusion, errors, held_out, literal, reach

from hydronexus.config import Periods, load_study
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
CLIMATE = ["aridity", "snow"]  # what is held out together, since catchments of one climate err alike
STORES = ("canopy", "soil", "ground", "channel", "snow")
GIVEN = ("rain", "snowfall")  # the model does not infer rain, and snowfall hardly
LARGEST_ERROR = 10.0  # %, of a flux's total where it meets the target
LEAST_CORRELATION = {"infiltration": 0.9, "surface_runoff": 0.9, "soil_evapotranspiration": 0.9}


def catchments(quick: bool) -> dict[str, dict[str, Any]]:
    """Settings of every catchment by name, each with weather of its own; every ninth of them if quick."""
    cells = [dict(zip(GRID, values, strict=True)) for values in product(*GRID.values())]
    named = {" ".join(f"{key}={value}" for key, value in cell.items()): cell for cell in cells}
    for seed, cell in enumerate(named.values()):
        cell["seed"] = seed
    return dict(list(named.items())[::9]) if quick else named


def recover(cell: dict[str, Any], seeds: int) -> dict[str, Any]:
    """Train on one virtual catchment and compare with its truth."""
    torch.set_num_threads(1)
    virtual = {
        "rain_cv": cell["rain_cv"],
        "snow": cell["snow"],
        "seed": cell["seed"],
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
    return cell | compare(forcing, simulate(weights, forcing, periods, study.model, study.training), periods)


def compare(forcing: xr.Dataset, simulation: xr.Dataset, periods: Periods) -> dict[str, Any]:
    """Recovery in the test period in closed loop, how members agree over the whole record, and test NSE."""
    whole = simulation.sel(loop=["closed"])
    test = slice(*map(str, periods.test))
    forcing, simulation = forcing.sel(time=test), whole.sel(time=test)
    rows = []
    for seed in ["ensemble", *simulation["seed"].values.tolist()]:
        own = simulation if seed == "ensemble" else simulation.sel(seed=[seed])
        rows += [{"seed": str(seed)} | row for row in recovery(forcing, own).to_dict("records")]
    agreed = {}
    for name in {row["variable"] for row in rows}:
        # All years and no truth, as where verdicts are passed on real basins.
        spread, agreement = concord(whole[name].sel(loop="closed").transpose("seed", "time").values.astype(float))
        share = float(simulation[name].mean() / forcing["precipitation"].mean())
        agreed[name] = {"spread": spread, "agreement": agreement, "share_of_rain": share}
    flow = simulation["streamflow"].sel(loop="closed").mean("seed")
    return {"rows": rows, "concord": agreed, "nse": nse(forcing["streamflow"], flow)}


def table(results: dict[str, dict]) -> pd.DataFrame:
    """One row per catchment, seed and variable."""
    rows = []
    for name, found in results.items():
        facts = {key: found[key] for key in GRID} | {"catchment": name, "nse_flow": found["nse"]}
        rows += [facts | row | found["concord"][row["variable"]] for row in found["rows"]]
    table = pd.DataFrame(rows)
    numbers = ["total_error_percent", "correlation", "nse", "spread", "agreement", "share_of_rain", "nse_flow"]
    table[numbers] = table[numbers].astype(float)
    least = table["variable"].map(LEAST_CORRELATION).fillna(-1.0)
    table["size"] = table["total_error_percent"].abs()
    table["met"] = 100.0 * ((table["size"] <= LARGEST_ERROR) & (table["correlation"].fillna(-1.0) >= least))
    return table


def overview(rows: pd.DataFrame) -> pd.DataFrame:
    """Per variable medians over catchments, of the ensemble and of its members."""
    ensemble = rows[rows["seed"] == "ensemble"].groupby("variable", sort=False)
    members = rows[rows["seed"] != "ensemble"].groupby("variable", sort=False)
    met, share = ensemble["met"].sum() / 100, ensemble["share_of_rain"].median()
    for column in (met, share):  # neither is said of a store
        column[column.index.isin(STORES)] = float("nan")
    return pd.DataFrame(
        {
            "share of rain [-]": share,
            "error of total [%]": ensemble["size"].median(),
            "nine tenths below [%]": ensemble["size"].quantile(0.9),
            "of a member [%]": members["size"].median(),
            "correlation": ensemble["correlation"].median(),
            "of a member": members["correlation"].median(),
            "NSE": ensemble["nse"].median(),
            "spread": ensemble["spread"].median(),
            "agreement": ensemble["agreement"].median(),
            "catchments": ensemble.size(),
            "meet the target": met,
        }
    ).reset_index()


def by_kind(rows: pd.DataFrame, column: str, statistic: str) -> pd.DataFrame:
    """A statistic of every variable's ensemble over all catchments and over those of each kind."""
    ensemble = rows[rows["seed"] == "ensemble"]
    parts = {"all": ensemble}
    for key in ("noise", "snow"):
        parts |= {f"no {key}": ensemble[~ensemble[key]], key: ensemble[ensemble[key]]}
    for key in ("rain_cv", "aridity"):
        parts |= {f"{key} {value:g}": part for value, part in ensemble.groupby(key)}
    found = {name: part.groupby("variable", sort=False)[column].agg(statistic) for name, part in parts.items()}
    return pd.DataFrame(found).rename_axis("variable").reset_index()


def tables_of(rows: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], str]:
    """Everything that is shown, by title, and the limits as Python source."""
    fluxes = rows[~rows["variable"].isin((*STORES, *GIVEN))]
    inferred = fluxes[fluxes["seed"] == "ensemble"]
    limits = calibrate(inferred, CLIMATE)
    judged = held_out(inferred, CLIMATE)
    flow = rows.drop_duplicates("catchment")[[*GRID, "nse_flow"]]
    skill = flow.groupby(["noise", "snow"])["nse_flow"].agg(["min", "median", "max"]).reset_index()
    shown = {
        "Test NSE of streamflow, closed loop": skill,
        "Fluxes and stores against the truth, closed loop, medians over catchments": overview(rows),
        "Size of the total's error [%], median": by_kind(fluxes, "size", "median"),
        "Correlation by day, median": by_kind(fluxes, "correlation", "median"),
        "Catchments that meet the target [%]": by_kind(fluxes, "met", "mean"),
        "Verdicts (rows) against truth (columns), climates held out of the calibration": confusion(judged),
        "Wrong verdicts by flux, held out": errors(judged),
        "Limits from all catchments": reach(inferred, limits),
    }
    return shown, literal(limits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, metavar="K", help="members of every ensemble")
    parser.add_argument("--quick", action="store_true", help="every ninth catchment")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes")
    parser.add_argument(
        "--json",
        type=Path,
        required=True,
        metavar="OUT",
        help="tables; OUT's .catchments is what a cut run goes on from",
    )
    options = parser.parse_args()
    settings = {"seeds": options.seeds, "periods": PERIODS, "noise": NOISE, "mean_rain": RAIN}
    keep = options.json.with_suffix(".catchments")
    results: dict[str, dict] = {}
    if keep.exists():
        kept = json.loads(keep.read_text())
        if kept["settings"] != settings:
            raise SystemExit(f"{keep} holds catchments of other settings; remove it, or give another --json")
        results = kept["catchments"]
    wanted = catchments(options.quick)
    missing = {name: (cell, options.seeds) for name, cell in wanted.items() if name not in results}
    for name, found in each(missing, recover, options.jobs, "catchment"):
        if "left_out" not in found:
            results[name] = found
            partial = keep.with_suffix(".partial")
            partial.write_text(json.dumps({"settings": settings, "catchments": results}))
            partial.replace(keep)
    here = {name: results[name] for name in wanted if name in results}
    shown, source = tables_of(table(here))
    for title, content in shown.items():
        show(title, content)
    print(f"\nFor evaluation/identifiability.py:\n\n{source}")
    tables = {title: plain(content.round(4).to_dict("records")) for title, content in shown.items()}
    options.json.write_text(
        json.dumps({"settings": settings, "catchments": len(here), "tables": tables}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
