"""Tables of the skill study: targets, paired comparisons, probes and intervals over basins."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

RESAMPLES = 5000
OWN = "nexus_closed"
SCORES = ("nse", "kge", "fhv", "flv", "peak_timing")
DISTANCE = {"fhv": np.abs, "flv": np.abs, "peak_timing": np.abs, "nse": lambda x: 1 - x, "kge": lambda x: 1 - x}
"""What is small when a score is good."""


def frame(basins: Mapping[str, Mapping[str, Any]], table: str) -> pd.DataFrame:
    """Rows of one table of all basins."""
    return pd.DataFrame([row for found in basins.values() for row in found[table]])


def interval(values: np.ndarray, statistic: Callable[..., Any] = np.median) -> tuple[float, float, float]:
    """A statistic over basins and its 95 % bootstrap interval."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return float(statistic(values)) if len(values) else np.nan, np.nan, np.nan
    found = stats.bootstrap(
        (values,), statistic, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return float(statistic(values)), float(found.low), float(found.high)


def scores(basins: Mapping[str, Any]) -> pd.DataFrame:
    """Median of every score in the test period with its interval, one row per model."""
    metrics = frame(basins, "metrics").query("period == 'test'")
    rows = []
    for model, own in metrics.groupby("model", sort=False):
        row: dict[str, Any] = {"model": model, "basins": len(own)}
        for score in SCORES:
            value, low, high = interval(own[score].to_numpy(float))
            row[score] = f"{value:.3f} ({low:.3f} to {high:.3f})"
        rows.append(row)
    return pd.DataFrame(rows)


def targets(basins: Mapping[str, Any]) -> pd.DataFrame:
    """Every target of the skill study: what was wanted, what was measured with its interval, met or missed."""
    metrics = frame(basins, "metrics").query("period == 'test'")
    closure = frame(basins, "closure")
    own = metrics[metrics["model"] == OWN]
    gap = pd.DataFrame([found["gap"] for found in basins.values()]).astype(float)
    size = gap["3"].abs().to_numpy()
    median = interval(own["nse"].to_numpy(float))
    rows = [
        ("median test NSE, closed loop, ensemble", "0.76 or more", *median, median[0] >= 0.76),
        (
            "median size of the gap between open and closed loop",
            "0.005 or less",
            *interval(size),
            np.median(size) <= 0.005,
        ),
        ("90th percentile of the gap's size", "under 0.02", *interval(size, _ninetieth), _ninetieth(size) < 0.02),
        ("basins with NSE below 0", "none", float((own["nse"] < 0).sum()), np.nan, np.nan, not (own["nse"] < 0).any()),
    ]
    for (loop, days), errors in closure.groupby(["loop", "horizon_days"])["closure_percent"]:
        worst = float(errors.max())
        rows.append(
            (f"largest closure error, {loop} loop, {days} d [% of P]", "1 or less", worst, np.nan, np.nan, worst <= 1)
        )
    for score in SCORES[1:]:
        distance = metrics.assign(value=DISTANCE[score](metrics[score])).pivot(
            index="basin", columns="model", values="value"
        )
        medians = distance.median()
        others = medians[[model for model in ("gr4j", "lstm") if model in medians]]
        met = bool((medians[OWN] < others).all())
        wanted = f"better than {', '.join(f'{m} {v:.3f}' for m, v in others.items())}"
        name = f"median {'1 - KGE' if score == 'kge' else f'size of {score}'}"
        rows.append((name, wanted, *interval(distance[OWN].to_numpy()), met))
    table = pd.DataFrame(rows, columns=["quantity", "target", "value", "low", "high", "met"])
    return table.assign(met=np.where(table["met"], "met", "MISSED"))


def _ninetieth(values: np.ndarray, axis: int = -1) -> Any:
    return np.quantile(values, 0.9, axis=axis)


def paired(basins: Mapping[str, Any], published: pd.DataFrame | None) -> pd.DataFrame:
    """Test NSE of the closed loop less that of every other model, basin by basin.

    Wilcoxon signed-rank p (two-sided) and the matched-pairs rank-biserial correlation as effect size (Kerby 2014).
    """
    nse = (
        frame(basins, "metrics")
        .query("period == 'test'")
        .pivot(index="basin", columns="model", values="nse")
        .astype(float)
    )
    if published is not None:
        nse = nse.join(published)
    rows = []
    for model in nse.columns.drop(OWN):
        both = nse[[OWN, model]].dropna()
        difference = (both[OWN] - both[model]).to_numpy()
        if len(difference) < 2 or not difference.any():
            continue
        ranks = stats.rankdata(np.abs(difference))
        effect = float((ranks * np.sign(difference)).sum() / ranks.sum())
        median, low, high = interval(difference)
        p = float(stats.wilcoxon(difference).pvalue)
        rows.append(
            (
                model,
                len(both),
                float(both[model].median()),
                median,
                low,
                high,
                float((difference > 0).mean()),
                p,
                effect,
            )
        )
    columns = ["model", "basins", "its_median", "median_difference", "low", "high", "share_better", "p", "effect"]
    return pd.DataFrame(rows, columns=columns)


def probes(basins: Mapping[str, Any]) -> pd.DataFrame:
    """Share of basins that pass each probe, by model, where it applies."""
    table = frame(basins, "probes").dropna(subset="passed")
    return table.assign(passed=table["passed"].astype(float)).pivot_table(
        index="probe", columns="model", values="passed", sort=False
    )


def intervals(basins: Mapping[str, Any]) -> pd.DataFrame:
    """Median coverage and width of every interval in the test years, and the spread of coverage over basins."""
    grouped = frame(basins, "intervals").groupby(["kind", "level"])
    table = grouped["coverage"].quantile([0.1, 0.5, 0.9]).unstack()
    return table.join(grouped["width"].median()).reset_index()


def variants(found: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """One row per variant: medians over basins, and the paired difference to the default in validation and test."""
    rows = []
    default = pd.DataFrame({basin: row["nse"] for basin, row in found["default"].items()}).T.astype(float)
    for name, by_basin in found.items():
        nse = pd.DataFrame({basin: row["nse"] for basin, row in by_basin.items()}).T.astype(float)
        difference = nse - default.loc[nse.index]
        closure = pd.DataFrame([row["closure_percent"] for row in by_basin.values()]).max()
        gap = (nse["test_open"] - nse["test_closed"]).abs()
        rows.append(
            {
                "variant": name,
                "validation": nse["validation_closed"].median(),
                "difference in validation": difference["validation_closed"].mean(),
                "test": nse["test_closed"].median(),
                "difference in test": difference["test_closed"].mean(),
                "open loop, test": nse["test_open"].median(),
                "gap": gap.median(),
                "largest closure error, open [%]": closure["open"],
                "CPU s": float(np.median([row["cpu_s"] for row in by_basin.values()])),
            }
        )
    return pd.DataFrame(rows)
