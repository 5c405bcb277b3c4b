"""Conversion of units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydronexus.forcing.units import convert

AMOUNT = st.floats(0, 1e4)


@pytest.mark.parametrize(
    ("value", "units", "step", "expected"),
    [
        (3.0, "mm", 1.0, 3.0),
        (3.0, "mm/d", 1.0, 3.0),
        (24.0, "mm d-1", 1 / 24, 1.0),
        (2.0, "mm/h", 1.0, 48.0),
        (2.0, "mm hr-1", 1 / 24, 2.0),
        (1e-3, "m", 1.0, 1.0),
        (1 / 86400, "kg m-2 s-1", 1.0, 1.0),
        (1 / 86400, "kg m**-2 s**-1", 1.0, 1.0),
        (5.0, "kg/m^2", 1.0, 5.0),
        (1.0, "inch/day", 1.0, 25.4),
    ],
)
def test_water_depths_become_mm_per_step(value, units, step, expected):
    assert convert(np.array(value), units, "mm", step) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("units", "expected"),
    [("m3/s", 86.4), ("m3 s-1", 86.4), ("m^3/s", 86.4), ("cumecs", 86.4), ("L/s", 0.0864), ("ML/d", 1.0)],
)
def test_volume_flows_spread_over_the_area(units, expected):
    assert convert(np.array(1.0), units, "mm", 1.0, area_km2=1.0) == pytest.approx(expected)


def test_cubic_feet_per_second_follow_the_definition_of_the_foot():
    assert convert(np.array(1.0), "cfs", "mm", 1.0, area_km2=1.0) == pytest.approx(0.3048**3 * 86.4)


@pytest.mark.parametrize(
    ("value", "units", "target", "expected"),
    [
        (273.15, "K", "degC", 0.0),
        (50.0, "degF", "degC", 10.0),
        (7.0, "C", "degC", 7.0),
        (7.0, "°C", "degC", 7.0),
        (7.0, "degrees_celsius", "degC", 7.0),
        (1.2, "kPa", "Pa", 1200.0),
        (12.0, "hPa", "Pa", 1200.0),
        (86400.0, "J m-2", "W m-2", 1.0),
        (8.64, "MJ m-2 d-1", "W m-2", 100.0),
        (5.0, "W/m2", "W m-2", 5.0),
        (80.0, "%", "%", 80.0),
    ],
)
def test_other_quantities_become_canonical(value, units, target, expected):
    assert convert(np.array(value), units, target, 1.0) == pytest.approx(expected, abs=1e-9)


def test_energy_per_step_is_shared_over_the_step():
    assert convert(np.array(3600.0), "J m-2", "W m-2", 1 / 24) == pytest.approx(1.0)


@pytest.mark.parametrize("area", [None, 0.0, np.nan])
def test_a_volume_flow_without_area_is_refused(area):
    with pytest.raises(ValueError, match="area"):
        convert(np.array(1.0), "m3/s", "mm", 1.0, area_km2=area)


@pytest.mark.parametrize(
    ("units", "target"),
    [("furlongs per", "mm"), ("degC", "mm"), ("mm", "degC"), ("1", "mm"), ("-", "mm"), ("s", "Pa")],
)
def test_units_that_do_not_fit_are_refused(units, target):
    with pytest.raises(ValueError, match="units"):
        convert(np.array(1.0), units, target, 1.0)


@given(AMOUNT, st.sampled_from([1 / 24, 0.25, 1.0, 7.0]), st.floats(0.1, 1e5))
def test_volume_flow_and_its_depth_agree(flow, step, area):
    depth = convert(np.array(flow), "m3/s", "mm", step, area)
    assert depth / 1e3 * area * 1e6 == pytest.approx(flow * step * 86400, rel=1e-9)


@given(AMOUNT, st.sampled_from([1 / 24, 1.0]))
def test_a_rate_and_an_amount_of_water_agree(rate, step):
    assert convert(np.array(rate), "mm/d", "mm", step) == pytest.approx(
        float(convert(np.array(rate * step), "kg m-2", "mm", step))
    )


@given(st.floats(-80, 60))
def test_temperature_survives_a_round_trip_over_kelvin(celsius):
    assert convert(np.array(celsius + 273.15), "kelvin", "degC", 1.0) == pytest.approx(celsius, abs=1e-9)
