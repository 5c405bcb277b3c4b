"""Fits, mixing and deformation against parameters and closed forms that are known."""

import numpy as np
import pytest

from hydronexus.fieldscale import deformation
from hydronexus.fieldscale.candidates import EQUATIONS
from hydronexus.fieldscale.fit import Law, best, fit
from hydronexus.fieldscale.mixing import PointRain, averaged, canopy_deficit, mixed
from hydronexus.virtual.upscaling import (
    excess_exponential_rain,
    excess_gamma_rain,
    excess_lognormal_rain,
    infiltration_exponential_capacity,
    infiltration_gamma_rain_exponential_capacity,
)

X = np.linspace(1, 60, 40)
STEADY = EQUATIONS["infiltration"][0]


def law_of(function, x=None, y=None):
    x, y = np.meshgrid(np.linspace(0.5, 50, 32) if x is None else x, np.linspace(5, 150, 12) if y is None else y)
    column = np.broadcast_to(np.arange(x.shape[1]), x.shape)
    return Law(x.ravel(), y.ravel(), function(x.ravel(), y.ravel()), column.ravel(), np.ones(x.size))


@pytest.mark.parametrize("cv", [0.2, 0.7, 1.0, 2.0, 3.0])
def test_mixing_by_gamma_rain_is_the_closed_form(cv):
    found = averaged(np.minimum, PointRain(cv))(X, np.full_like(X, 14.0))
    np.testing.assert_allclose(found, X - excess_gamma_rain(X, 14.0, cv), rtol=3e-3)
    smooth = averaged(lambda x, y: infiltration_exponential_capacity(x, y), PointRain(cv))(X, np.full_like(X, 14.0))
    np.testing.assert_allclose(smooth, infiltration_gamma_rain_exponential_capacity(X, 14.0, cv), rtol=3e-3)


def test_mixing_by_lognormal_rain_is_the_closed_form():
    for cv in (0.5, 1.5):
        found = averaged(np.minimum, PointRain(cv, kind="lognormal"))(X, np.full_like(X, 14.0))
        np.testing.assert_allclose(found, X - excess_lognormal_rain(X, 14.0, cv), rtol=3e-3)


def test_mixing_over_part_of_the_area():
    found = averaged(np.minimum, PointRain(1.0, 0.4))(X, np.full_like(X, 14.0))
    np.testing.assert_allclose(found, X - excess_exponential_rain(X, 14.0, 0.4), rtol=3e-3)
    uniform = averaged(np.minimum, PointRain(0.0, 0.4))(X, np.full_like(X, 14.0))
    np.testing.assert_allclose(uniform, np.minimum(X, 0.4 * 14.0))


def test_mixing_after_a_canopy_is_the_closed_form_of_exponential_rain():
    areal, deficit = np.array([2.0, 8.0, 30.0]), 1.5
    through = areal * np.exp(-deficit / areal)
    expected = through - excess_exponential_rain(areal, 14.0 + deficit)
    found = averaged(np.minimum, PointRain(1.0), deficit)(through, np.full(3, 14.0))
    np.testing.assert_allclose(found, expected, rtol=5e-3)


def test_the_canopy_deficit_is_found_from_what_is_kept():
    areal = np.array([6.0, 12.0, 40.0])
    kept = areal * (1 - np.exp(-1.4 / areal))
    assert canopy_deficit(areal, kept, PointRain(1.0)) == pytest.approx(1.4, rel=0.01)
    assert canopy_deficit(areal, np.full(3, 1.4), PointRain(0.0)) == pytest.approx(1.4)
    assert canopy_deficit(areal, 0 * areal, PointRain(1.0)) == 0


@pytest.mark.parametrize("kind", ["gamma", "lognormal"])
def test_mixing_leaves_a_linear_law_alone(kind):
    found = averaged(lambda x, y: 0.3 * x, PointRain(3.0, 0.5, kind))(X, X)
    np.testing.assert_allclose(found, 0.3 * X)


@pytest.mark.parametrize(
    ("process", "number", "parameters"),
    [
        ("interception", 0, [2.0]), ("interception", 1, [3.0, 0.7]), ("infiltration", 0, [12.0]),
        ("infiltration", 1, [6.0, 40.0, 0.02]), ("infiltration", 2, [5.0, 200.0]), ("infiltration", 3, [80.0]),
        ("infiltration", 4, [160.0, 0.4]), ("evapotranspiration", 0, [80.0]), ("evapotranspiration", 1, [20.0, 60.0]),
        ("recharge", 0, [3.0, 4.0]), ("recharge", 1, [3.0, 2.0, 20.0]), ("baseflow", 0, [90.0]),
        ("baseflow", 1, [2.0, 1.7]),
    ],
)  # fmt: skip
def test_equations_recover_their_own_parameters(process, number, parameters):
    equation = EQUATIONS[process][number]
    y = np.linspace(0, 1.5, 12) if process == "interception" else None
    found = fit(equation, law_of(lambda x, y: equation.function(x, y, *parameters), y=y))
    np.testing.assert_allclose(found.values, parameters, rtol=0.02)
    assert found.rmse < 1e-3


def test_routing_equations_recover_their_own_parameters():
    lag = np.arange(15.0)
    for equation, parameters in zip(EQUATIONS["routing"], ([2.0], [2.5, 1.2], [1.5, 2.0]), strict=True):
        law = Law(
            lag, np.ones_like(lag), equation.function(lag, 1.0, *parameters), np.arange(len(lag)), np.ones_like(lag)
        )
        np.testing.assert_allclose(fit(equation, law).values, parameters, rtol=0.01)


def test_the_equation_behind_a_law_is_found_among_all():
    for equation, parameters in zip(
        EQUATIONS["infiltration"][1:], ([6, 40, 0.02], [5, 200], [80], [160, 0.4]), strict=True
    ):
        law = law_of(lambda x, y, e=equation, p=parameters: e.function(x, y, *p))
        assert best(EQUATIONS["infiltration"], law).equation.source == equation.source


def test_more_parameters_cost_where_they_do_not_help():
    law = law_of(lambda x, y: np.minimum(x, 12.0) + 0.1 * np.random.default_rng(0).standard_normal(x.shape))
    steady, changing = (fit(equation, law) for equation in EQUATIONS["infiltration"][:2])
    assert steady.aicc < changing.aicc


def test_mixing_explains_a_law_that_unlike_rain_made_and_no_other():
    made = law_of(lambda x, y: x - excess_gamma_rain(x, 14.0, 1.0))
    alone, under = fit(STEADY, made), fit(mixed(STEADY, PointRain(1.0)), made)
    assert under.values == pytest.approx([14.0], rel=0.01)
    assert under.rmse < 0.05 * alone.rmse
    plain = law_of(lambda x, y: np.minimum(x, 14.0))
    assert fit(mixed(STEADY, PointRain(1.0)), plain).rmse > 10 * fit(STEADY, plain).rmse
    assert fit(mixed(STEADY, PointRain(0.0)), plain).rmse == pytest.approx(fit(STEADY, plain).rmse, abs=1e-9)


def test_a_law_is_not_deformed_from_itself():
    law = np.minimum(X, 14.0)
    assert deformation.size(law, law, X) == 0
    assert deformation.sign(law, law, X) == 0
    np.testing.assert_array_equal(deformation.ratio(law, law), 1)


def test_deformation_by_known_mixing():
    field, catchment = np.minimum(X, 14.0), infiltration_gamma_rain_exponential_capacity(X, 14.0, 1.0)
    expected = np.log(X * 14 / (X + 14) / field)
    assert deformation.size(catchment, field, np.ones_like(X)) == pytest.approx(np.sqrt(np.mean(expected**2)))
    assert deformation.sign(catchment, field, np.ones_like(X)) == pytest.approx(expected.mean())
    assert deformation.sign(catchment, field, np.ones_like(X)) < 0


def test_curvature_has_the_sign_of_concavity():
    x = np.linspace(0, 10, 2001)
    assert deformation.curvature(x, x) == pytest.approx(0)
    assert deformation.curvature(x, x**2) == pytest.approx(-1 / 3, rel=1e-4)
    assert deformation.curvature(x, np.minimum(x, 5)) == pytest.approx(0.5, rel=1e-3)


def test_onset_of_losses():
    x = np.linspace(0, 40, 4001)
    assert deformation.onset(x, np.minimum(x, 19.0)) == pytest.approx(20.0, abs=0.01)
    hyperbola = x * 14 / (x + 14)
    assert deformation.onset(x, hyperbola) == pytest.approx(14 * 0.05 / 0.95, abs=0.02)
    assert np.isnan(deformation.onset(x, x))
