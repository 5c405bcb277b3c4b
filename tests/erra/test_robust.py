"""Wild values have little say."""

import numpy as np
import pytest

from hydronexus.erra import erra
from hydronexus.erra.cauchy import least_held, variance, weights
from tests.erra.synthetic import kernel, noise, rain, respond


def test_weights_of_known_residuals():
    residuals = np.array([-1.0, 0.0, 1.0, 100.0, np.nan])  # median 0.5, absolute deviations 1.5 0.5 0.5 99.5
    scale = 2.385 * 1.0 / 0.6744897501960817
    found = weights(residuals)
    np.testing.assert_allclose(found[:4], 1 / (1 + (residuals[:4] / scale) ** 2))
    assert np.isnan(found[4])
    assert found[3] < 0.002


def test_a_row_has_the_least_weight_of_the_flows_it_holds():
    found = least_held(np.array([1.0, 0.1, 0.8, 0.9, 0.7]), 2)
    np.testing.assert_allclose(found[2:], [0.1, 0.1, 0.7])


def test_the_variance_of_normal_residuals_is_that_of_95_percent_efficiency():
    residuals = np.random.default_rng(1).standard_normal(200_000)
    assert variance(residuals, 0.0) == pytest.approx(1 / 0.95, rel=0.01)


def test_outliers_hardly_move_the_response():
    precipitation = rain(4000, 2)
    streamflow = respond(precipitation, kernel(10)) + noise(4000, 2, (0.8,))
    clean = erra(precipitation, streamflow, lags=10, robust=True)
    rng = np.random.default_rng(2)
    streamflow[rng.choice(4000, 80, replace=False)] += rng.exponential(40.0, 80)
    plain, robust = (erra(precipitation, streamflow, lags=10, robust=choice) for choice in (False, True))
    off = [float(np.abs(found["rrd"][0] - kernel(10)).max()) for found in (plain, robust)]
    assert off[1] < off[0] / 5
    assert float(np.abs((robust["rrd"][0] - kernel(10)) / robust["rrd_error"][0]).max()) < 3.5
    assert robust["ar_order"] == clean["ar_order"] == 1
    np.testing.assert_allclose(robust["ar"], 0.8, atol=0.08)
    assert plain["ar"].sum().item() < 0.4


def test_without_outliers_it_costs_little():
    precipitation = rain(4000, 3)
    streamflow = respond(precipitation, kernel(10)) + noise(4000, 3, (0.8,))
    plain, robust = (erra(precipitation, streamflow, lags=10, robust=choice) for choice in (False, True))
    np.testing.assert_allclose(robust["rrd_error"], plain["rrd_error"], rtol=0.1)
    np.testing.assert_allclose(robust["rrd"], plain["rrd"], atol=float(2 * plain["rrd_error"].max()))


def test_an_exact_fit_has_equal_weights():
    precipitation = rain(500, 4)
    found = erra(precipitation, respond(precipitation, kernel(5)), lags=5, ar_order=0, robust=True)
    np.testing.assert_allclose(found["rrd"][0], kernel(5), atol=1e-10)
