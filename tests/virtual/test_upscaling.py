"""Upscaling oracles against sampling, quadrature and their limits."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import expon, gamma, lognorm

from hydronexus.fieldscale.infiltration import variable_capacity_runoff
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


def test_even_rain_over_part_of_the_area():
    np.testing.assert_allclose(upscaling.excess_uniform_rain(np.array([3.0, 10.0]), 14.0, 0.4), [0, 10 - 5.6])


def test_saturation_excess_of_exponential_storms_by_quadrature():
    rain, content, capacity, shape = 20.0, 90.0, 150.0, 0.3
    found, _ = quad(
        lambda p: variable_capacity_runoff(p, content, capacity, shape) * np.exp(-p / rain) / rain, 0, 600, limit=200
    )
    assert upscaling.saturation_excess_exponential_rain(rain, content, capacity, shape) == pytest.approx(
        found, rel=1e-5
    )


def test_runoff_ratio_of_unlike_soils_by_quadrature():
    intensity, wet, contrast, mean, shape = 3.0, 0.6, 0.5, 0.4, 2.5
    density = gamma(shape, scale=mean / shape)
    dry, _ = quad(lambda s: np.exp(-wet * intensity * (1 - contrast + contrast * s)) * density.pdf(s), 0, 1)
    found = upscaling.runoff_ratio_exponential_rain_gamma_soil(intensity, wet, contrast, mean, shape)
    assert found == pytest.approx(density.sf(1) + dry, rel=1e-6)


def test_excess_by_hours_and_by_days_by_simulation():
    rng = np.random.default_rng(0)
    depth, capacity, chance, parts = 3.0, 1.5, 0.2, 24
    rain = rng.exponential(depth, (200_000, parts)) * (rng.random((200_000, parts)) < chance)
    fine, coarse = upscaling.excess_by_time_step(depth, capacity, chance, parts)
    assert fine == pytest.approx(np.maximum(rain - capacity, 0).sum(1).mean(), rel=0.01)
    assert coarse == pytest.approx(np.maximum(rain.sum(1) - parts * capacity, 0).mean(), rel=0.05)
    assert coarse < fine


@pytest.mark.parametrize("aridity", [0.6, 1.8])
def test_poisson_bucket_by_simulation(aridity):
    rng = np.random.default_rng(1)
    storms, capacity = 200_000, 4.0  # in mean storm depths, one storm in the mean per unit of time
    depth, gap = rng.exponential(1.0, storms), rng.exponential(1.0, storms)
    content = lost = 0.0
    for storm, dry in zip(depth, gap, strict=True):
        content = min(content + storm, capacity)
        used = min(content, aridity * dry)
        content -= used
        lost += used
    assert upscaling.evaporation_ratio_poisson_bucket(aridity, capacity) == pytest.approx(lost / depth.sum(), rel=0.01)


def test_unlike_reservoirs_by_their_mean():
    rng = np.random.default_rng(2)
    shape, rate, time = 2.0, 30.0, np.array([0.0, 10.0, 50.0])
    rates = rng.gamma(shape, 1 / rate, 400_000)
    found = (rates[:, None] * np.exp(-rates[:, None] * time)).mean(0)
    np.testing.assert_allclose(upscaling.response_of_unlike_reservoirs(time, shape, rate), found, rtol=0.02)
    late = np.linspace(100, 140, 401)
    flow = upscaling.response_of_unlike_reservoirs(late, shape, rate)
    recession = -np.gradient(flow, late)[1:-1]
    slope = np.log(recession[-1] / recession[0]) / np.log(flow[-2] / flow[1])
    assert slope == pytest.approx((shape + 2) / (shape + 1), rel=0.02)


def test_delay_of_water_that_travels_at_one_speed():
    """Oracle O16: the mean time of outflow is that of rain and delta1 g1 / v more."""
    rng = np.random.default_rng(3)
    distance, rain, speed = rng.uniform(1, 40, 500), rng.exponential(1, (24, 500)), 5.0
    time = np.arange(24.0)[:, None]
    arrival = ((time + distance / speed) * rain).sum() / rain.sum()
    whole = rain.sum(0)
    delta1 = (whole @ distance) / whole.sum() / distance.mean()
    assert arrival == pytest.approx((time * rain).sum() / rain.sum() + delta1 * distance.mean() / speed)
