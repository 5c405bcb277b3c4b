"""Upscaling oracles against sampling, quadrature and their limits."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import expon, gamma, lognorm

from hydronexus.virtual import upscaling


@pytest.mark.parametrize("cv", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("rain", [3.0, 14.0, 40.0])
def test_gamma_excess_is_the_integral_over_point_rain(rain, cv):
    point = gamma(1 / cv**2, scale=rain * cv**2)
    expected = quad(lambda p: point.sf(p), 14.0, np.inf)[0]
    assert upscaling.excess_gamma_rain(rain, 14.0, cv) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_gamma_excess_at_cv_one_is_exponential_and_at_small_cv_uniform():
    rain = np.array([0.0, 5.0, 20.0])
    exponential = upscaling.excess_exponential_rain(rain, 14.0)
    np.testing.assert_allclose(upscaling.excess_gamma_rain(rain, 14.0, 1.0), exponential, atol=1e-12)
    uniform = upscaling.excess_gamma_rain(rain, 14.0, 0.0)
    np.testing.assert_allclose(upscaling.excess_gamma_rain(rain, 14.0, 0.01), uniform, atol=1e-6)


def test_exponential_excess_with_partial_coverage():
    expected = 0.4 * quad(lambda p: expon(scale=10 / 0.4).sf(p), 14.0, np.inf)[0]
    assert upscaling.excess_exponential_rain(10.0, 14.0, 0.4) == pytest.approx(expected, rel=1e-6)


def test_lognormal_excess_is_the_integral_over_point_rain():
    spread = np.sqrt(np.log1p(0.8**2))
    point = lognorm(spread, scale=10 * np.exp(-(spread**2) / 2))
    expected = quad(lambda p: point.sf(p), 14.0, np.inf)[0]
    assert upscaling.excess_lognormal_rain(10.0, 14.0, 0.8) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("cv", [0.5, 1.0, 2.0])
def test_gamma_rain_over_exponential_capacity_is_the_integral(cv):
    point = gamma(1 / cv**2, scale=10 * cv**2)
    expected = quad(lambda p: np.exp(-p / 14.0) * point.sf(p), 0, np.inf)[0]
    found = upscaling.infiltration_gamma_rain_exponential_capacity(10.0, 14.0, cv)
    assert found == pytest.approx(expected, rel=1e-5)


def test_gamma_rain_over_exponential_capacity_holds_its_limits():
    law = upscaling.infiltration_gamma_rain_exponential_capacity
    assert law(10.0, 14.0, 0.0) == pytest.approx(upscaling.infiltration_exponential_capacity(10.0, 14.0))
    assert law(10.0, 14.0, 0.01) == pytest.approx(law(10.0, 14.0, 0.0), rel=1e-3)
    assert law(10.0, 14.0, 1.0) == pytest.approx(10 * 14 / 24)


def test_moments_of_gamma_rain():
    draws = np.random.default_rng(0).gamma(1 / 0.7**2, 5 * 0.7**2, 2_000_000)
    assert upscaling.mean_power_gamma_rain(5.0, 1.6, 0.7) == pytest.approx((draws**1.6).mean(), rel=3e-3)


def test_heterogeneity_lowers_infiltration_and_raises_runoff():
    cvs = [0.0, 0.5, 1.0, 2.0]
    excess = [float(upscaling.excess_gamma_rain(10.0, 14.0, cv)) for cv in cvs]
    assert excess == sorted(excess)
