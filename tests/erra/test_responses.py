"""Responses that are known come back: linear, nonlinear, of several sources, with gaps and at any time step."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from hydronexus.erra import choose_knots, erra
from hydronexus.erra.design import Layout, rows
from hydronexus.response import erra as exported
from tests.erra.synthetic import kernel, noise, rain, respond


def test_rows_hold_now_and_the_past_of_every_channel():
    precipitation = np.array([[0.0, 3.0, 7.0, 1.0]])
    table = rows(precipitation, np.array([10.0, 11, 12, 13]), np.array([[0.0, 5, 9]]), Layout(2, lags=2, order=1))
    # intercept; below 5 mm now, 1 and 2 steps ago; above 5 mm likewise; streamflow before; streamflow
    assert table.tolist() == [[1, 5, 3, 0, 2, 0, 0, 11, 12], [1, 1, 5, 3, 0, 2, 0, 12, 13]]


def test_a_linear_response_without_noise_is_exact():
    precipitation, response = rain(800, 1), kernel(20)
    found = erra(precipitation, 1.5 + respond(precipitation, response), lags=20)
    np.testing.assert_allclose(found["rrd"][0], response, atol=1e-12)
    assert found["rrd_volume"].item() == pytest.approx(0.5)
    assert found["ar_order"] == 0  # what is left is rounding


def test_with_noise_it_lies_within_its_errors():
    precipitation, response = rain(5000, 2), kernel(20)
    found = erra(precipitation, respond(precipitation, response) + noise(5000, 2), lags=20)
    assert found["ar_order"] == 0
    apart = (found["rrd"][0] - response) / found["rrd_error"][0]
    assert float(np.abs(apart).max()) < 3.5
    assert 0.5 < float((apart**2).mean()) < 1.7
    # white noise of variance 0.09 and precipitation that is independent in time: an error known beforehand
    expected = np.sqrt(found["residual_variance"].item() / (5000 * precipitation.var()))
    np.testing.assert_allclose(found["rrd_error"][0], expected, rtol=0.05)


def test_rates_are_per_day_at_any_step():
    precipitation, response = rain(600, 3), kernel(10)
    streamflow = respond(precipitation, response)
    daily, hourly = (erra(precipitation, streamflow, lags=10, step=step, knots=[5.0]) for step in (1.0, 1 / 24))
    np.testing.assert_allclose(hourly["rrd"], 24 * daily["rrd"], rtol=1e-10)
    np.testing.assert_allclose(hourly["nrf_knot"], 24 * daily["nrf_knot"], rtol=1e-10)
    np.testing.assert_allclose(hourly["lag"], daily["lag"] / 24)
    assert hourly["rrd_volume"].item() == pytest.approx(0.5)


def test_a_row_with_any_missing_value_is_left_out():
    precipitation, response = rain(2000, 4), kernel(8)
    streamflow = respond(precipitation, response)
    rng = np.random.default_rng(4)
    precipitation[rng.choice(2000, 40, replace=False)] = np.nan
    streamflow[rng.choice(2000, 60, replace=False)] = np.nan
    found = erra(precipitation, streamflow, lags=8, ar_order=0)
    np.testing.assert_allclose(found["rrd"][0], response, atol=1e-12)
    known = [
        np.isfinite(streamflow[t]) and np.isfinite(precipitation[t - 7 : t + 1]).all() for t in range(7, 2000)
    ]  # fmt: skip
    assert found["rows"] == sum(known)


def test_a_response_linear_between_the_knots_is_exact_at_every_intensity():
    precipitation, response = rain(3000, 5), kernel(12)
    knots = np.array([4.0, 12.0])
    effective = np.interp(precipitation, [0, 4, 12, 100], [0, 1, 7, 95])
    found = erra(precipitation, respond(effective, response), lags=12, knots=knots)
    top = precipitation.max()
    for number, depth, value in ((1, 4.0, 1.0), (2, 12.0, 7.0), (3, top, 7 + (top - 12))):
        at = found.sel(source=0, knot=number)
        assert at["knot_depth"] == depth
        np.testing.assert_allclose(at["nrf_knot"], value * response, atol=1e-10)
        np.testing.assert_allclose(at["rrd_knot"], value / depth * response, atol=1e-10)
    for number, low, high in ((1, 0.0, 4.0), (2, 4.0, 12.0), (3, 12.0, top)):
        inside = precipitation[(precipitation > low) & (precipitation <= high)]
        at = found.sel(source=0, segment=number)
        assert at["segment_depth"].item() == pytest.approx((inside**2).sum() / inside.sum())
        weighted = (inside * np.interp(inside, [0, 4, 12, 100], [0, 1, 7, 95])).sum() / inside.sum()
        np.testing.assert_allclose(at["nrf_segment"], weighted * response, atol=1e-10)
    np.testing.assert_allclose(found["rrd"][0], effective.sum() / precipitation.sum() * response, atol=1e-10)


def test_a_power_law_is_followed_by_segments_where_a_line_is_biased_to_high_intensities():
    precipitation, response = rain(20_000, 6), kernel(10)
    effective = precipitation**1.5
    streamflow = respond(effective, response)
    found = erra(precipitation, streamflow, lags=10, knots=choose_knots(precipitation, 5), ar_order=0)
    edges = [0.0, *found["knot_depth"][0].values]
    segments = [(precipitation > low) & (precipitation <= high) for low, high in pairwise(edges)]
    mean = [(precipitation * effective)[inside].sum() / precipitation[inside].sum() for inside in segments]
    np.testing.assert_allclose(found["nrf_segment_volume"][0, 1:], 0.5 * np.array(mean[1:]), rtol=0.03)
    assert found["nrf_segment_volume"][0, 0].item() == pytest.approx(0.5 * mean[0], rel=0.1)
    weighted = 0.5 * effective.sum() / precipitation.sum()
    assert found["rrd_volume"].item() == pytest.approx(weighted, rel=0.03)
    # one line over all intensities has the slope of the least squares line of P^1.5 on P, not the weighted mean
    slope = np.cov(precipitation, effective)[0, 1] / precipitation.var(ddof=1)
    line = erra(precipitation, streamflow, lags=10, ar_order=0)["rrd_volume"].item()
    assert line == pytest.approx(0.5 * slope, rel=0.02)
    assert line > 1.15 * weighted


def test_sources_are_demixed_though_they_are_alike():
    shared = rain(6000, 7)
    first, second = 0.7 * shared + 0.3 * rain(6000, 8), 0.7 * shared + 0.3 * rain(6000, 9)
    assert np.corrcoef(first, second)[0, 1] > 0.8
    fast, slow = kernel(15, 2.0, 0.7), kernel(15, 10.0, 0.2)
    streamflow = respond(first, fast) + respond(second, slow) + noise(6000, 7)
    found = erra(np.stack([first, second]), streamflow, lags=15)
    for source, truth in enumerate((fast, slow)):
        assert float(np.abs((found["rrd"][source] - truth) / found["rrd_error"][source]).max()) < 3.5
        assert abs(found["rrd_volume"][source].item() - truth.sum()) < 3 * found["rrd_volume_error"][source].item()
    alone = erra(first, streamflow, lags=15)
    assert abs(alone["rrd_volume"].item() - 0.7) > 5 * alone["rrd_volume_error"].item()


def test_intensities_estimated_jointly_where_heavy_rain_alone_is_confounded():
    precipitation = respond(rain(20_000, 10), np.array([0.5, 0.3, 0.2]))  # heavy rain comes with rain around it
    response = kernel(10)
    effective = np.maximum(precipitation - 2.0, 0.0)
    streamflow = respond(effective, response)
    heavy = np.where(precipitation > 10.0, precipitation, 0.0)
    depth = (heavy**2).sum() / heavy.sum()
    joint = erra(precipitation, streamflow, lags=10, knots=[2.0, 10.0], ar_order=0).sel(source=0, segment=3)
    assert joint["nrf_segment_volume"].item() == pytest.approx(0.5 * (depth - 2.0), rel=1e-6)
    alone = erra(heavy, streamflow, lags=10, ar_order=0)
    assert alone["rrd_volume"].item() * depth > 1.1 * 0.5 * (depth - 2.0)


def test_labelled_series_keep_their_sources_and_units():
    time = np.arange("2000-01-01", "2002-01-01", dtype="datetime64[D]").astype("datetime64[ns]")
    precipitation = xr.DataArray(
        np.stack([rain(len(time), 11), rain(len(time), 12)], 1), {"time": time, "source": ["north", "south"]}
    ).transpose("time", "source")
    streamflow = xr.DataArray(respond(precipitation.values[:, 0], kernel(5)), {"time": time}, "time")
    found = exported(precipitation, streamflow, lags=5, knots=[3.0])
    assert found["rrd_volume"].sel(source="north").item() == pytest.approx(0.5)
    assert found["rrd_volume"].sel(source="south").item() == pytest.approx(0.0, abs=1e-10)
    units = {"rrd": "d-1", "nrf_knot": "mm d-1", "nrf_segment_volume": "mm", "lag": "d", "knot_depth": "mm"}
    assert {name: found[name].attrs["units"] for name in units} == units
    assert all("units" in variable.attrs for variable in found.data_vars.values())


def test_knots_share_precipitation_evenly():
    precipitation = rain(50_000, 13)
    (knots,) = choose_knots(precipitation, 4)
    parts = np.add.reduceat(np.sort(precipitation), [0, *np.searchsorted(np.sort(precipitation), knots, "right")])
    np.testing.assert_allclose(parts / parts.sum(), 0.25, atol=0.002)


@pytest.mark.filterwarnings("ignore:All-NaN slice")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"streamflow": np.ones(99)}, "do not match"),
        ({"precipitation": -np.ones(400)}, "zero or more"),
        ({"precipitation": np.zeros(400)}, "dry"),
        ({"precipitation": np.full(400, np.nan)}, "NaN where missing"),
        ({"knots": [5.0, 4.0]}, "must ascend"),
        ({"knots": [500.0]}, "below the largest"),
        ({"knots": [1.0, 1.0 + 1e-9]}, "never within"),
        ({"lags": 200}, "complete rows cannot give"),
        ({"lags": 401}, "too short"),
        ({"bootstrap": 20, "block": 200}, "bootstrap of 2 block"),
    ],
)
def test_what_cannot_be_analysed_is_refused(change, message):
    precipitation = rain(400, 14)
    series = {"precipitation": precipitation, "streamflow": respond(precipitation, kernel(5)) + noise(400, 14)}
    with pytest.raises(ValueError, match=message):
        erra(**(series | {"lags": 5, "ar_order": 0} | change))


def test_too_few_amounts_for_the_segments_are_refused():
    with pytest.raises(ValueError, match="ask for fewer"):
        choose_knots(np.array([0.0, 1.0, 1.0, 2.0]), 3)
