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


def interval(values: Any, statistic: Callable[..., Any] = np.median) -> tuple[float, float, float]:
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
    """Every target of the skill study: what was wanted, what was measured with its interval, met or missed, and why."""
    metrics = frame(basins, "metrics")
    test = metrics[metrics["period"] == "test"]
    closure = frame(basins, "closure")
    nse = metrics[metrics["model"] == OWN].pivot(index="basin", columns="period", values="nse").astype(float)
    gap = pd.Series({name: abs(found["gap"]["3"]) for name, found in basins.items()})
    median, middle, most = interval(nse["test"]), interval(gap), interval(gap, _ninetieth)
    below = nse.index[nse["test"] < 0].tolist()
    rows: list[tuple] = [
        ("median test NSE, closed loop, ensemble", "0.76 or more", *median, median[0] >= 0.76, _shortfall(nse)),
        ("median size of the gap, three scans", "0.005 or less", *middle, middle[0] <= 0.005, _widest(gap, basins)),
        ("90th percentile of the gap's size", "under 0.02", *most, most[0] < 0.02, _widest(gap, basins)),
        ("basins with NSE below 0", "none", len(below), np.nan, np.nan, not below, ", ".join(below)),
    ]
    for (loop, days), errors in closure.groupby(["loop", "horizon_days"])["closure_percent"]:
        worst = float(errors.max())
        name = f"largest closure error, {loop} loop, {days} d [% of P]"
        rows.append((name, "1 or less", worst, np.nan, np.nan, worst <= 1, ""))
    for score in SCORES[1:]:
        values = test.assign(value=DISTANCE[score](test[score].astype(float)))
        distance = values.pivot(index="basin", columns="model", values="value")
        medians = distance.median()
        others = medians[[model for model in ("gr4j", "lstm") if model in medians]]
        wanted = f"less than {', '.join(f'{model} {value:.3g}' for model, value in others.items())}"
        name = f"median {'1 - KGE' if score == 'kge' else f'size of {score}'}"
        won = {model: float((distance[OWN] < distance[model]).mean()) for model in others.index}
        why = "; ".join(f"smaller than {model}'s in {100 * share:.0f} % of basins" for model, share in won.items())
        rows.append((name, wanted, *interval(distance[OWN]), bool((medians[OWN] < others).all()), why))
    table = pd.DataFrame(rows, columns=["quantity", "target", "value", "low", "high", "met", "found with it"])
    return table.assign(met=np.where(table["met"], "met", "MISSED"))


def _shortfall(nse: pd.DataFrame) -> str:
    """Where skill is lost: already in training, on other years, or in single basins."""
    medians = nse[["train", "validation", "test"]].median()
    low = nse["test"].nsmallest(3)
    return (
        f"medians {medians['train']:.3f} in training, {medians['validation']:.3f} in validation; "
        f"lowest {', '.join(f'{basin} {value:.2f}' for basin, value in low.items())}"
    )


def _widest(gap: pd.Series, basins: Mapping[str, Any]) -> str:
    aridity = {name: found["climate"][0]["aridity"] for name, found in basins.items()}
    return "widest " + ", ".join(
        f"{basin} {value:.3f} (aridity {aridity[basin]:.1f})" for basin, value in gap.nlargest(3).items()
    )


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


TARGETED = ("infiltration", "surface_runoff", "soil_evapotranspiration", "recharge", "baseflow")


def variants(found: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """One row per variant: medians over real basins, mean differences to the default, recovery of virtual truth."""
    rows = []
    default = _nse(found["default"])
    for name, by_basin in found.items():
        nse = _nse(by_basin)
        difference = nse - default.loc[nse.index]
        closure = pd.DataFrame([row["closure_percent"] for row in by_basin.values()]).max()
        recovered = [
            row
            for one in by_basin.values()
            for row in one["recovery"]
            if row["loop"] == "closed" and row["variable"] in TARGETED
        ]
        rows.append(
            {
                "variant": name,
                "basins": len(nse),
                "validation": nse["validation_closed"].median(),
                "difference in validation": difference["validation_closed"].mean(),
                "test": nse["test_closed"].median(),
                "difference in test": difference["test_closed"].mean(),
                "open loop, test": nse["test_open"].median(),
                "gap": (nse["test_open"] - nse["test_closed"]).abs().median(),
                "closure error, open [%]": closure["open"],
                "error of totals [%]": np.median([abs(row["total_error_percent"]) for row in recovered] or [np.nan]),
                "correlation": np.median([row["correlation"] for row in recovered] or [np.nan]),
                "CPU s": float(np.median([row["cpu_s"] for row in by_basin.values()])),
            }
        )
    return pd.DataFrame(rows)


def _nse(by_basin: Mapping[str, Any]) -> pd.DataFrame:
    real = {basin: row["nse"] for basin, row in by_basin.items() if not row["recovery"]}
    return pd.DataFrame(real).T.astype(float)
