"""Virtual catchments: water is conserved, rain has the wanted statistics, the upscaled law holds."""

import numpy as np
import pytest

from hydronexus.config import Virtual
from hydronexus.virtual import catchment
from hydronexus.virtual.upscaling import excess_gamma_rain


def settings(**changes) -> Virtual:
    return Virtual(**{"years": 4, "cells": 50} | changes)


@pytest.mark.parametrize("snow", [False, True])
@pytest.mark.parametrize("cv", [0.0, 1.0, 3.0])
def test_water_is_conserved_to_rounding(cv, snow):
    data = catchment.simulate(settings(rain_cv=cv, snow=snow))
    out = data["streamflow"] + data["true_canopy_evaporation"] + data["true_soil_evapotranspiration"]
    stores = [name for name in catchment.STORES if f"true_{name}" in data]
    assert ("snow" in stores) == snow
    held = sum(data[f"true_{name}"].values[-1] for name in stores) - sum(catchment.INITIAL)
    assert float((data["precipitation"] - out).sum()) == pytest.approx(held, abs=1e-8)


def test_the_areal_mean_is_exact_and_the_pattern_has_the_wanted_cv_and_wetted_fraction():
    rain = catchment.weather(settings(rain_cv=0.8, wet_fraction=0.5, cells=4000, years=3)).rain
    wet = rain[rain.mean(1) > 1]
    np.testing.assert_allclose((wet > 0).mean(1), 0.5)
    over_wet = np.array([day[day > 0].std() / day[day > 0].mean() for day in wet])
    assert over_wet.mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("wet_fraction", [1.0, 0.5])
def test_rain_in_patches_has_the_wanted_correlation_until_it_is_shuffled(wet_fraction):
    chosen = {"rain_cv": 0.2, "wet_fraction": wet_fraction, "cells": 1000, "rain_patch": 10.0}
    rain, shuffled = (catchment.weather(settings(**chosen, rain_shuffled=mixed)).rain for mixed in (False, True))

    def beside(rain: np.ndarray) -> float:
        wet = rain[rain.mean(1) > 1]
        both = (wet[:, 1:] > 0) & (wet[:, :-1] > 0)
        relative = wet / wet.mean(1, keepdims=True)
        return np.corrcoef(relative[:, 1:][both], relative[:, :-1][both])[0, 1]

    assert beside(rain) == pytest.approx(np.exp(-0.1), abs=0.02)
    assert abs(beside(shuffled)) < 0.02
    np.testing.assert_allclose(np.sort(rain, axis=1), np.sort(shuffled, axis=1))
    np.testing.assert_allclose((rain[rain.mean(1) > 1] > 0).mean(1), wet_fraction)


def test_mean_rain_is_as_configured():
    data = catchment.simulate(settings(mean_rain=4.2))
    assert float(data["precipitation"].mean()) == pytest.approx(4.2)


def test_infiltration_follows_the_closed_form_where_the_canopy_is_empty():
    chosen = settings(rain_cv=1.0, cells=20_000, years=3)
    rain = catchment.weather(chosen).rain
    day = rain[np.argmax(rain.mean(1))]
    enter = np.minimum(day, chosen.infiltration_capacity).mean()
    expected = day.mean() - excess_gamma_rain(day.mean(), chosen.infiltration_capacity, 1.0)
    assert enter == pytest.approx(float(expected), rel=0.02)
    x = np.array([[day.mean()]])
    dry_canopy = catchment.law(chosen, "infiltration", x, x)
    np.testing.assert_allclose(dry_canopy, expected, rtol=0.05)


def test_without_heterogeneity_infiltration_is_the_field_law():
    data = catchment.simulate(settings(rain_cv=0.0))
    expected = np.minimum(data["true_throughfall"], 14.0)
    np.testing.assert_allclose(data["true_infiltration"], expected, atol=1e-10)


@pytest.mark.parametrize(
    "chosen",
    [{"rain_cv": 0.5}, {"rain_cv": 1.0}, {"rain_cv": 3.0}, {"rain_cv": 1.0, "wet_fraction": 0.5},
     {"rain_cv": 0.0, "capacity_cv": 1.0}, {"rain_cv": 1.0, "capacity_cv": 1.0}, {"rain_cv": 1.0, "capacity_cv": 0.4}],
)  # fmt: skip
def test_the_law_is_what_the_cells_do_on_the_mean_day(chosen):
    own = settings(years=12, cells=1000, **chosen)
    data = catchment.simulate(own)
    through, enter = data["true_throughfall"].values, data["true_infiltration"].values
    for low, high in ((2, 8), (8, 20), (20, 60)):
        days = (through >= low) & (through < high)
        known = catchment.law(own, "infiltration", through[days], through[days])
        assert (enter[days] / known).mean() == pytest.approx(1, abs=0.02)


def test_capacities_have_the_wanted_mean_and_cv():
    found = catchment.capacities(settings(capacity_cv=0.7, cells=20_000))
    assert found.mean() == pytest.approx(14.0)
    assert found.std() / found.mean() == pytest.approx(0.7, rel=0.01)


def test_unknown_laws_are_nan():
    assert np.isnan(catchment.law(settings(snow=True), "infiltration", np.ones(3), np.ones(3))).all()
    assert np.isnan(catchment.law(settings(), "recharge", np.ones(3), np.ones(3))).all()


@pytest.mark.parametrize("snow", [False, True])
def test_a_removed_pulse_is_conserved(snow):
    pulses = catchment.pulse_removal(settings(snow=snow), np.array([400, 500, 777]), 90)
    out = (pulses["streamflow"] + pulses["canopy_evaporation"] + pulses["soil_evapotranspiration"]).sum("lag")
    left = pulses["residual_storage"].isel(lag=-1)
    np.testing.assert_allclose(out + left, pulses["removed"], atol=1e-10)


def test_the_same_seed_gives_the_same_catchment():
    first, again, other = (catchment.simulate(settings(seed=seed)) for seed in (1, 1, 2))
    assert first.identical(again)
    assert not np.array_equal(first["streamflow"], other["streamflow"])


def test_snow_balances_falls_in_the_cold_and_takes_a_fair_share():
    data = catchment.simulate(settings(snow=True, years=12))
    change = data["true_snow"].diff("time")
    np.testing.assert_allclose(change, (data["true_snowfall"] - data["true_melt"])[1:], atol=1e-10)
    np.testing.assert_allclose(data["true_rain"] + data["true_snowfall"], data["precipitation"], atol=1e-12)
    assert float(data["true_snowfall"].where(data["temperature"] > 1, 0).sum()) == 0
    assert 0.25 < float(data["true_snowfall"].sum() / data["precipitation"].sum()) < 0.45
    assert float(data["true_snow"].min()) == 0


def test_without_snow_there_is_no_temperature():
    assert "temperature" not in catchment.simulate(settings())


def test_errors_of_rain_and_flow_leave_the_truth_alone():
    exact, noisy = (
        catchment.simulate(settings(years=20, rain_noise=noise, flow_noise=noise / 2)) for noise in (0.0, 0.3)
    )
    truths = [name for name in exact if name.startswith("true_")]
    assert exact[truths].equals(noisy[truths])
    for name, noise in (("precipitation", 0.3), ("streamflow", 0.15)):
        factor = (noisy[name] / exact[name]).values[exact[name].values > 0]
        assert factor.mean() == pytest.approx(1, abs=0.015)
        assert factor.std() == pytest.approx(noise, rel=0.05)
    assert np.array_equal(noisy["precipitation"] > 0, exact["precipitation"] > 0)


def test_demand_is_scaled():
    low, high = (catchment.simulate(settings(mean_demand=demand)) for demand in (1.3, 5.2))
    np.testing.assert_allclose(high["potential_evapotranspiration"], 4 * low["potential_evapotranspiration"])


@pytest.mark.parametrize("snow", [False, True])
def test_every_store_changes_by_what_flows_in_and_out(snow):
    data = catchment.simulate(settings(snow=snow))
    flux = {name.removeprefix("true_"): data[name].values for name in data} | {"streamflow": data["streamflow"].values}
    balances = {
        "canopy": (("rain",), ("throughfall", "canopy_evaporation")),
        "soil": (("infiltration",), ("soil_evapotranspiration", "recharge", "interflow")),
        "ground": (("recharge",), ("baseflow",)),
        "channel": (("surface_runoff", "interflow", "baseflow"), ("streamflow",)),
    } | ({"snow": (("snowfall",), ("melt",))} if snow else {})
    for store, (gains, losses) in balances.items():
        change = np.diff(flux[store], prepend=catchment.INITIAL[catchment.STORES.index(store)])
        expected = sum(flux[name] for name in gains) - sum(flux[name] for name in losses)
        np.testing.assert_allclose(change, expected, atol=1e-9, err_msg=store)
    surface = flux["throughfall"] + (flux["melt"] if snow else 0)
    np.testing.assert_allclose(surface, flux["infiltration"] + flux["surface_runoff"], atol=1e-9)
    evaporation = flux["canopy_evaporation"] + flux["soil_evapotranspiration"]
    assert (evaporation <= data["potential_evapotranspiration"] + 1e-9).all()


def test_snow_and_errors_leave_the_weather_alone():
    plain, snowy, noisy = (
        catchment.simulate(settings(**changes))
        for changes in ({}, {"snow": True}, {"snow": True, "rain_noise": 0.3, "flow_noise": 0.3})
    )
    for name in ("precipitation", "potential_evapotranspiration"):
        np.testing.assert_array_equal(plain[name], snowy[name])
    for name in ("potential_evapotranspiration", "temperature"):
        np.testing.assert_array_equal(snowy[name], noisy[name])


@pytest.mark.parametrize(
    "mistake", [{"mean_demand": 0}, {"rain_noise": -0.1}, {"flow_noise": 2.5}, {"snow": "perhaps"}, {"snowy": True}]
)
def test_mistakes_are_refused(mistake):
    with pytest.raises(ValueError, match=next(iter(mistake))):
        settings(**mistake)


def test_a_seed_keeps_its_catchment_from_version_to_version():
    data = catchment.simulate(settings())
    totals = {"precipitation": 5113.5, "potential_evapotranspiration": 3824.727935, "streamflow": 2903.320302}
    for name, total in totals.items():
        assert float(data[name].sum()) == pytest.approx(total, abs=1e-5)
