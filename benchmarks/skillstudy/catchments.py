"""Virtual catchments of known truth: trained on, compared with the truth, and tabulated."""

from itertools import product
from typing import Any

import pandas as pd
import torch
import xarray as xr

from hydronexus.config import Periods, load_study
from hydronexus.evaluation.identifiability import concord
from hydronexus.evaluation.recovery import recovery
from hydronexus.evaluation.skill import nse
from hydronexus.forcing.ingest import ingest
from hydronexus.training.simulate import simulate
from hydronexus.training.train import train
from skillstudy.basin import VIRTUAL_PERIODS, quietly, task_of
from skillstudy.verdicts import calibrate, confusion, errors, held_out, literal, reach

RAIN = 3.5  # mm/d
NOISE = {"rain_noise": 0.2, "flow_noise": 0.1}
GRID = {"aridity": (0.5, 1.0, 2.0), "snow": (False, True), "rain_cv": (0.0, 1.0, 2.0), "noise": (False, True)}
CLIMATE = ["aridity", "snow"]  # what is held out together, since catchments of one climate err alike
STORES = ("canopy", "soil", "ground", "channel", "snow")
GIVEN = ("rain", "snowfall")  # the model does not infer rain, and snowfall hardly
LARGEST_ERROR = 10.0  # %, of a flux's total where it meets the target
LEAST_CORRELATION = {"infiltration": 0.9, "surface_runoff": 0.9, "soil_evapotranspiration": 0.9}


def catchments(count: int) -> dict[str, dict[str, Any]]:
    """Settings of so many catchments by name, spread over the grid, each with weather of its own."""
    cells = [dict(zip(GRID, values, strict=True)) for values in product(*GRID.values())]
    named = {" ".join(f"{key}={value}" for key, value in cell.items()): cell for cell in cells}
    for seed, cell in enumerate(named.values()):
        cell["seed"] = seed
    count = min(count, len(named))
    return dict([list(named.items())[index * len(named) // count] for index in range(count)])


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
            "periods": VIRTUAL_PERIODS,
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


def recovered(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What is recovered, by title."""
    fluxes = rows[~rows["variable"].isin((*STORES, *GIVEN))]
    return {
        "Fluxes and stores against the truth, closed loop, medians over catchments": overview(rows),
        "Size of the total's error [%], median": by_kind(fluxes, "size", "median"),
        "Correlation by day, median": by_kind(fluxes, "correlation", "median"),
        "Catchments that meet the target [%]": by_kind(fluxes, "met", "mean"),
    }


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
        **recovered(rows),
        "Verdicts (rows) against truth (columns), climates held out of the calibration": confusion(judged),
        "Wrong verdicts by flux, held out": errors(judged),
        "Limits from all catchments": reach(inferred, limits),
    }
    return shown, literal(limits)
