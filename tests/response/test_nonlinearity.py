"""Added pulses, pairs of pulses, linear filters, memory and attribution: exact where the system is known."""

import numpy as np
import pytest

from hydronexus.response import attribution, memory
from hydronexus.response.attribution import attribute
from hydronexus.response.memory import WINDOWS, truncation_memory
from hydronexus.response.nonlinearity import DOUBLED, add_pulses, interactions, unlike_linear
from hydronexus.response.pulses import changed, choose_pulses


@pytest.fixture(scope="module")
def added(basin):
    module, source, forcing, simulation = basin
    times = choose_pulses(forcing["precipitation"].values, 1.0, 30, 365, 40)
    return add_pulses(module, source, simulation, times, 40, 25.0), times


def test_added_water_is_conserved(basin):
    module, source, _, simulation = basin
    found = changed(module, source, simulation, np.array([400, 500]), 60, np.full((2, 1), 7.0))
    assert float(np.abs(found["conservation_error"]).max()) < 1e-9


def test_additions_beyond_what_was_seen_are_flagged_and_left_out(basin, added):
    result, times = added
    rain = basin[2]["precipitation"].values[times]
    np.testing.assert_allclose(result["addition_extrapolated"][1], (rain + 5 > 25).mean())
    assert result["addition_extrapolated"][-1] == 1
    assert np.isnan(result["addition_response"].sel(addition=50)).all()
    assert np.isfinite(result["addition_response"].sel(addition=5)).all()


def test_the_response_to_an_addition_equals_two_whole_simulations(basin, added):
    module, source, _, _ = basin
    result, times = added
    raw = source.values[None, None]
    within = [t for t in times if raw[0, 0, t, 0] + 10 <= 25]
    plain = module.closed_loop(source.forcing(raw)).fluxes["streamflow"][:, 0].numpy()
    total = 0
    for t in within:
        more = raw.clone()
        more[..., t, 0] += 10
        total = total + module.closed_loop(source.forcing(more)).fluxes["streamflow"][:, 0, t : t + 40].numpy()
        total = total - plain[:, t : t + 40]
    found = result["addition_response"].sel(flux="streamflow", addition=10).transpose("seed", "lag").values
    np.testing.assert_allclose(found, total / len(within) / 10, atol=1e-5)


def test_superposition_is_missed_by_a_nonlinear_model(added):
    defect = added[0]["superposition_defect"].sel(flux="streamflow")
    assert (defect.sel(addition=DOUBLED[0][0]) > 1e-3).all()
    assert np.isnan(defect.sel(addition=1)).all()


def test_pairs_of_pulses_equal_four_whole_simulations(basin):
    module, source, _, simulation = basin
    found = interactions(module, source, simulation, 365, 40)["interaction"].sel(flux="streamflow", separation=3)
    rain = source.values[:, 0].numpy()
    starts = np.flatnonzero((rain[:-3] >= 1) & (rain[3:] >= 1))
    starts = starts[(starts >= 365) & (starts < len(rain) - 43)]
    starts = starts[np.linspace(0, len(starts) - 1, 60).round().astype(int)]
    total, products = 0.0, 0.0
    for t in starts:
        volume = {}
        for name, days in (("none", ()), ("a", (t,)), ("b", (t + 3,)), ("both", (t, t + 3))):
            raw = source.values[None, None].clone()
            for day in days:
                raw[..., day, 0] = 0
            flow = module.closed_loop(source.forcing(raw)).fluxes["streamflow"][:, 0, t + 3 : t + 43]
            volume[name] = flow.sum(-1).numpy()
        total = total + volume["none"] - volume["a"] - volume["b"] + volume["both"]
        products += rain[t] * rain[t + 3]
    np.testing.assert_allclose(found.values, total / products, rtol=1e-3, atol=1e-7)


def test_a_linear_filter_explains_a_linear_system_and_half_of_half_noise():
    rng = np.random.default_rng(0)
    rain = rng.exponential(5, 3000) * (rng.random(3000) < 0.4)
    linear = np.convolve(rain, np.exp(-np.arange(60) / 8))[:3000] + 2.0
    noise = rng.standard_normal(3000) * linear[60:].std()
    found = unlike_linear(rain, np.stack([linear, linear + noise, np.full(3000, 3.0)]), 60)
    assert found[0] == pytest.approx(0, abs=1e-6)
    assert found[1] == pytest.approx(0.5, abs=0.03)
    assert np.isnan(found[2])


def test_memory_is_one_of_the_windows_and_short_where_nothing_is_stored(basin):
    module, source, _, simulation = basin
    flow = simulation["streamflow"].sel(loop="closed").mean("seed").values
    rng = np.random.default_rng(0)
    noisy = flow + 50 * rng.standard_normal(len(flow))
    found = truncation_memory(module, source, simulation, noisy, 365)
    assert (found == WINDOWS[0]).all()  # the error is all noise, whatever is forgotten
    found = truncation_memory(module, source, simulation, flow + 0.02 * rng.standard_normal(len(flow)), 365)
    assert (found > 7).all()
    assert np.isin(found.values, WINDOWS).all()


def test_long_records_are_worked_on_in_parts_with_the_same_result(basin, monkeypatch):
    module, source, _, simulation = basin
    flow = simulation["streamflow"].sel(loop="closed").mean("seed").values + 0.01
    whole = truncation_memory(module, source, simulation, flow, 365), attribute(module, source, simulation, 365, 30)
    monkeypatch.setattr(memory, "HELD", 1000)
    monkeypatch.setattr(attribution, "HELD", 1000)
    np.testing.assert_array_equal(truncation_memory(module, source, simulation, flow, 365), whole[0])
    parts = attribute(module, source, simulation, 365, 30)
    np.testing.assert_allclose(parts["attribution"], whole[1]["attribution"], rtol=1e-5)


def test_attributions_are_complete_and_belong_to_days_before(basin):
    module, source, _, simulation = basin
    found = attribute(module, source, simulation, 365, 30)
    np.testing.assert_allclose(found["attribution"].sum("lag"), 1, atol=1e-5)
    assert (found["completeness_error"] < 0.05).all()
    assert (found["attribution"].isel(lag=slice(0, 8)).sum("lag") > 0.5).all()
