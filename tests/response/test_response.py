"""Response extraction: pulses are conserved, indices and field equations recover what is known."""

import numpy as np
import pytest
import torch

from hydronexus.fieldscale.mixing import PointRain
from hydronexus.response.field import compared
from hydronexus.response.indices import elasticity, indices, passage_time
from hydronexus.response.laws import PROCESSES, law_grids
from hydronexus.response.pulses import FLUXES, bin_pulses, choose_pulses, remove_pulses
from hydronexus.virtual.upscaling import excess_gamma_rain


@pytest.fixture(scope="module")
def pulses(basin):
    module, source, forcing, simulation = basin
    times = choose_pulses(forcing["precipitation"].values, 1.0, 70, 365, 60)
    return remove_pulses(module, source, simulation, times, 60)


def test_removed_water_is_found_in_outflows_and_stores(pulses):
    # The stores a pulse starts from are kept in single precision, which is what limits the balance.
    assert float(np.abs(pulses["conservation_error"]).max()) < 1e-4


def test_a_pulse_response_equals_two_whole_simulations(basin, pulses):
    module, source, _, _ = basin
    t0 = int(pulses["pulse"][3])
    raw = source.values[None, None]
    without = raw.clone()
    without[..., t0, 0] = 0
    full, less = (module.closed_loop(source.forcing(values)) for values in (raw, without))
    for flux in FLUXES:
        difference = (full.fluxes[flux] - less.fluxes[flux])[:, 0, t0 : t0 + 60].numpy()
        np.testing.assert_allclose(pulses[flux].values[:, 3], difference, atol=1e-4)


def test_pulses_leave_room_for_warmup_and_lag():
    rain = np.ones(1000)
    times = choose_pulses(rain, 1.0, 50, 365, 100)
    assert len(times) == 50
    assert times.min() >= 365
    assert times.max() < 900


def test_binned_responses_are_weighted_by_the_pulses(pulses):
    wetness = np.arange(pulses.sizes["pulse"], dtype=float)
    single = bin_pulses(pulses, wetness, 1, 1, 1.0)
    expected = pulses["streamflow"].sum("pulse") / pulses["removed"].sum()
    found = single["pulse"].sel(flux="streamflow").isel(intensity_bin=0, wetness_bin=0)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-6)
    binned = bin_pulses(pulses, wetness, 3, 2, 1.0)
    assert int(binned["pulse_count"].sum()) == pulses.sizes["pulse"]
    assert (np.diff(binned["intensity"]) > 0).all()


def test_law_grids_hold_every_process_within_bounds(basin):
    module, _, forcing, simulation = basin
    grids = law_grids(module, simulation, forcing["potential_evapotranspiration"])
    assert list(grids["process"].values) == list(PROCESSES)
    assert grids["law_visited"].any(("x", "y")).all()
    infiltration = grids["law"].sel(process="infiltration")
    assert (infiltration >= 0).all()
    assert (infiltration <= grids["law_x"].sel(process="infiltration") + 1e-5).all()


def test_a_law_on_its_grid_gives_the_flux_the_model_simulates(basin):
    module, _, _, simulation = basin
    closed = simulation.sel(loop="closed")
    x = torch.from_numpy((closed["infiltration"] + closed["surface_runoff"]).values[:, 1:]).double()
    y = torch.from_numpy(closed["soil"].values[:, :-1]).double()
    with torch.no_grad():
        found = PROCESSES["infiltration"].law(module.bucket, x[:, None], y[:, None], torch.zeros(())).squeeze(1)
    np.testing.assert_allclose(found.numpy(), closed["infiltration"].values[:, 1:], atol=1e-3)


def test_laws_are_compared_with_field_equations_and_with_mixing(basin):
    module, _, forcing, simulation = basin
    grids = law_grids(module, simulation, forcing["potential_evapotranspiration"])
    found = compared(grids, PointRain(1.0))
    assert (found["field_cross_validated"] >= 0).all()
    assert (found["deformation"] > 0).all()
    assert np.isfinite(found["mixing_gain"].sel(process=["interception", "infiltration"])).all()
    assert np.isnan(found["mixing_gain"].sel(process="recharge")).all()
    assert "mixed" in str(found["mixed_equation"].sel(process="infiltration").item())
    assert "mixing_gain" not in compared(grids, None)


def test_a_law_made_by_mixing_is_told_from_its_field_equation(basin):
    module, _, forcing, simulation = basin
    grids = law_grids(module, simulation, forcing["potential_evapotranspiration"])
    x = grids["law_x"].sel(process="infiltration").values[:, None] + 0 * grids["law_y"].values[0]
    made = {cv: x - excess_gamma_rain(x, 9.0, cv) for cv in (0.0, 1.0)}
    for cv, sign in ((1.0, 1), (0.0, -1)):
        law = grids["law"].copy()
        law.loc[{"process": "infiltration"}] = made[cv].astype("float32")
        found = compared(grids.assign(law=law), PointRain(1.0)).sel(process="infiltration")
        assert (sign * found["mixing_gain"] > 1).all()
    np.testing.assert_allclose(found["deformation"], 0, atol=1e-3)
    np.testing.assert_allclose(found["curvature_ratio"], 1, atol=1e-3)
    np.testing.assert_allclose(found["onset_shift"], 0, atol=1e-3)


def test_elasticity_of_a_power_law_is_its_exponent():
    removed = np.linspace(1, 40, 50)
    assert elasticity(removed, 0.3 * removed**1.7) == pytest.approx(1.7)
    assert np.isnan(elasticity(removed, np.zeros(50)))


def test_passage_times_of_an_exponential_response():
    lag = np.arange(2000.0)
    response = np.exp(-lag / 50)
    assert passage_time(response, lag, 0.5) == pytest.approx(50 * np.log(2), abs=1)
    assert passage_time(response, lag, 0.9) == pytest.approx(50 * np.log(10), abs=1)


def test_index_intervals_hold_the_index(pulses):
    result = indices(pulses, 50)
    mean = result["elasticity"].sel(flux="streamflow").mean("seed")
    assert result["elasticity_low"].sel(flux="streamflow") <= mean + 0.05
    assert result["elasticity_high"].sel(flux="streamflow") >= mean - 0.05
