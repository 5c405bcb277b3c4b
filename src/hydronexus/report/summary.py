"""What the report shows, reshaped from the aggregated tables."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

SCORES = ("nse", "kge")
Tables = dict[str, pd.DataFrame]
MODEL_NAMES = {
    "nexus": "nexus open loop",
    "nexus_closed": "nexus closed loop",
    "lstm": "LSTM",
    "gr4j": "GR4J",
    "prescribed": "prescribed laws",
    "nexus_heterogeneity": "nexus with rain CV",
    "nexus_placebo": "nexus with shuffled CV",
}
NAMED_BASINS = 5  # more basins of one note are counted, not listed
LARGEST_STORMS = 3  # of every basin
GRID_FACTS = ["basin", "cells", "cell_size_km", "area_km2", "wet_threshold_mm_per_step"]
HETEROGENEITY = ["cv", "conditional_cv", "wet_fraction", "gini", "delta1", "variogram_range"]
STORMS = ["basin", "start", "end", "depth", "peak", "cv", "wet_fraction", "delta1"]


def skill_table(metrics: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """NSE and KGE [-] of the test period: one row per basin, one column per (model, score)."""
    test = metrics[metrics["period"] == "test"]
    wide = test.pivot(index="basin", columns="model", values=list(SCORES)).swaplevel(axis=1)
    return wide.reindex(columns=pd.MultiIndex.from_product([models, SCORES]))


def skill_medians(skill: pd.DataFrame, virtual: set[str]) -> tuple[str, pd.Series]:
    """Medians of a skill table over its real basins, or over all if none is real, and their name."""
    real = skill[~skill.index.isin(virtual)]
    return ("median of real basins", real.median()) if len(real) else ("median", skill.median())


def closure_table(closure: pd.DataFrame) -> pd.DataFrame:
    """Closure error [% of precipitation] by loop and store, median and worst over basins at every horizon."""
    by_store = closure.groupby(["loop", "store", "horizon_days"], sort=False)["closure_percent"]
    return by_store.agg(["median", "max"]).unstack("horizon_days").swaplevel(axis=1).sort_index(axis=1, level=0)


def probe_table(probes: pd.DataFrame, models: list[str]) -> list[dict[str, Any]]:
    """One row per physics probe: what is expected, limits, and by model the basins that pass and the median value."""
    rows = []
    for name, own in probes.groupby("probe", sort=False):
        first = own.iloc[0]
        row = {"probe": str(name).replace("_", " "), "expectation": first["expectation"], "unit": first["unit"]}
        row["limits"] = _limits(first["low"], first["high"])
        row["models"] = []
        for model in models:
            part = own[(own["model"] == model) & own["value"].notna()]
            passed = int(part["passed"].astype(bool).sum())
            shown = f"{passed} of {len(part)}" if len(part) else "not defined"
            row["models"].append((shown, float(part["value"].median()), passed == len(part)))
        rows.append(row)
    return rows


def interval_table(intervals: pd.DataFrame) -> pd.DataFrame:
    """Coverage and width by kind and level: median over basins, and the tenth and ninetieth percentile of coverage."""
    return (
        intervals.groupby(["kind", "level"], sort=False)
        .agg(
            coverage=("coverage", "median"),
            low=("coverage", lambda values: values.quantile(0.1)),
            high=("coverage", lambda values: values.quantile(0.9)),
            width=("width", "median"),
        )
        .reset_index()
    )


def uneven_table(uneven_rain: pd.DataFrame) -> pd.DataFrame:
    """The rows with what controls have learned as a change of infiltration from even to uneven rain [%]."""
    controls = ("heterogeneity", "placebo")
    changes = {f"percent_{name}": 100 * np.expm1(uneven_rain[f"effect_{name}"].astype(float)) for name in controls}
    return uneven_rain.assign(**changes)


def heterogeneity_table(heterogeneity: pd.DataFrame) -> pd.DataFrame:
    """One row per basin of a grid: what statistics depend on, and their rain-weighted means over the whole period."""
    whole = heterogeneity[(heterogeneity["season"] == "all") & (heterogeneity["intensity"] == "all")]
    wide = whole.pivot(index=GRID_FACTS, columns="statistic", values="value")
    return wide.reindex(columns=HETEROGENEITY).reset_index()


def storm_table(storms: pd.DataFrame) -> pd.DataFrame:
    """The deepest storms of every basin of a grid, deepest first, with their times to the minute."""
    deepest = storms.sort_values("depth", ascending=False, kind="stable").groupby("basin").head(LARGEST_STORMS)
    deepest = deepest.sort_values("basin", kind="stable").reindex(columns=STORMS)
    times = {side: pd.to_datetime(deepest[side]).dt.strftime("%Y-%m-%d %H:%M") for side in ("start", "end")}
    return deepest.assign(**times)


def _limits(low: float, high: float) -> str:
    if not math.isfinite(high):
        return f"at least {low:g}"
    return f"at most {high:g}" if not math.isfinite(low) or low == 0 else f"{low:g} to {high:g}"


def grouped_notes(notes: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Every note once, with the basins it is about."""
    basins: dict[str, list[str]] = {}
    for basin, own in notes.items():
        for note in own:
            basins.setdefault(note, []).append(basin)
    return [(note, _listed(about)) for note, about in basins.items()]


def summary(tables: Tables, basins: list[str]) -> str:
    """The study in one paragraph of numbers."""
    metrics, recovery = tables["metrics"], tables["recovery"]
    virtual = set(recovery["basin"])
    real = metrics[~metrics["basin"].isin(virtual) & (metrics["period"] == "test")]
    failed = len(tables["quarantine"])
    text = [
        f"{_count(len(basins), 'basin')}, {len(virtual)} of them virtual; {failed} quarantined."
        if virtual
        else f"{_count(len(basins), 'basin')}; {failed} quarantined."
    ]
    everywhere = real.dropna(subset="nse").groupby("model").filter(lambda own: len(own) == real["basin"].nunique())
    medians = everywhere.groupby("model")["nse"].median()  # of other models they would be of other basins
    if len(medians):
        shown = ", ".join(f"{name} {medians[key]:.2f}" for key, name in MODEL_NAMES.items() if key in medians)
        text.append(f"Median test NSE over {_count(real['basin'].nunique(), 'real basin')}: {shown}.")
    closure = tables["closure"]["closure_percent"].max()
    if math.isfinite(closure):
        text.append(f"Largest closure error of any store: {closure:.2g} % of precipitation.")
    flows = recovery[(recovery["loop"] == "closed") & (recovery["variable"] != "streamflow")]
    if len(flows):
        correlation = flows["correlation"].median()
        text.append(f"Median correlation of inner fluxes and stores with the truth: {correlation:.2f}.")
    verdicts = tables["claims"]["verdict"].value_counts()
    text.append(f"Of {verdicts.sum()} claims: {', '.join(f'{n} {verdict}' for verdict, n in verdicts.items())}.")
    return " ".join(text)


def interval(low: Any, high: Any, digits: int = 2) -> str:
    """An interval as text, a dash for none."""
    return f"{number(low, digits)} to {number(high, digits)}" if number(low) != "–" else "–"


def number(value: Any, digits: int = 2) -> str:
    """A number as text with fixed decimals, significant digits where they would hide it, a dash for none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if value and abs(value) < 0.5 * 10**-digits:
        return f"{value:.1e}"
    return f"{value:.{digits}f}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' if n != 1 else ''}"


def _listed(basins: list[str]) -> str:
    more = len(basins) - NAMED_BASINS
    return ", ".join(basins[:NAMED_BASINS]) + (f" and {more} more" if more > 0 else "")
