"""Response to uneven less even rain at equal depth and season, against known answers."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.signal import lfilter

from hydronexus.config import load_study
from hydronexus.forcing.ingest import ingest
from hydronexus.precipitation.unlikeness import matched_thirds, spatial_cv
from hydronexus.response.contrast import contrast

KERNEL = np.exp(-np.arange(10) / 2.0)
KERNEL *= 0.4 / KERNEL.sum()


def record(seed, effect, years=12):
    """Rain, its CV, and flow whose response per mm differs by `effect` (share of rain) between extreme thirds."""
    rng = np.random.default_rng(seed)
    time = pd.date_range("2001-01-01", periods=365 * years)
    rain = xr.DataArray(rng.gamma(0.6, 12.0, time.size) * (rng.random(time.size) < 0.5), {"time": time}, ("time",))
    cv = xr.DataArray(rng.lognormal(-0.5, 0.5, time.size), {"time": time}, ("time",)).where(rain >= 1)
    third = matched_thirds(rain, cv)
    share = 1 + effect / 0.4 * ((third == 2) / 2 - (third == 0) / 2)
    noise = lfilter([1], [1, -0.9], 0.1 * rng.standard_normal(time.size))
    plain = np.convolve(rain.values, KERNEL)[: time.size]
    return rain, cv, np.convolve(rain.values * share, KERNEL)[: time.size] + noise, plain


def test_a_known_difference_is_found_with_its_shape():
    rain, cv, flow, plain = record(0, 0.12)
    found = contrast(rain, cv, flow, plain, 1.0)
    volume = found["contrast_volume"].sel(contrast_series="missed")
    error = found["contrast_volume_error"].sel(contrast_series="missed")
    assert float(volume) == pytest.approx(0.12, abs=3 * float(error))
    assert 0 < float(error) < 0.03
    shape = found["contrast"].sel(contrast_series="missed").values
    np.testing.assert_allclose(shape, 0.12 / 0.4 * KERNEL, atol=0.02)
    assert float(found["contrast_cv"][2]) > float(found["contrast_cv"][0])


def test_a_missed_effect_is_observed_less_simulated():
    rain, cv, flow, plain = record(1, 0.1)
    volume = contrast(rain, cv, flow, plain, 1.0)["contrast_volume"]
    assert float(volume.sel(contrast_series="missed")) == pytest.approx(
        float(volume.sel(contrast_series="observed") - volume.sel(contrast_series="simulated")), abs=1e-9
    )
    assert abs(float(volume.sel(contrast_series="simulated"))) < 1e-6


def test_intervals_hold_zero_where_there_is_no_effect():
    inside = 0
    for seed in range(40):
        found = contrast(*record(100 + seed, 0.0, years=6), 1.0).sel(contrast_series="missed")
        inside += abs(float(found["contrast_volume"])) <= 1.96 * float(found["contrast_volume_error"])
    assert inside >= 34  # 38 of 40 expected; below 34 with a probability of 0.3 %


def test_gaps_in_streamflow_are_left_out():
    rain, cv, flow, plain = record(2, 0.1)
    gappy = flow.copy()
    gappy[1000:1400] = np.nan
    found = contrast(rain, cv, gappy, plain, 1.0)
    assert np.isfinite(found["contrast_volume"]).all()
    assert int(found["contrast_steps"]) < int(contrast(rain, cv, flow, plain, 1.0)["contrast_steps"])


def test_too_few_steps_give_nothing():
    rain, cv, flow, plain = record(3, 0.1, years=6)
    assert contrast(rain, cv.where(rain > 60), flow, plain, 1.0) is None


def test_field_laws_under_rain_that_changes_its_evenness_run_off_more_where_it_is_uneven():
    settings = {
        "study": "x",
        "datasets": {"v": {"format": "virtual", "virtual": {"rain_cv_spread": 1.0, "years": 26}, "basins": ["a"]}},
        "periods": {
            "validation": ["2002-01-01", "2004-12-31"],
            "test": ["2005-01-01", "2007-12-31"],
            "train": ["2008-01-01", "2025-12-31"],
        },
    }
    forcing = ingest(load_study(settings), "v_a")
    cv = spatial_cv(forcing, "none")
    flow = forcing["streamflow"].values.astype(float)
    found = contrast(forcing["precipitation"], cv, flow, np.zeros_like(flow), 1.0)
    assert float(found["contrast_volume"][0]) > 4 * float(found["contrast_volume_error"][0])
