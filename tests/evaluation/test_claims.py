"""Verdicts on the study's claims."""

import numpy as np
import pandas as pd
import pytest

from hydronexus.evaluation.aggregate import aggregate
from hydronexus.evaluation.claims import MIN_BASINS
from hydronexus.evaluation.uneven_rain import COLUMNS
from tests.builders import evaluate, evaluate_many

SKILL, CONSISTENCY, EXTRACTION, NONLINEARITY, DEFORMATION, WITHIN, INFORMED, EXPLAINED, SPEED = range(9)


def claim(evaluations, which):
    return aggregate(evaluations)["claims"].iloc[which]


def set_rows(evaluations, part, **values):
    for evaluation in evaluations:
        for row in evaluation[part]:
            row.update(values)
    return evaluations


def test_fewer_than_ten_real_basins_leave_every_tested_claim_undecided():
    verdicts = aggregate(evaluate_many(MIN_BASINS - 1, gr4j=-0.2))["claims"]["verdict"]
    assert list(verdicts) == ["undecided"] * 4 + ["not yet tested"] * 5


def test_skill_equal_to_the_lstm_and_above_gr4j_is_supported():
    row = claim(evaluate_many(12, gr4j=-0.1), SKILL)
    assert row["verdict"] == "supported"
    assert row["value"] == pytest.approx(0, abs=0.005)
    assert row["low"] <= row["value"] <= row["high"]
    assert row["p"] < 0.05
    assert row["n"] == 12
    assert "+0.1" in row["sentence"]


def test_skill_clearly_below_the_lstm_is_not_supported():
    assert claim(evaluate_many(12, lstm=0.1, gr4j=-0.1), SKILL)["verdict"] == "not supported"


def test_skill_below_gr4j_is_not_supported():
    assert claim(evaluate_many(12, gr4j=0.1), SKILL)["verdict"] == "not supported"


def test_skill_no_better_than_gr4j_is_undecided():
    evaluations = evaluate_many(12)
    for i, evaluation in enumerate(evaluations):
        for row in evaluation["metrics"]:
            if row["model"] == "gr4j":
                row["nse"] += 0.05 * (-1) ** i
    assert claim(evaluations, SKILL)["verdict"] == "undecided"


def test_a_study_without_baselines_says_so_and_stays_undecided():
    evaluations = evaluate_many(12)
    for evaluation in evaluations:
        evaluation["metrics"] = [row for row in evaluation["metrics"] if row["model"] not in ("lstm", "gr4j")]
    row = claim(evaluations, SKILL)
    assert (row["verdict"], row["n"]) == ("undecided", 0)
    assert "not measured against LSTM" in row["sentence"]


def test_virtual_basins_do_not_count():
    virtual = evaluate("virtual_b", virtual=True, snow=False)
    assert claim([*evaluate_many(9), virtual], SKILL)["n"] == 9
    assert claim([virtual], CONSISTENCY)["n"] == 0


def test_small_gap_and_exact_closure_support_consistency():
    row = claim(evaluate_many(12, nexus=0.002), CONSISTENCY)
    assert row["verdict"] == "supported"
    assert row["value"] == pytest.approx(0.002, abs=0.001)


def test_a_wide_gap_is_not_supported():
    assert claim(evaluate_many(12, nexus=0.05), CONSISTENCY)["verdict"] == "not supported"


def test_one_leaking_store_in_one_basin_is_enough_against_consistency():
    evaluations = evaluate_many(12)
    evaluations[3]["closure"][0]["closure_percent"] = 1.5
    row = claim(evaluations, CONSISTENCY)
    assert row["verdict"] == "not supported"
    assert "1.5 % of precipitation (demo_003, snow store" in row["sentence"]


@pytest.mark.parametrize(
    ("word", "verdict"), [("identified", "supported"), ("weak", "supported"), ("unidentified", "not supported")]
)
def test_extraction_goes_by_the_verdicts_on_every_process(word, verdict):
    row = claim(set_rows(evaluate_many(12), "responses", verdict=word), EXTRACTION)
    assert row["value"] == (0 if word == "unidentified" else 1)
    assert row["verdict"] == verdict
    assert f"recharge: 12 {word}" in row["sentence"]


def test_processes_that_nobody_assessed_do_not_support_extraction():
    evaluations = set_rows(evaluate_many(12), "responses", verdict="not assessed")
    assert claim(evaluations, EXTRACTION)["verdict"] == "not supported"


def test_elasticity_intervals_that_exclude_one_support_nonlinearity():
    row = claim(
        set_rows(evaluate_many(12), "responses", elasticity_low=1.1, elasticity_high=1.4, t50=5.0),
        NONLINEARITY,
    )
    assert row["verdict"] == "supported"
    assert row["value"] == 1
    assert row["p"] == pytest.approx(0.5**12)


def test_elasticity_intervals_that_hold_one_do_not():
    row = claim(set_rows(evaluate_many(12), "responses", elasticity_low=0.9, elasticity_high=1.4), NONLINEARITY)
    assert row["verdict"] == "not supported"
    assert row["value"] == 0


def test_a_response_without_memory_is_not_supported_either():
    evaluations = set_rows(evaluate_many(12), "responses", elasticity_low=1.1, elasticity_high=1.4, t50=0.0)
    assert claim(evaluations, NONLINEARITY)["verdict"] == "not supported"


def test_claims_this_run_cannot_test_hold_no_number():
    claims = aggregate(evaluate_many(12))["claims"].iloc[[DEFORMATION, SPEED]]
    assert list(claims["verdict"]) == ["not yet tested"] * 2
    assert np.isnan(claims[["value", "low", "high", "p"]].to_numpy(float)).all()


def on_a_grid(evaluations, deformation_of):
    """Tables of a study whose infiltration is deformed by a function of the CV of its rain."""
    rng = np.random.default_rng(0)
    rows = []
    for evaluation in evaluations:
        cv = rng.uniform(0.3, 1.5)
        for row in evaluation["responses"]:
            row["deformation"] = deformation_of(cv) if row["process"] == "infiltration" else rng.uniform()
        rows.append((evaluation["metrics"][0]["basin"], "g", 50, "all", "all", "conditional_cv", cv))
    names = ["basin", "grid", "cells", "season", "intensity", "statistic", "value"]
    return aggregate(evaluations, [pd.DataFrame(rows, columns=names)])["claims"].iloc[DEFORMATION]


@pytest.mark.parametrize(("sign", "verdict"), [(1, "supported"), (-1, "not supported")])
def test_deformation_that_goes_with_gridded_rain_is_judged_by_its_sign(sign, verdict):
    row = on_a_grid(evaluate_many(20), lambda cv: 1 + sign * 0.5 * cv)
    assert row["verdict"] == verdict
    assert sign * row["value"] > 0.9
    assert row["n"] == 20


def test_deformation_on_few_grids_is_undecided():
    assert on_a_grid(evaluate_many(9), lambda cv: cv)["verdict"] == "undecided"


def with_uneven_rain(count, **values):
    """Evaluations whose basins know their rain's heterogeneity by time; values may differ by basin."""
    evaluations = evaluate_many(count)
    known = {"steps": 900, "cv_even": 0.3, "cv_uneven": 0.9}
    for index, evaluation in enumerate(evaluations):
        own = {name: value[index] if np.ndim(value) else value for name, value in values.items()}
        names = {name: evaluation["metrics"][0][name] for name in ("basin", "dataset")}
        evaluation["uneven_rain"] = [dict.fromkeys(COLUMNS, np.nan) | names | known | own]
    return evaluations


@pytest.mark.parametrize(
    ("count", "missed", "error", "verdict"),
    [
        (8, 0.06, 0.02, "supported"),
        (8, -0.03, 0.02, "not supported"),
        (8, 0.03, 0.08, "undecided"),
        (2, 0.06, 0.02, "undecided"),
    ],
)
def test_uneven_rain_within_basins_is_pooled_with_its_errors(count, missed, error, verdict):
    noise = 0.02 * np.random.default_rng(1).standard_normal(count)
    row = claim(with_uneven_rain(count, contrast_missed=missed + noise, contrast_missed_error=error), WITHIN)
    assert row["verdict"] == verdict
    assert row["value"] == pytest.approx((missed + noise).mean(), abs=0.01)
    assert row["n"] == count


def test_basins_that_differ_by_more_than_their_errors_widen_the_interval():
    missed = np.tile([-0.1, 0.2], 6)
    row = claim(with_uneven_rain(12, contrast_missed=missed, contrast_missed_error=0.01), WITHIN)
    assert row["high"] - row["low"] > 0.15


@pytest.mark.parametrize(("gain", "verdict"), [(0.02, "supported"), (-0.02, "not supported")])
def test_knowing_unlike_rain_is_judged_against_the_placebo(gain, verdict):
    evaluations = evaluate_many(12)
    for index, evaluation in enumerate(evaluations):
        (row,) = (r for r in evaluation["metrics"] if (r["model"], r["period"]) == ("nexus_closed", "test"))
        for model, nse in (("nexus_placebo", 0.7), ("nexus_heterogeneity", 0.7 + gain + 1e-3 * index)):
            evaluation["metrics"].append(row | {"model": model, "nse": nse})
    row = claim(evaluations, INFORMED)
    assert row["verdict"] == verdict
    assert row["value"] == pytest.approx(gain + 5.5e-3)


@pytest.mark.parametrize(("share", "verdict"), [(0.5, "supported"), (2.0, "not supported")])
def test_deformation_that_shrinks_where_heterogeneity_is_known_is_judged_against_the_placebo(share, verdict):
    placebo = np.linspace(0.2, 0.6, 12)
    learned = {"deformation_mean_rain": placebo, "deformation_placebo": placebo}
    effects = {"effect_heterogeneity": -0.4, "effect_placebo": 0.0}
    row = claim(with_uneven_rain(12, deformation_heterogeneity=share * placebo, **learned, **effects), EXPLAINED)
    assert row["verdict"] == verdict
    assert row["value"] == pytest.approx(np.log(share))
    assert "-33.0 %" in row["sentence"]


def test_sentences_never_print_nan():
    for evaluations in ([], evaluate_many(1), evaluate_many(12)):
        assert not aggregate(evaluations)["claims"]["sentence"].str.contains(r"\bnan\b").any()
