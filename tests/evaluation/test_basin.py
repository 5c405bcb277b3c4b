"""The evaluation of one basin, as it is written to JSON."""

import json

import numpy as np
import pytest

from hydronexus.evaluation.basin import evaluate_basin
from hydronexus.evaluation.identifiability import VERDICTS
from hydronexus.evaluation.skill import nse
from tests.builders import PERIODS, WARMUP_DAYS, build_basin, evaluate


def metric(evaluation, model, period="test"):
    return next(r for r in evaluation["metrics"] if (r["model"], r["period"]) == (model, period))


def evaluate_stores(forcing, simulation, baselines, response):
    return evaluate_basin(forcing, simulation, baselines, response, PERIODS, WARMUP_DAYS, "demo_a", "demo")


def stores(basin):
    return basin.forcing, basin.simulation, basin.baselines, basin.response


def test_it_is_strict_json_with_every_part():
    evaluation = evaluate()
    lists = {"metrics", "closure", "responses", "recovery", "probes", "intervals", "climate", "uneven_rain"}
    assert set(evaluation) == lists | {"notes", "quarantine"}
    assert evaluation["quarantine"] is None
    assert json.loads(json.dumps(evaluation, allow_nan=False)) == evaluation


def test_every_model_is_scored_in_every_period():
    pairs = {(row["model"], row["period"]) for row in evaluate()["metrics"]}
    models, periods = ("nexus", "nexus_closed", "lstm", "gr4j", "prescribed"), ("train", "validation", "test")
    assert pairs == {(model, period) for model in models for period in periods}


def test_scores_are_those_of_the_ensemble_mean_inside_the_period():
    basin = build_basin()
    test = slice("2003-10-01", "2005-09-30")
    closed = basin.simulation["streamflow"].sel(loop="closed", time=test).mean("seed")
    expected = nse(basin.forcing["streamflow"].sel(time=test), closed)
    assert metric(evaluate(), "nexus_closed")["nse"] == pytest.approx(expected, abs=1e-6)


def test_both_days_of_a_period_are_scored_and_missing_observations_are_not():
    basin = build_basin()
    missing = int(basin.forcing["streamflow"].isnull().sum())
    assert missing > 0
    assert metric(evaluate(), "lstm", "train")["n"] == 365 - missing
    assert metric(evaluate(), "lstm", "test")["n"] == 731


def test_steps_in_the_warm_up_are_not_scored():
    basin = build_basin()
    later = basin.forcing["time"].values >= np.datetime64("2001-07-01")
    cut = [d.isel(time=later) for d in stores(basin)[:3]]
    evaluation = evaluate_stores(*cut, basin.response)
    assert metric(evaluation, "gr4j", "validation")["n"] == (
        np.datetime64("2002-10-01") - np.datetime64("2002-07-01")
    ).astype(int)


def test_loops_carry_their_own_closure_and_the_closed_loop_nse_and_baselines_do_not():
    evaluation = evaluate()
    nexus, closed, lstm = (metric(evaluation, model) for model in ("nexus", "nexus_closed", "lstm"))
    assert nexus["nse_closed_loop"] == closed["nse"]
    worst = max(r["closure_percent"] for r in evaluation["closure"] if r["loop"] == "open" and r["horizon_days"] == 30)
    assert nexus["closure_percent_30d"] == worst
    assert lstm["nse_closed_loop"] is None
    assert lstm["closure_percent_1d"] is None


def test_only_models_with_members_have_a_member_median():
    evaluation = evaluate()
    assert metric(evaluation, "gr4j")["nse_member_median"] is None
    # The mean of noisy members is better than a typical member.
    assert metric(evaluation, "lstm")["nse_member_median"] < metric(evaluation, "lstm")["nse"]


def test_a_study_without_baselines_is_evaluated():
    basin = build_basin()
    evaluation = evaluate_stores(
        basin.forcing, basin.simulation, basin.baselines.drop_vars(["lstm", "gr4j", "prescribed"]), basin.response
    )
    assert {row["model"] for row in evaluation["metrics"]} == {"nexus", "nexus_closed"}


def test_responses_have_one_row_per_process_with_law_and_equation_where_there_is_one():
    rows = {row["process"]: row for row in evaluate()["responses"]}
    assert {"streamflow", "interception", "evapotranspiration", "recharge", "routing"} <= set(rows)
    assert rows["infiltration"]["field_equation"].startswith("min(P, f)")
    assert 0 < rows["infiltration"]["law_spread"] < 0.5
    assert rows["streamflow"]["law_spread"] is None
    assert (
        rows["streamflow"]["elasticity_low"] < rows["streamflow"]["elasticity"] < rows["streamflow"]["elasticity_high"]
    )
    assert rows["streamflow"]["verdict"] == "observed"
    assert rows["routing"]["verdict"] == "not assessed"
    assert rows["infiltration"]["verdict"] in (*VERDICTS, "not assessed")
    assert rows["infiltration"]["ensemble_spread"] > 0
    assert rows["infiltration"]["ensemble_agreement"] <= 1


def test_nonlinearity_deformation_and_mixing_stand_with_the_range_of_members():
    rows = {row["process"]: row for row in evaluate()["responses"]}
    flow, infiltration = rows["streamflow"], rows["infiltration"]
    assert (flow["nonlinearity_low"], flow["nonlinearity_high"]) == pytest.approx((0.3, 0.32))
    assert flow["memory"] == 180
    assert infiltration["memory"] is None
    assert infiltration["deformation_low"] < infiltration["deformation"] < infiltration["deformation_high"]
    assert infiltration["mixing_gain"] == pytest.approx(0.6)
    assert infiltration["mixed_equation"].startswith("Horton 1933, mixed")
    assert rows["recharge"]["mixing_gain"] is None
    assert rows["recharge"]["mixed_equation"] is None
    assert rows["routing"]["field_equation"].startswith("Nash 1957")


def test_law_spread_is_the_median_coefficient_of_variation_over_visited_cells_only():
    basin = build_basin()
    response = basin.response.copy(deep=True)
    law = response["law"].transpose("process", "seed", "x", "y")
    law[:] = 100.0 * np.arange(3)[None, :, None, None]  # nowhere visited: a huge spread
    visited = response["law_visited"].values
    law.values[:] = np.where(visited[:, None], np.array([9.0, 10.0, 11.0])[None, :, None, None], law.values)
    response["law"] = law.assign_attrs(basin.response["law"].attrs)
    evaluation = evaluate_stores(*stores(basin)[:3], response)
    spread = {row["process"]: row["law_spread"] for row in evaluation["responses"]}
    assert spread["baseflow"] == pytest.approx(0.1)


def test_laws_that_read_the_hidden_state_leave_only_the_indices():
    basin = build_basin()
    response = basin.response.drop_dims(["process"])
    row = next(r for r in evaluate_stores(*stores(basin)[:3], response)["responses"] if r["process"] == "recharge")
    assert row["law_spread"] is None
    assert row["field_equation"] is None
    assert row["elasticity"] is not None


def test_routing_is_summed_up_by_its_passage_times():
    basin = build_basin()
    response = basin.response.copy(deep=True)
    response["routing"][:] = [0.2, 0.4, 0.2, 0.15, 0.05, 0.0]
    row = evaluate_stores(*stores(basin)[:3], response)["responses"][-1]
    assert (row["process"], row["t50"], row["t90"]) == ("routing", 1.0, 3.0)


def test_only_virtual_basins_have_recovery_rows():
    assert evaluate()["recovery"] == []
    rows = evaluate("virtual_b", virtual=True, snow=False)["recovery"]
    assert {row["loop"] for row in rows} == {"open", "closed"}
    assert all(row["basin"] == "virtual_b" for row in rows)


def test_notes_tell_of_checks_and_of_a_missing_temperature():
    notes = evaluate("virtual_b", virtual=True, snow=False)["notes"]
    assert "filled 3 missing temperature steps" in notes
    assert "no temperature in the source: run without a snow store" in notes
    assert "potential evapotranspiration: Oudin (pyet)" in notes


def test_an_hourly_basin_is_evaluated():
    evaluation = evaluate("hourly_c", step_days=1 / 24)
    assert metric(evaluation, "nexus_closed")["n"] == (731 - WARMUP_DAYS) * 24
