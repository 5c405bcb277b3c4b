"""Scores against values worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hydronexus.evaluation.skill import high_flow_bias, kge, low_flow_bias, nse, peak_timing, scores_of


def flow(values, step="1D"):
    values = np.asarray(values, float)
    time = pd.date_range("2001-01-01", periods=len(values), freq=step)
    return xr.DataArray(values, dims="time", coords={"time": time})


def storms(at, length=400):
    """Triangular peaks of height 10 on a low flow of 1."""
    values = np.ones(length)
    for peak in at:
        values[peak - 1 : peak + 2] += [4, 9, 4]
    return flow(values)


def test_nse_of_a_hand_computed_case():
    # squared errors 1 + 0 + 4, squared deviations from the mean 2: 4 + 0 + 4
    assert nse(flow([0, 2, 4]), flow([1, 2, 2])) == pytest.approx(1 - 5 / 8)


def test_the_observed_mean_as_simulation_has_nse_zero():
    assert nse(flow([1, 2, 6]), flow([3, 3, 3])) == pytest.approx(0)


def test_kge_of_a_scaled_flow_follows_from_its_components():
    observed = flow([1, 2, 4, 3])
    scores = kge(observed, 2 * observed)
    assert scores["kge_correlation"] == pytest.approx(1)
    assert scores["kge_bias"] == pytest.approx(2)
    assert scores["kge_variability"] == pytest.approx(2)
    assert scores["kge"] == pytest.approx(1 - math.sqrt(2))


def test_constant_observations_have_no_efficiency():
    assert math.isnan(nse(flow([2, 2, 2]), flow([1, 2, 3])))
    assert all(math.isnan(value) for value in kge(flow([2, 2, 2]), flow([1, 2, 3])).values())


def test_a_constant_simulation_has_no_correlation_and_no_warning(recwarn):
    scores = kge(flow([1, 2, 3]), flow([2, 2, 2]))
    assert math.isnan(scores["kge_correlation"])
    assert not recwarn.list


def test_high_flow_bias_compares_the_two_largest_of_a_hundred_flows():
    observed = flow(np.arange(1, 101))
    simulated = observed.copy()
    simulated[-1] = 100 + 19.9  # 10 % of 99 + 100
    assert high_flow_bias(observed, simulated) == pytest.approx(10)


def test_low_flow_bias_of_a_power_of_the_flow_is_the_power_with_its_sign_turned():
    observed = flow(np.arange(1, 101))
    # ln S = 1.5 ln O, so the summed log distances grow by half
    assert low_flow_bias(observed, observed**1.5) == pytest.approx(-50)


def test_low_flow_bias_does_not_see_a_constant_factor():
    observed = flow(np.arange(1, 101))
    assert low_flow_bias(observed, 3 * observed) == pytest.approx(0, abs=1e-9)


def test_low_flow_bias_is_undefined_in_a_river_dry_for_a_third_of_the_time():
    observed = flow([0] * 40 + list(range(60)))
    assert math.isnan(low_flow_bias(observed, observed + 1))


def test_peak_timing_averages_absolute_lags():
    assert peak_timing(storms([100, 250]), storms([102, 249])) == pytest.approx(1.5)


def test_peak_timing_counts_steps_and_searches_three_days_of_hours():
    observed = storms([200, 400], 600).values
    assert peak_timing(flow(observed, "1h"), flow(np.roll(observed, 60), "1h")) == pytest.approx(60)


def test_a_peak_beside_a_gap_is_left_out_of_peak_timing():
    observed = storms([100, 250])
    observed[248] = np.nan
    assert peak_timing(observed, storms([101, 253])) == pytest.approx(1)


def test_no_peak_gives_no_timing():
    assert math.isnan(peak_timing(flow(np.arange(50)), flow(np.arange(50))))


def test_missing_steps_of_either_series_leave_all_scores_as_if_they_were_not_there():
    rng = np.random.default_rng(0)
    observed = flow(rng.gamma(2, 1, 200))
    simulated = observed * flow(rng.lognormal(0, 0.2, 200))
    gappy_observed = observed.where(np.arange(200) != 7)
    gappy_simulated = simulated.where(np.arange(200) != 90)
    keep = ~np.isin(np.arange(200), [7, 90])
    masked = scores_of(gappy_observed, gappy_simulated)
    shorter = scores_of(observed[keep], simulated[keep])
    assert masked["n"] == 198
    for score in ("nse", "kge", "kge_bias", "fhv", "flv"):
        assert masked[score] == pytest.approx(shorter[score])


def test_no_common_step_gives_nan_and_a_count_of_zero():
    scores = scores_of(flow([np.nan, np.nan]), flow([1, 2]))
    assert scores.pop("n") == 0
    assert all(math.isnan(value) for value in scores.values())


def test_single_precision_input_is_scored_in_double_precision():
    values = 1e4 + np.array([0, 1, 2, 3])
    assert nse(flow(values).astype("float32"), flow(values + 0.5).astype("float32")) == pytest.approx(0.8)
