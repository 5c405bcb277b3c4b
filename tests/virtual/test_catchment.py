"""Virtual catchments: water is conserved, rain has the wanted statistics, the upscaled law holds."""

import numpy as np
import pytest

from hydronexus.config import Virtual
from hydronexus.virtual import catchment
from hydronexus.virtual.upscaling import excess_gamma_rain


def settings(**changes) -> Virtual:
    return Virtual(**{"years": 4, "cells": 50} | changes)


@pytest.mark.parametrize("cv", [0.0, 1.0, 3.0])
def test_water_is_conserved_to_rounding(cv):
    data = catchment.simulate(settings(rain_cv=cv))
    out = data["streamflow"] + data["true_canopy_evaporation"] + data["true_soil_evapotranspiration"]
    held = sum(data[f"true_{name}"].values[-1] for name in catchment.STORES) - sum(catchment.INITIAL)
    assert float((data["precipitation"] - out).sum()) == pytest.approx(held, abs=1e-8)


def test_the_areal_mean_is_exact_and_the_pattern_has_the_wanted_cv_and_wetted_fraction():
    rain, _ = catchment.weather(settings(rain_cv=0.8, wet_fraction=0.5, cells=4000, years=3))
    wet = rain[rain.mean(1) > 1]
    np.testing.assert_allclose((wet > 0).mean(1), 0.5)
    over_wet = np.array([day[day > 0].std() / day[day > 0].mean() for day in wet])
    assert over_wet.mean() == pytest.approx(0.8, abs=0.02)


def test_mean_rain_is_as_configured():
    data = catchment.simulate(settings(mean_rain=4.2))
    assert float(data["precipitation"].mean()) == pytest.approx(4.2)


def test_infiltration_follows_the_closed_form_where_the_canopy_is_empty():
    chosen = settings(rain_cv=1.0, cells=20_000, years=3)
    rain, _ = catchment.weather(chosen)
    day = rain[np.argmax(rain.mean(1))]
    enter = np.minimum(day, chosen.infiltration_capacity).mean()
    expected = day.mean() - excess_gamma_rain(day.mean(), chosen.infiltration_capacity, 1.0)
    assert enter == pytest.approx(float(expected), rel=0.02)
    x = np.array([[day.mean()]])
    np.testing.assert_allclose(catchment.law(chosen, "infiltration", x, x), expected)


def test_without_heterogeneity_infiltration_is_the_field_law():
    data = catchment.simulate(settings(rain_cv=0.0))
    expected = np.minimum(data["true_throughfall"], 14.0)
    np.testing.assert_allclose(data["true_infiltration"], expected, atol=1e-10)


def test_unknown_laws_are_nan():
    assert np.isnan(catchment.law(settings(), "recharge", np.ones(3), np.ones(3))).all()


def test_a_removed_pulse_is_conserved():
    pulses = catchment.pulse_removal(settings(), np.array([400, 500, 777]), 90)
    out = (pulses["streamflow"] + pulses["canopy_evaporation"] + pulses["soil_evapotranspiration"]).sum("lag")
    left = pulses["residual_storage"].isel(lag=-1)
    np.testing.assert_allclose(out + left, pulses["removed"], atol=1e-10)


def test_the_same_seed_gives_the_same_catchment():
    first, again, other = (catchment.simulate(settings(seed=seed)) for seed in (1, 1, 2))
    assert first.identical(again)
    assert not np.array_equal(first["streamflow"], other["streamflow"])
