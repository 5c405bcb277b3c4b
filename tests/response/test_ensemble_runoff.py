"""ERRA of two series beside one another, in the classes of the pulses."""

import numpy as np
import pytest

from hydronexus.response.ensemble_runoff import runoff_responses


def test_every_class_of_a_linear_system_has_its_kernel_and_series_keep_their_own():
    rng = np.random.default_rng(0)
    rain = rng.gamma(0.6, 12, 6000) * (rng.random(6000) < 0.4)
    kernel = 0.5 * np.exp(-np.arange(20) / 3) / np.exp(-np.arange(20) / 3).sum()
    flow = np.convolve(rain, kernel)[:6000]
    observed = flow + 0.05 * rng.standard_normal(6000)
    found = runoff_responses(rain, observed, 0.5 * flow, np.array([4.0, 10.0]), 20, 1.0)
    assert dict(found["erra"].sizes) == {"series": 2, "intensity_bin": 3, "erra_lag": 20}
    np.testing.assert_allclose(found["erra_rrd"].sel(series="observed"), kernel, atol=0.005)
    for series, share in (("observed", 1.0), ("simulated", 0.5)):
        strong = found["erra"].sel(series=series).isel(intensity_bin=2)
        np.testing.assert_allclose(strong, share * kernel, atol=0.01)
    assert (found["erra_error"] >= 0).all()
    assert (np.diff(found["erra_intensity"].sel(series="observed")) > 0).all()


def test_a_record_too_short_is_refused():
    rain = np.random.default_rng(0).exponential(5, 60)
    with pytest.raises(ValueError, match="complete rows cannot give"):
        runoff_responses(rain, 0.5 * rain, 0.4 * rain, np.array([6.0]), 30, 1.0)
