"""Errors are those of repeated series: of every lag, of sums over lags, and where the noise is uneven."""

import numpy as np
import pytest

from hydronexus.erra import erra
from tests.erra.synthetic import kernel, noise, rain, respond

STEPS, LAGS, REPEATS = 2500, 10, 100


def repeated(count=REPEATS, uneven=False, **options):
    """Analyses of series that differ by chance only, with first-order or with uneven white noise."""
    found = []
    for seed in range(count):
        precipitation = rain(STEPS, seed)
        errors = noise(STEPS, seed) * (0.2 + precipitation / 3) if uneven else noise(STEPS, seed, (0.8,))
        streamflow = respond(precipitation, kernel(LAGS)) + errors
        found.append(erra(precipitation, streamflow, lags=LAGS, **options))
    return found


def covers(estimates, errors, truth):
    """Share of 95 % intervals that hold the truth."""
    return np.mean([np.abs(e - truth) < 1.96 * s for e, s in zip(estimates, errors, strict=True)])


def volumes(found):
    return [a["rrd_volume"].item() for a in found], [a["rrd_volume_error"].item() for a in found]


@pytest.fixture(scope="module")
def corrected():
    return repeated(ar_order=1)


def test_intervals_hold_the_truth_as_often_as_they_say(corrected):
    lags = covers([a["rrd"][0].values for a in corrected], [a["rrd_error"][0].values for a in corrected], kernel(LAGS))
    assert 0.92 < lags < 0.98
    assert 0.90 < covers(*volumes(corrected), 0.5) < 0.99


def test_the_error_of_a_sum_needs_the_covariance_over_lags(corrected):
    one = corrected[0]
    full = np.sqrt(one["rrd_covariance"].sum().item())
    assert one["rrd_volume_error"].item() == pytest.approx(full)
    np.testing.assert_allclose(np.diagonal(one["rrd_covariance"][0]), one["rrd_error"][0] ** 2)
    estimates, errors = volumes(corrected)
    independent = [np.sqrt((a["rrd_error"] ** 2).sum().item()) for a in corrected]
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.15)
    assert np.mean(errors) > 2 * np.mean(independent)
    assert covers(estimates, independent, 0.5) < 0.75


def test_autocorrelated_noise_left_alone_makes_errors_too_small(corrected):
    ignored = repeated(ar_order=0)
    estimates, errors = volumes(ignored)
    assert np.std(estimates) > 2 * np.mean(errors)
    assert covers(estimates, errors, 0.5) < 0.75
    assert np.std(estimates) > np.std(volumes(corrected)[0])  # and the estimate worse


def test_regularised_intervals_hold_the_truth_too():
    found = repeated(ar_order=1, regularisation="gcv")
    lags = covers([a["rrd"][0].values for a in found], [a["rrd_error"][0].values for a in found], kernel(LAGS))
    assert 0.90 < lags < 0.98
    assert 0.90 < covers(*volumes(found), 0.5) < 0.99


def test_the_bootstrap_knows_uneven_noise_where_the_regression_does_not():
    regression, resampled = (repeated(60, uneven=True, ar_order=0, bootstrap=n, block=100) for n in (0, 50))
    spread = np.std([a["rrd"][0, 0].item() for a in resampled])
    assert np.mean([a["rrd_error"][0, 0].item() for a in resampled]) == pytest.approx(spread, rel=0.2)
    assert np.mean([a["rrd_error"][0, 0].item() for a in regression]) < 0.7 * spread


def test_the_bootstrap_agrees_with_the_regression_where_noise_is_even():
    precipitation = rain(12_000, 3)
    streamflow = respond(precipitation, kernel(LAGS)) + noise(12_000, 3, (0.8,))
    plain, resampled = (
        erra(precipitation, streamflow, lags=LAGS, knots=[6.0], ar_order=1, block=100, bootstrap=n) for n in (0, 300)
    )
    np.testing.assert_allclose(resampled["nrf_knot_volume_error"], plain["nrf_knot_volume_error"], rtol=0.2)
    np.testing.assert_allclose(resampled["nrf_segment_error"], plain["nrf_segment_error"], rtol=0.35)
    assert resampled.attrs["uncertainty"] == "block bootstrap of 300 replicates"
    assert resampled["rrd"].identical(plain["rrd"])
    again = erra(precipitation, streamflow, lags=LAGS, knots=[6.0], ar_order=1, block=100, bootstrap=300)
    assert again.identical(resampled)
