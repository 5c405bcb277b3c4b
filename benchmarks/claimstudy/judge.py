"""What learned laws, and runoff of uneven less even rain, say of their cause, and how often that is right."""

from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from claimstudy.catchments import claimed
from hydronexus.fieldscale import deformation
from hydronexus.fieldscale.candidates import EQUATIONS, FieldEquation
from hydronexus.fieldscale.fit import Fit, Law, fit
from hydronexus.fieldscale.mixing import PointRain, mixed
from hydronexus.virtual.upscaling import infiltration_exponential_capacity

FIELD = EQUATIONS["infiltration"][0]
SOIL = FieldEquation(
    "exponential capacities", (("f", "mm/d"),), lambda x, y, f: infiltration_exponential_capacity(x, f), (0.1,), (1e3,)
)
CAUSE = {  # of the other kinds: rain
    "uniform": "field", "uniform, two days": "field", "soil": "soil", "rain and soil": "rain and soil",
    "rain by day and soil": "rain and soil", "patches and soil": "rain and soil",
    "patches and soil, shuffled": "rain and soil",
}  # fmt: skip
BY_DAY = ("rain by day", "patches")  # kinds whose heterogeneity the model of uneven days is truly told
CONFOUNDED = ("rain by day", "soil", "rain by day and soil")
ALPHA = 0.05
SEEN = stats.norm.isf(ALPHA / 2)  # standard errors


def law_of(found: dict[str, Any], flux: np.ndarray) -> Law:
    """Points of a learned law."""
    x = np.array(found["x"])
    return Law(x, np.zeros_like(x), flux, np.unique(x, return_inverse=True)[1], np.array(found["visits"], float))


def explanations(rain: PointRain, canopy: float) -> dict[str, FieldEquation]:
    """What may have made a law, each with one free parameter."""
    under = {"rain": mixed(FIELD, rain, canopy), "rain and soil": mixed(SOIL, rain, canopy)}
    return {"field": FIELD, "soil": SOIL} | under


def judge(found: dict[str, Any]) -> dict[str, Any]:
    """One catchment: how well its law is learned, whether uneven rain runs off more, which explanation fits best."""
    members, truth = np.array(found["law"]), np.array(found["truth"], float)  # None where there is none
    law, equations = law_of(found, members.mean(0)), explanations(claimed(found), found["canopy"])
    fits: dict[str, Fit] = {name: fit(equation, law) for name, equation in equations.items()}
    gains = []
    for flux in members:
        own = law_of(found, flux)
        alone, under = (fit(equations[name], own).cross_validated for name in ("field", "rain"))
        gains.append(np.log(alone / under))
    low, high = stats.t.interval(1 - ALPHA, len(gains) - 1, np.mean(gains), stats.sem(gains))
    return {
        "kind": found["kind"],
        "noise": "rain_noise" in found,
        "nse": found["nse"],
        "error": law.rms(law.flux / truth - 1),
        "contrast": found["contrast"][0],
        "found": found["contrast"][0] > SEEN * found["contrast"][1],
        "gain": float(np.mean(gains)),
        "claimed": bool(low > 0),
        "denied": bool(high < 0),
        "cause": min(fits, key=lambda name: fits[name].cross_validated),
        "capacity": float(fits["rain" if found["rain_cv"] else "field"].values[0]),
        "cv_found": cv_of(law, claimed(found).wet_fraction, found["canopy"]),
        "cv": found["rain_cv"],
        "departure": deformation.sign(law.flux, fits["field"].at(law.x, law.y), law.weight),
    }


def cv_of(law: Law, wet_fraction: float, canopy: float) -> float:
    """CV of rain by which mixing describes a law best, 0 to 4."""

    def error(cv: float) -> float:
        return fit(mixed(FIELD, PointRain(round(cv, 3), wet_fraction), canopy), law).rmse

    found = optimize.minimize_scalar(error, bounds=(0.0, 4.0), method="bounded", options={"xatol": 0.02})
    return float(found.x if found.fun < error(0.0) else 0.0)


def judged(results: dict[str, dict[str, Any]], jobs: int) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """All catchments: the numbers that targets are set for, and tables by title."""
    with ProcessPoolExecutor(jobs) as pool:
        rows = pd.DataFrame(list(pool.map(judge, results.values())))
    rows["right"] = rows["cause"] == rows["kind"].map(CAUSE).fillna("rain")
    rows["told"] = rows["found"] == rows["kind"].str.startswith(BY_DAY)
    made_up = rows[~rows["kind"].str.startswith(BY_DAY)]
    uniform, rain, by_day = (rows[rows["kind"] == kind] for kind in ("uniform", "rain", "rain by day"))
    numbers = {
        "power": by_day["found"].mean(),
        "false_positive_rate": made_up["found"].mean(),
        "false_positive_rate_even_rain": uniform["found"].mean(),
        "error_closed_form": rows[rows["cv"].gt(0) | rows["kind"].eq("soil")]["error"].median(),
        "error_closed_form_worst": rows["error"].max(),
        "null_deformation": _mean(uniform["departure"]),
        "null_contrast": _mean(made_up["contrast"]),
        "confounder_separated": rows[rows["kind"].isin(CONFOUNDED)]["told"].mean(),
        "by_shape_alone": {
            "power": rain["claimed"].mean(),
            "false_positive_rate": uniform["claimed"].mean(),
            "confounder_separated": rows[rows["kind"].isin(["rain", "soil"])]["right"].mean(),
            "causes_right": rows["right"].mean(),
        },
        "catchments": len(rows),
    }
    kinds = rows.groupby("kind", sort=False)
    by_kind = pd.DataFrame(
        {
            "catchments": kinds.size(),
            "test NSE": kinds["nse"].median(),
            "error of the law": kinds["error"].median(),
            "largest": kinds["error"].max(),
            "runoff of uneven less even rain": kinds["contrast"].median(),
            "found": kinds["found"].mean(),
            "gain by mixing": kinds["gain"].median(),
            "rain claimed": kinds["claimed"].mean(),
            "rain denied": kinds["denied"].mean(),
            "CV": kinds["cv"].first(),
            "CV found": kinds["cv_found"].median(),
            "CV found, least": kinds["cv_found"].min(),
            "CV found, most": kinds["cv_found"].max(),
            "capacity found [mm/d]": kinds["capacity"].median(),
            "departure from field law": kinds["departure"].median(),
        }
    ).reset_index()
    causes = pd.crosstab(rows["kind"], rows["cause"]).reindex(rows["kind"].unique()).reset_index()
    noise = (
        rows.groupby(["kind", "noise"], sort=False)[["error", "contrast", "found", "right", "claimed"]]
        .mean()
        .reset_index()
    )
    return numbers, {"By kind of catchment": by_kind, "What explains the law best": causes, "By noise": noise}


def _mean(values: pd.Series) -> dict[str, float]:
    """Mean over catchments and its 95 % interval."""
    low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    return {"mean": values.mean(), "low": low, "high": high}
