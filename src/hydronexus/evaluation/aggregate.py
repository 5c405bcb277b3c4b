"""Tables over all basins of a study, from the evaluation of each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from hydronexus.evaluation.claims import claims
from hydronexus.evaluation.climate import ATTRIBUTES
from hydronexus.evaluation.closure import HORIZONS
from hydronexus.evaluation.drivers import drivers
from hydronexus.evaluation.responses import NUMBERS, TEXTS
from hydronexus.evaluation.uneven_rain import COLUMNS as UNEVEN_RAIN

TEXT = (
    "basin",
    "dataset",
    "model",
    "period",
    "loop",
    "store",
    "process",
    "variable",
    *TEXTS,
    "note",
    "probe",
    "unit",
    "expectation",
    "passed",
    "kind",
)
COLUMNS: dict[str, tuple[str, ...]] = {
    "metrics": (
        "basin", "dataset", "model", "period", "nse", "kge", "kge_correlation", "kge_bias", "kge_variability",
        "fhv", "flv", "peak_timing", "nse_closed_loop", "nse_member_median",
        *(f"closure_percent_{days}d" for days in HORIZONS), "n",
    ),
    "closure": ("basin", "loop", "store", "horizon_days", "closure_percent"),
    "responses": (
        "basin", "process", *NUMBERS, *TEXTS,
    ),
    "recovery": ("basin", "variable", "loop", "total_error_percent", "correlation", "nse"),
    "probes": ("basin", "model", "probe", "value", "unit", "low", "high", "passed", "expectation"),
    "intervals": ("basin", "kind", "level", "coverage", "width"),
    "climate": ("basin", "precipitation", "potential_evapotranspiration", *ATTRIBUTES, "slope_m_per_km", "rain_day_cv"),
    "uneven_rain": ("basin", *UNEVEN_RAIN),
    "quarantine": ("basin", "stage", "error", "reason"),
}  # fmt: skip
HETEROGENEITY = (
    "basin", "grid", "cells", "cell_size_km", "area_km2", "wet_threshold_mm_per_step", "season", "intensity",
    "statistic", "value", "steps",
)  # fmt: skip
STORMS = ("basin", "grid", "start", "end", "duration", "depth", "peak", "complete")  # and what else is known of them


def aggregate(
    evaluations: Iterable[Mapping[str, Any]],
    summaries: Sequence[pd.DataFrame] = (),
    storms: Sequence[pd.DataFrame] = (),
) -> dict[str, pd.DataFrame]:
    """Put the evaluations of all basins into tables, and judge the study's claims.

    Parameters
    ----------
    evaluations : iterable of mapping
        From :func:`hydronexus.evaluation.basin.evaluate_basin`, or `{"quarantine": {...}}` for a basin that
        failed.
    summaries, storms : sequence of pandas.DataFrame
        From :func:`hydronexus.precipitation.run.describe_grid`, of every grid.

    Returns
    -------
    dict of pandas.DataFrame
        metrics, closure, responses, recovery, probes, intervals, climate, uneven_rain, quarantine, claims,
        heterogeneity, storms and drivers; every table has all its columns even where it has no row.
    """
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in COLUMNS}
    for evaluation in evaluations:
        if evaluation["quarantine"] is not None:
            rows["quarantine"].append(evaluation["quarantine"])
            continue
        for name in ("metrics", "closure", "responses", "recovery", "probes", "intervals", "climate", "uneven_rain"):
            rows[name] += evaluation[name]
    tables = {name: _table(rows[name], columns) for name, columns in COLUMNS.items()}
    tables |= {"heterogeneity": _together(summaries, HETEROGENEITY), "storms": _together(storms, STORMS)}
    real = {name: _real(tables, name) for name in ("responses", "climate", "heterogeneity")}
    tables["drivers"] = drivers(real["responses"], real["climate"], real["heterogeneity"])
    return tables | {"claims": claims(tables)}


def _real(tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """Rows of basins that are not virtual."""
    return tables[name][~tables[name]["basin"].isin(tables["recovery"]["basin"])]


def _together(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(columns))


def notes_of(evaluations: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What a reader should know of the data of each basin that was evaluated, by basin."""
    return {e["metrics"][0]["basin"]: e["notes"] for e in evaluations if e["quarantine"] is None}


def _table(rows: list[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(columns))
    numbers = [] if "reason" in columns else [column for column in columns if column not in TEXT]
    # A column of None alone would otherwise be of objects, and its type would depend on the basins.
    return table.astype(dict.fromkeys(numbers, float)).astype(
        {column: "int64" for column in ("n", "horizon_days") if column in columns}
    )
