"""What may be done to the series first: classes of antecedent conditions, and slow flow taken away."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from hydronexus.erra import erra, remove_baseline, split_by
from tests.erra.synthetic import kernel, noise, rain, respond

STEPS = 6000


def series(values, name):
    return xr.DataArray(values, {"time": np.arange(len(values))}, "time", name)


@pytest.fixture(scope="module")
def two_regimes():
    """Wet antecedent conditions answer fast and fully, dry ones slowly and little."""
    precipitation = rain(STEPS, 1)
    wetness = noise(STEPS, 2, (0.9,), scale=1.0)
    wet = np.concatenate([[False], wetness[:-1] > 0.5])
    fast, slow = kernel(12, 1.5, 0.7), kernel(12, 6.0, 0.2)
    flow = respond(np.where(wet, precipitation, 0), fast) + respond(np.where(wet, 0, precipitation), slow)
    return series(precipitation, "precipitation"), series(wetness, "wetness"), series(flow, "streamflow"), slow, fast


def test_responses_of_both_regimes_are_recovered(two_regimes):
    precipitation, wetness, streamflow, slow, fast = two_regimes
    sources = split_by(precipitation, wetness, [0.5])
    assert sources["source"].values.tolist() == ["precipitation, wetness <= 0.5", "precipitation, 0.5 < wetness"]
    exact = erra(sources, streamflow, lags=12, ar_order=0)
    np.testing.assert_allclose(exact["rrd"], [slow, fast], atol=1e-10)
    noisy = erra(sources, streamflow + noise(STEPS, 3, (0.7,)), lags=12)
    assert float(np.abs((noisy["rrd"] - np.array([slow, fast])) / noisy["rrd_error"]).max()) < 3.5
    mixed = erra(precipitation, streamflow, lags=12, ar_order=0)
    assert 0.25 < mixed["rrd_volume"].item() < 0.65


def test_a_class_looks_at_the_step_before():
    found = split_by(series([1.0, 2.0, 3.0, 4.0], "p"), series([0.0, 9.0, np.nan, 0.0], "q"), [5.0])
    np.testing.assert_array_equal(found, [[np.nan, 2.0, 0.0, np.nan], [np.nan, 0.0, 3.0, np.nan]])


def test_classes_of_classes_add_up_to_precipitation(two_regimes):
    precipitation, wetness, streamflow, *_ = two_regimes
    found = split_by(split_by(precipitation, wetness, [-1.0, 0.5]), streamflow, [2.0], lag=3)
    assert found.sizes["source"] == 6
    np.testing.assert_allclose(found.sum("source")[3:], precipitation[3:])


@pytest.mark.parametrize(
    ("criterion", "options", "message"),
    [
        ("wetness", {"edges": [0.0], "lag": 0}, "before the precipitation falls"),
        ("precipitation", {"edges": [3.0]}, "precipitation itself"),
        ("wetness", {"edges": [1.0, 0.0]}, "do not ascend"),
        ("wetness", {"edges": [99.0]}, "no precipitation falls where 99 < wetness"),
    ],
)
def test_criteria_that_do_not_come_before_are_refused(two_regimes, criterion, options, message):
    by_name = {array.name: array for array in two_regimes[:3]}
    with pytest.raises(ValueError, match=message):
        split_by(by_name["precipitation"], by_name[criterion], **options)


def test_the_baseline_is_a_running_quantile():
    found = remove_baseline(np.array([5.0, 1.0, 3.0, np.nan, 7.0]), window=3, quantile=0.5)
    np.testing.assert_allclose(found, [2.0, -2.0, 1.0, np.nan, 0.0])
    with pytest.raises(ValueError, match="take 5"):
        remove_baseline(np.ones(9), window=4, quantile=0.5)


def test_a_drift_that_is_no_response_is_taken_away():
    precipitation = rain(STEPS, 4)
    # rain is more frequent while the drift is high, so that the drift looks like a response
    drift = 15 + 15 * np.sin(2 * np.pi * np.arange(STEPS) / 1500)
    keep = np.random.default_rng(4).random(STEPS) < 0.2 + drift / 40
    precipitation = np.where(keep, precipitation, 0.0)
    streamflow = respond(precipitation, kernel(10)) + drift
    plain = erra(precipitation, streamflow, lags=10, ar_order=0)
    freed = erra(precipitation, remove_baseline(streamflow, 101, 0.1), lags=10, ar_order=0)
    assert plain["rrd_volume"].item() > 0.6
    assert freed["rrd_volume"].item() == pytest.approx(0.5, rel=0.1)


def test_the_baseline_is_the_same_for_every_kind_of_array():
    values = rain(1000, 5)
    expected = remove_baseline(values, 31, 0.2)
    labelled = remove_baseline(series(values, "streamflow"), 31, 0.2)
    np.testing.assert_array_equal(labelled, expected)
    assert labelled.name == "streamflow"
    np.testing.assert_array_equal(remove_baseline(da.from_array(values, chunks=170), 31, 0.2).compute(), expected)
