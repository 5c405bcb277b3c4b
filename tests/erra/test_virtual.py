"""ERRA of a virtual catchment's streamflow against its own true responses to pulses removed."""

import numpy as np
import pytest

from hydronexus.config import Virtual
from hydronexus.erra import choose_knots, erra
from hydronexus.virtual import catchment

SEGMENTS = 4


def compared(mean_demand: float, lags: int) -> dict[str, np.ndarray]:
    """Volumes by ERRA over those of every pulse removed."""
    settings = Virtual(years=40, cells=50, rain_cv=1.0, mean_demand=mean_demand)
    data = catchment.simulate(settings)
    precipitation = data["precipitation"].values
    knots = choose_knots(precipitation, SEGMENTS)
    found = erra(precipitation, data["streamflow"].values, lags=lags, knots=knots)
    days = np.flatnonzero(precipitation[: len(precipitation) - lags] > 0)
    pulses = catchment.pulse_removal(settings, days, lags)
    removed, response = pulses["removed"].values, pulses["streamflow"].values
    segment = np.searchsorted(knots[0], removed)
    true = np.array(
        [(removed[segment == i, None] * response[segment == i]).sum(0) / removed[segment == i].sum()
         for i in range(SEGMENTS)]
    )  # fmt: skip
    by_lag = found["nrf_segment"][0].values
    return {
        "segment": by_lag.sum(1) / true.sum(1),
        "first days": by_lag[:, :5].sum(1) / true[:, :5].sum(1),
        "all": found["rrd_volume"].item() / (response.sum() / removed.sum()),
    }


def test_segments_have_the_precipitation_weighted_response_to_pulses():
    ratio = compared(mean_demand=0.01, lags=60)  # next to no demand, whose season goes with that of precipitation
    np.testing.assert_allclose(ratio["segment"], 1.0, atol=0.02)
    np.testing.assert_allclose(ratio["first days"], 1.0, atol=0.04)
    assert ratio["all"] == pytest.approx(1.0, abs=0.01)


def test_a_season_shared_with_demand_inflates_light_rain_at_long_lags_only():
    ratio = compared(mean_demand=2.6, lags=60)
    assert ratio["segment"][0] > 1.5
    np.testing.assert_allclose(ratio["first days"][1:], 1.0, atol=0.06)
    short = compared(mean_demand=2.6, lags=20)
    np.testing.assert_allclose(short["segment"][1:], 1.0, atol=0.1)
    assert short["all"] == pytest.approx(1.0, abs=0.1)
