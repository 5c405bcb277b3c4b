"""Field-scale equations against limits, balances and integrals of one another."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from hydronexus.fieldscale import drainage, evapotranspiration, infiltration, interception, recession, routing


def test_merriam_keeps_all_of_small_storms_and_its_capacity_of_large_ones():
    assert interception.merriam(1e-4, 1.5) == pytest.approx(1e-4, rel=1e-4)
    assert interception.merriam(100.0, 1.5, 0.4) == pytest.approx(1.9)


def test_gash_saturates_where_the_integral_of_wetting_reaches_capacity():
    rain, loss, capacity, caught = 2.0, 0.2, 1.2, 0.73
    depth = float(interception.gash_saturation(rain, loss, capacity, 0.25, 0.02))
    # Linear wetting dC/dt = caught R - E C/S reaches S at the time that depth takes.
    found = solve_ivp(lambda t, c: caught * rain - loss * c / capacity, (0, depth / rain), [0.0], rtol=1e-9)
    assert found.y[0, -1] == pytest.approx(capacity, rel=1e-6)
    small, large = interception.gash(np.array([0.5 * depth, depth + 10]), rain, loss, capacity)
    assert small == pytest.approx(caught * 0.5 * depth)
    assert large == pytest.approx(caught * depth + loss / rain * 10)
    assert np.isinf(interception.gash_saturation(0.2, 0.3, capacity))


def test_rutter_keeps_its_balance_and_tends_to_saturation():
    rain, demand = np.r_[np.full(12, 3.0), np.zeros(36)], np.full(48, 0.2)
    content, drip, loss = interception.rutter(rain, demand, 1.2)
    assert content[-1] + drip.sum() + loss.sum() == pytest.approx(0.73 * rain.sum())
    # Steady while it rains: caught = evaporation at full rate + drip.
    assert drip[10] + loss[10] == pytest.approx(0.73 * 3.0, rel=1e-3)
    assert loss[10] == pytest.approx(0.2)
    assert content[-1] < 0.01


@pytest.mark.parametrize(
    ("rate", "depth"),
    [
        (lambda t: infiltration.horton_rate(t, 80, 12, 3), lambda t: infiltration.horton_depth(t, 80, 12, 3)),
        (lambda t: infiltration.philip_rate(t, 30, 6), lambda t: infiltration.philip_depth(t, 30, 6)),
        (
            lambda t: infiltration.green_ampt_rate(infiltration.green_ampt_depth(t, 13.2, 26.7), 13.2, 26.7),
            lambda t: infiltration.green_ampt_depth(t, 13.2, 26.7),
        ),
    ],
)
def test_infiltrated_depth_is_the_integral_of_the_rate(rate, depth):
    found, _ = quad(rate, 0.01, 2)
    assert found == pytest.approx(depth(2) - depth(0.01), rel=1e-6)


def test_green_ampt_satisfies_its_implicit_form():
    time = np.array([0.1, 1.0, 10.0])
    depth = infiltration.green_ampt_depth(time, 5.0, 40.0)
    np.testing.assert_allclose(depth - 40 * np.log1p(depth / 40), 5.0 * time, rtol=1e-9)


def test_curve_number_by_hand():
    assert infiltration.curve_number_retention(80) == pytest.approx(63.5)
    assert infiltration.curve_number_runoff(100.0, 63.5) == pytest.approx(87.3**2 / 150.8)
    assert infiltration.curve_number_runoff(12.0, 63.5) == 0


def test_variable_capacity_is_what_cells_of_pareto_capacity_shed():
    shape, mean = 0.3, 150.0
    cells = mean * (1 + shape) * (1 - (1 - (np.arange(200_000) + 0.5) / 200_000) ** (1 / shape))
    level = 60.0
    held, rain = np.minimum(cells, level).mean(), 45.0
    shed = np.maximum(np.minimum(cells, level) + rain - cells, 0).mean()
    assert infiltration.variable_capacity_runoff(rain, held, mean, shape) == pytest.approx(shed, rel=1e-3)
    assert infiltration.variable_capacity_runoff(500.0, 20.0, mean, shape) == pytest.approx(370.0)


def test_feddes_is_linear_between_wilting_and_onset():
    np.testing.assert_allclose(evapotranspiration.feddes(4.0, [10, 30, 70, 200], 30, 110), [0, 0, 2, 4])


def test_fu_obeys_the_limits_of_water_and_energy():
    assert evapotranspiration.fu(1e3, 2.6) == pytest.approx(1, abs=1e-3)
    assert evapotranspiration.fu(1e-3, 2.6) == pytest.approx(1e-3, rel=1e-3)
    assert evapotranspiration.fu(1.0, 2.0) == pytest.approx(2 - np.sqrt(2))


def test_conductivities_by_hand():
    assert drainage.clapp_hornberger(0.5, 10.0, 4.0) == pytest.approx(10 * 0.5**11)
    assert drainage.brooks_corey(0.6, 0.2, 10.0, 0.5) == pytest.approx(10 * 0.5**7)
    assert drainage.brooks_corey(0.1, 0.2, 10.0, 0.5) == 0


@pytest.mark.parametrize(
    ("response", "mean"),
    [
        (lambda t: routing.linear_reservoir(t, 2.0), 2.0),
        (lambda t: routing.nash(t, 3.0, 1.5), 4.5),
        (lambda t: routing.lag_and_route(t, 1.0, 2.0), 3.0),
    ],
)
def test_unit_hydrographs_hold_one_unit_with_the_known_centroid(response, mean):
    time = np.linspace(0, 80, 800_001)
    values = response(time)
    assert np.trapezoid(values, time) == pytest.approx(1, abs=1e-4)
    assert np.trapezoid(values * time, time) == pytest.approx(mean, rel=1e-3)


@pytest.mark.parametrize("step", [0.25, 1.0])
def test_block_averages_of_nash_hold_one_unit_with_the_exact_centroid(step):
    lag = np.arange(0, 200, step)
    share = routing.unit_hydrograph(lag, step, 2.5, 1.2, 0.7)
    assert share.sum() == pytest.approx(1)
    assert (share * lag).sum() == pytest.approx(2.5 * 1.2 + 0.7)


def test_block_averages_are_those_of_the_impulse_response():
    inner = np.linspace(0, 1, 401)
    midpoints = (inner[1:] + inner[:-1]) / 2
    age = 3.0 + midpoints[:, None] - midpoints  # of water that leaves in the fourth step
    assert routing.unit_hydrograph(3.0, 1.0, 2.0, 1.5) == pytest.approx(routing.nash(age, 2.0, 1.5).mean(), rel=1e-4)


def test_nash_of_one_reservoir_is_the_linear_reservoir():
    time = np.linspace(0.1, 5, 20)
    np.testing.assert_allclose(routing.nash(time, 1.0, 2.0), routing.linear_reservoir(time, 2.0))


def test_muskingum_conserves_volume_delays_by_its_travel_time_and_keeps_steady_flow():
    assert sum(routing.muskingum_weights(12.0, 0.2, 6.0)) == pytest.approx(1)
    inflow = np.zeros(400)
    inflow[10] = 1.0
    outflow = routing.muskingum(inflow, 12.0, 0.2, 6.0)
    assert outflow.sum() == pytest.approx(1)
    assert (outflow * np.arange(400)).sum() * 6 - 60 == pytest.approx(12.0)
    np.testing.assert_allclose(routing.muskingum(np.full(50, 3.0), 12.0, 0.2, 6.0), 3.0)


def test_recession_of_a_power_reservoir():
    coefficient, exponent = 1e-4, 2.5
    a, n = recession.recession_parameters(coefficient, exponent)
    time = np.linspace(0, 50, 501)
    flow = coefficient * recession.storage(time, 100.0, coefficient, exponent) ** exponent
    slope = -np.gradient(flow, time)[1:-1]
    np.testing.assert_allclose(slope, a * flow[1:-1] ** n, rtol=1e-3)
    found = solve_ivp(lambda t, s: -coefficient * s**exponent, (0, 50), [100.0], rtol=1e-9)
    assert recession.storage(50.0, 100.0, coefficient, exponent) == pytest.approx(found.y[0, -1], rel=1e-6)
