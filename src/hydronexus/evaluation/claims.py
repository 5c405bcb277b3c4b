"""The claims of the study this software tests, each with a number and a verdict by rule."""

import math
from collections.abc import Callable
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

MIN_BASINS = 10  # fewer real basins leave every claim undecided
LEVEL = 0.05  # of every test
SKILL_MARGIN = 0.02  # NSE below the LSTM that still counts as "as well as"
CLOSURE_LIMIT = 1.0  # percent of precipitation
GAP_LIMIT = 0.005  # NSE
SMALL = 0.2  # rank correlation that would not be called a driver
RESAMPLES = 2000
PROCESSES = ("interception", "infiltration", "evapotranspiration", "routing", "recharge")
MODELS = ["nexus", "nexus_closed", "lstm", "gr4j", "nexus_heterogeneity", "nexus_placebo"]
CONSULTED = ("metrics", "closure", "responses", "uneven_rain")
MIN_POOLED = 3  # basins that are experiments of their own, over thousands of days each
NEGLIGIBLE = 0.01  # share of rain that would not be called an effect
PLACEBO = 0.006  # share of rain found on average where the CV that is told is made up (benchmarks/claims.py)
Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Claim:
    """One judged claim; numbers are NaN where nothing was measured.

    Parameters
    ----------
    claim, statistic : str
        What is claimed, and what was measured with its unit.
    value, low, high : float
        The statistic and its 95 % interval.
    p : float
        Of the test of the claim.
    n : int
        Real basins behind it.
    verdict : str
        supported, not supported, undecided or not yet tested.
    sentence : str
        The finding in numbers.
    """

    claim: str
    statistic: str
    value: float
    low: float
    high: float
    p: float
    n: int
    verdict: str
    sentence: str


def claims(tables: Tables) -> pd.DataFrame:
    """Judge every claim on a study's real basins; virtual ones (with rows in `recovery`) do not count.

    Parameters
    ----------
    tables : dict of pandas.DataFrame
        metrics, closure, responses, recovery, uneven_rain and drivers of
        :func:`hydronexus.evaluation.aggregate.aggregate`.

    Returns
    -------
    pandas.DataFrame
        One row per claim: claim, statistic, value, low, high, p, n, verdict, sentence.
    """
    virtual = set(tables["recovery"]["basin"])
    real = {name: tables[name][~tables[name]["basin"].isin(virtual)] for name in CONSULTED}
    real["drivers"] = tables["drivers"]
    return pd.DataFrame([astuple(judge(real)) for judge in JUDGES], columns=list(Claim.__dataclass_fields__))


def _skill(tables: Tables) -> Claim:
    """Within a margin of the LSTM and above GR4J: both one-sided Wilcoxon tests reject; p is the larger."""
    nse = _test_nse(tables["metrics"])
    worse, better, parts, results = [], [], [], []
    for baseline, margin in (("lstm", SKILL_MARGIN), ("gr4j", 0.0)):
        difference = (nse["nexus_closed"] - nse[baseline]).dropna().to_numpy()
        low, high = _interval(difference)
        better.append(_wilcoxon(difference + margin, "greater"))
        worse.append(_wilcoxon(difference + margin, "less"))
        median = float(np.median(difference)) if len(difference) else math.nan
        results.append((median, low, high, len(difference)))
        label = baseline.upper()
        parts.append(
            f"{median:+.3f} against {label} ({_precision(low, high, better[-1])}{_basins(len(difference))})"
            if len(difference)
            else f"not measured against {label}"
        )
    n = min(result[3] for result in results)
    p = max(better) if all(map(math.isfinite, better)) else math.nan
    if n < MIN_BASINS:
        verdict = "undecided"
    else:
        verdict = "supported" if p < LEVEL else "not supported" if min(worse) < LEVEL else "undecided"
    return Claim(
        "Simulates streamflow as well as pure deep learning, and better than conventional conceptual models",
        "median NSE(nexus, closed loop) - NSE(LSTM), test [-]",
        *results[0][:3],
        p,
        n,
        verdict,
        f"Median difference in test NSE of the closed loop: {'; '.join(parts)}. As well as the LSTM "
        f"means less than {SKILL_MARGIN} below it.{_too_few(n)}",
    )


def _consistency(tables: Tables) -> Claim:
    nse = _test_nse(tables["metrics"])
    gap = (nse["nexus"] - nse["nexus_closed"]).dropna().to_numpy()
    n = len(gap)
    low, high = _interval(gap)
    median = float(np.median(gap)) if n else math.nan
    closure = tables["closure"].dropna(subset="closure_percent")
    worst = closure.loc[closure["closure_percent"].idxmax()] if len(closure) else None
    sentence, verdict = "No real basin was evaluated.", "undecided"
    if n and worst is not None:
        met = worst["closure_percent"] <= CLOSURE_LIMIT and median <= GAP_LIMIT
        if n >= MIN_BASINS:
            verdict = "supported" if met else "not supported"
        sentence = (
            f"Median closed-loop gap {median:+.4f} NSE ({_precision(low, high)}{_basins(n)}; "
            f"limit {GAP_LIMIT}); largest closure error {worst['closure_percent']:.2g} % of precipitation "
            f"({worst['basin']}, {worst['store']} store, {worst['loop']} loop, {worst['horizon_days']} d; "
            f"limit {CLOSURE_LIMIT:g} %).{_too_few(n)}"
        )
    return Claim(
        "Physically consistent through residual-style loss regulation that embeds mass conservation",
        "median NSE(open loop) - NSE(closed loop), test [-]",
        median, low, high, math.nan, n, verdict, sentence,
    )  # fmt: skip


def _extraction(tables: Tables) -> Claim:
    """More than half of all pairs of basin and process deserve belief, by the verdicts calibrated on virtual truth."""
    responses = tables["responses"][tables["responses"]["process"].isin(PROCESSES)]
    pairs, n = len(responses), responses["basin"].nunique()
    believed = responses["verdict"].isin(["identified", "weak"])
    count = int(believed.sum())
    numbers, verdict = (math.nan,) * 4, "undecided"
    if pairs:
        test = stats.binomtest(count, pairs, alternative="greater")
        interval = stats.binomtest(count, pairs).proportion_ci(method="wilson")
        numbers = (count / pairs, interval.low, interval.high, test.pvalue)
        if n >= MIN_BASINS:
            verdict = "supported" if interval.low > 0.5 else "not supported" if interval.high < 0.5 else "undecided"
    said = responses.groupby("process")["verdict"].value_counts().unstack(fill_value=0)
    parts = [
        f"{process}: {', '.join(f'{number} {word}' for word, number in said.loc[process].items() if number)}"
        for process in PROCESSES
        if process in said.index
    ]
    return Claim(
        "Interception, infiltration, evapotranspiration, routing, recharge emerge as extractable functions",
        "share of basins x processes identified or weakly identified [-]",
        *numbers, n, verdict,
        f"Of {pairs} pairs of basin and process, {count} are identified at least weakly ({_basins(n)}). "
        f"{'; '.join(parts)}{'.' if parts else ''}{_too_few(n)}",
    )  # fmt: skip


def _nonlinearity(tables: Tables) -> Claim:
    """Most basins nonlinear by a sign test, and half of the median basin's response a day late or more."""
    flow = tables["responses"].query("process == 'streamflow'").dropna(subset=["elasticity_low", "elasticity_high"])
    n = len(flow)
    if not n:
        numbers, verdict, sentence = (
            (math.nan,) * 4,
            "undecided",
            "No real basin has an interval of its elasticity.",
        )
    else:
        curved = int(((flow["elasticity_low"] > 1) | (flow["elasticity_high"] < 1)).sum())
        test = stats.binomtest(curved, n, alternative="greater")
        interval = stats.binomtest(curved, n).proportion_ci(method="wilson")
        numbers = (curved / n, interval.low, interval.high, test.pvalue)
        memory = float(flow["t50"].median())
        if n < MIN_BASINS:
            verdict = "undecided"
        elif test.pvalue < LEVEL and memory >= 1:
            verdict = "supported"
        elif stats.binomtest(curved, n, alternative="less").pvalue < LEVEL or memory < 1:
            verdict = "not supported"
        else:
            verdict = "undecided"
        sentence = (
            f"The elasticity of streamflow to rain excludes 1 in {curved} of {_basins(n)} "
            f"(median {flow['elasticity'].median():.2f}); half of the response has passed after "
            f"{memory:.1f} d in the median basin.{_too_few(n)}"
        )
    return Claim(
        "The functions show pronounced nonlinearity and memory",
        "share of basins whose interval of the streamflow elasticity excludes 1 [-]",
        *numbers, n, verdict, sentence,
    )  # fmt: skip


def _deformation(tables: Tables) -> Claim:
    """Infiltration, the process that rain drives most, is the more deformed the less alike rain is, by its grid."""
    claim = "Deformation from field to catchment scale is driven by the spatial heterogeneity of precipitation"
    statistic = "partial rank correlation of the deformation of infiltration with the CV of rain over the wet area [-]"
    found = tables["drivers"]
    found = found[(found["measure"] == "deformation") & found["rho"].notna()]
    proxy = found["proxy"].astype(bool)
    gridded = found[~proxy & (found["driver"] == "conditional_cv")]
    own = gridded[gridded["process"] == "infiltration"]
    if own.empty:
        aside = _associated(found[proxy], "A proxy of time, not of space, the CV of rainy days' depth,")
        return _untested(claim, statistic, f"Too few basins of this study have gridded rain. {aside}".strip())
    row = own.iloc[0]
    n, p = int(row["n"]), float(row["p_adjusted"])
    verdict = "undecided"
    if n >= MIN_BASINS and p < LEVEL:
        verdict = "supported" if row["rho"] > 0 else "not supported"
    elif n >= MIN_BASINS and row["high"] < SMALL:
        verdict = "not supported"
    sentence = (
        f"Given {row['controls'] or 'no controls'}: {row['rho']:+.2f} ({_precision(row['low'], row['high'], p)}"
        f"{_basins(n)}). {_associated(gridded.drop(own.index), 'The same CV')} "
        f"Errors of rain deform laws in like manner (docs/benchmarks/claims.md).{_too_few(n)}"
    )
    return Claim(claim, statistic, row["rho"], row["low"], row["high"], p, n, verdict, sentence)


def _within(tables: Tables) -> Claim:
    """Pooled over basins with random effects, uneven rain runs off more than even rain of like depth and season."""
    found = tables["uneven_rain"].dropna(subset=["contrast_missed", "contrast_missed_error"])
    claim = "Within a basin, uneven rain runs off more than even rain of the same depth and season"
    statistic = "runoff of the most uneven third less the most even, beyond what mean rain explains [share of rain]"
    n = len(found)
    if not n:
        return _untested(claim, statistic, "No real basin of this study has its rain's heterogeneity by time.")
    value, error = float(found["contrast_missed"].iloc[0]), float(found["contrast_missed_error"].iloc[0])
    if n > 1:
        pooled = combine_effects(found["contrast_missed"], found["contrast_missed_error"] ** 2, method_re="dl")
        # The library lets the variance between basins be negative; there is then none to see.
        if pooled.tau2 > 0:
            value, error = float(pooled.mean_effect_re), float(pooled.sd_eff_w_re)
        else:
            value, error = float(pooled.mean_effect_fe), float(pooled.sd_eff_w_fe)
    low, high = value - 1.96 * error, value + 1.96 * error
    p = float(2 * stats.norm.sf(abs(value) / error))
    verdict = "undecided"
    if n >= MIN_POOLED and (low > PLACEBO or high < NEGLIGIBLE):
        verdict = "supported" if low > PLACEBO else "not supported"
    each = [
        f"{row.basin} {row.contrast_missed:+.3f} ± {row.contrast_missed_error:.3f}"
        for row in found.head(10).itertuples()
    ]
    return Claim(
        claim, statistic, value, low, high, p, n, verdict,
        f"Pooled over {_basins(n)} by random effects: {value:+.3f} (95 % interval {low:+.3f} to {high:+.3f}, "
        f"p {p:.2g}), where placebos of virtual catchments give {PLACEBO:+.3f}; the mean of CV rises from "
        f"{found['cv_even'].median():.2f} to {found['cv_uneven'].median():.2f} between thirds. "
        f"With standard errors: {', '.join(each)}{', ...' if n > len(each) else '.'} "
        f"Observed streamflow alone: {found['contrast_observed'].median():+.3f}, "
        f"simulated from mean rain: {found['contrast_simulated'].median():+.3f} (medians).",
    )  # fmt: skip


def _informed(tables: Tables) -> Claim:
    """A model that knows the heterogeneity of rain beats the same model with a shuffled one."""
    claim = "Knowing how unlike rain is improves simulated streamflow"
    statistic = "median NSE(CV of rain as an input) - NSE(the same, shuffled in time), test [-]"
    nse = _test_nse(tables["metrics"])
    pairs = nse[["nexus_heterogeneity", "nexus_placebo", "nexus_closed"]].dropna()
    gain = (pairs["nexus_heterogeneity"] - pairs["nexus_placebo"]).to_numpy()
    n = len(gain)
    if not n:
        return _untested(
            claim, statistic, "Needs `baselines: [..., heterogeneity]` and basins with known heterogeneity."
        )
    low, high = _interval(gain)
    p = _wilcoxon(gain, "greater")
    verdict = "undecided"
    if n >= MIN_BASINS and p < LEVEL:
        verdict = "supported"
    elif n >= MIN_BASINS and (high < SKILL_MARGIN or _wilcoxon(gain, "less") < LEVEL):
        verdict = "not supported"
    over = float((pairs["nexus_heterogeneity"] - pairs["nexus_closed"]).median())
    placebo = float((pairs["nexus_placebo"] - pairs["nexus_closed"]).median())
    return Claim(
        claim, statistic, float(np.median(gain)), low, high, p, n, verdict,
        f"Median gain in test NSE over the placebo {np.median(gain):+.4f} ({_precision(low, high, p)}{_basins(n)}); "
        f"over the model of mean rain {over:+.4f}, where the placebo gains {placebo:+.4f}.{_too_few(n)}",
    )  # fmt: skip


def _explained(tables: Tables) -> Claim:
    """The deformation of infiltration is smaller where the law knows the heterogeneity of rain and it is small."""
    claim = "Deformation shrinks where the model knows how unlike rain is"
    statistic = "median of ln(deformation under even rain, heterogeneity known / the same, placebo), infiltration [-]"
    found = tables["uneven_rain"].dropna(subset=["deformation_heterogeneity", "deformation_placebo"])
    ratio = np.log(found["deformation_heterogeneity"] / found["deformation_placebo"]).to_numpy()
    n = len(ratio)
    if not n:
        return _untested(
            claim, statistic, "Needs `baselines: [..., heterogeneity]` and basins with known heterogeneity."
        )
    low, high = _interval(ratio)
    p = _wilcoxon(ratio, "less")
    verdict = "undecided"
    if n >= MIN_BASINS and (p < LEVEL or _wilcoxon(ratio, "greater") < LEVEL):
        verdict = "supported" if p < LEVEL else "not supported"
    effect = found[["effect_heterogeneity", "effect_placebo"]].median()
    return Claim(
        claim, statistic, float(np.median(ratio)), low, high, p, n, verdict,
        f"Median deformation {found['deformation_mean_rain'].median():.3f} learned from mean rain, "
        f"{found['deformation_heterogeneity'].median():.3f} under even rain with heterogeneity known, "
        f"{found['deformation_placebo'].median():.3f} with the placebo ({_precision(low, high, p)}{_basins(n)}). From "
        f"even to uneven rain, infiltration changes by {100 * math.expm1(effect.iloc[0]):+.1f} % "
        f"(placebo {100 * math.expm1(effect.iloc[1]):+.1f} %).{_too_few(n)}",
    )  # fmt: skip


def _associated(rows: pd.DataFrame, driver: str) -> str:
    if rows.empty:
        return ""
    parts = [f"{row.process} {row.rho:+.2f} (p {row.p_adjusted:.2g})" for row in rows.itertuples()]
    return f"{driver} goes with the deformation of {', '.join(parts)}."


def _speed(tables: Tables) -> Claim:
    return _untested(
        "Reduced recurrent dependence makes training parallel",
        "training time of a sequential run over that of the nexus [-]",
        "Measured by `python benchmarks/training.py --only sequential` (docs/benchmarks/training.md), not by a study.",
    )


JUDGES: tuple[Callable[[Tables], Claim], ...] = (
    _skill, _consistency, _extraction, _nonlinearity, _deformation, _within, _informed, _explained, _speed,
)  # fmt: skip


def _untested(claim: str, statistic: str, sentence: str) -> Claim:
    return Claim(claim, statistic, math.nan, math.nan, math.nan, math.nan, 0, "not yet tested", sentence)


def _test_nse(metrics: pd.DataFrame) -> pd.DataFrame:
    """Test NSE with one row per basin and one column per model, NaN where a model was not run."""
    test = metrics[metrics["period"] == "test"].pivot(index="basin", columns="model", values="nse")
    return test.reindex(columns=MODELS)


def _interval(values: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of the median over basins."""
    if len(values) < 2:
        return math.nan, math.nan
    result = stats.bootstrap(
        (values,), np.median, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(0)
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _wilcoxon(values: np.ndarray, alternative: str) -> float:
    if len(values) < 2 or not np.any(values):
        return math.nan
    return float(stats.wilcoxon(values, alternative=alternative).pvalue)


def _precision(low: float, high: float, p: float = math.nan) -> str:
    """Interval and p as they stand in a sentence, where they exist."""
    text = f"95 % interval {low:+.3f} to {high:+.3f}, " if math.isfinite(low) else ""
    return text + (f"p {p:.2g}, " if math.isfinite(p) else "")


def _basins(n: int) -> str:
    return f"{n} basin{'s' if n != 1 else ''}"


def _too_few(n: int) -> str:
    return f" No verdict is passed on fewer than {MIN_BASINS} real basins." if n < MIN_BASINS else ""
