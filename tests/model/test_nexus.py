"""The nexus model: water is conserved, bounds hold, many passes meet the closed loop."""

from dataclasses import replace

import pytest
import torch

from hydronexus.model.bucket import Forcing
from hydronexus.model.nexus import Nexus
from hydronexus.model.stores import ledger


def _forcing(steps=400, windows=2, snow=True, step=1.0) -> Forcing:
    generator = torch.Generator().manual_seed(1)
    wet = torch.rand(1, windows, steps, generator=generator) < 0.4
    rain = wet * -8 * torch.log(torch.rand(1, windows, steps, generator=generator)) * step
    season = torch.sin(torch.arange(steps) * 2 * torch.pi * step / 365).expand(1, windows, steps)
    temperature = 5 + 12 * season + torch.randn(1, windows, steps, generator=generator)
    demand = (2.5 + 2 * season) * step
    features = torch.stack([rain, demand, temperature], -1)
    columns = (rain, demand, temperature if snow else None, None, None, features)
    return Forcing(*columns).map(lambda x: x.double())


def _model(closure="picard", snow=True, step=1.0, law_inputs="stores", spread=1.0) -> Nexus:
    model = Nexus([0, 1, 2], 3, step, snow, False, False, closure, 3, law_inputs, "lstm", 8, 6, True).double()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():  # laws far from their start, so that bounds are put to the test
        for parameter in model.bucket.laws.parameters():
            parameter += spread * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return model


def _worst_imbalance(simulation, snow) -> float:
    worst = 0.0
    for store, sides in ledger(snow).items():
        content = simulation.stores[store]
        before = torch.cat([simulation.before[store][..., :1], content[..., :-1]], -1) if store != "channel" else None
        if before is None:
            before = torch.cat([torch.zeros_like(content[..., :1]), content[..., :-1]], -1)
        net = sum(simulation.fluxes[f] for f in sides["inflows"]) - sum(simulation.fluxes[f] for f in sides["outflows"])
        worst = max(worst, float((content - before - net).detach().abs().max()))
    return worst


@pytest.mark.parametrize("snow", [True, False])
@pytest.mark.parametrize("closure", ["scan", "picard", "closed"])
def test_every_store_balances_to_rounding_in_open_loop(closure, snow):
    simulation = _model(closure, snow)(_forcing(snow=snow))
    assert _worst_imbalance(simulation, snow) < 1e-10


@pytest.mark.parametrize("snow", [True, False])
def test_every_store_balances_to_rounding_in_closed_loop(snow):
    assert _worst_imbalance(_model(snow=snow).closed_loop(_forcing(snow=snow)), snow) < 1e-10


def test_residual_mode_reports_its_imbalance_as_errors():
    simulation = _model("residual")(_forcing())
    for store, (error,) in simulation.errors.items():
        sides = ledger(True)[store]
        net = sum(simulation.fluxes[f] for f in sides["inflows"]) - sum(simulation.fluxes[f] for f in sides["outflows"])
        change = simulation.stores[store] - simulation.before[store]
        torch.testing.assert_close(change - net, error, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("closure", ["residual", "scan", "picard", "closed"])
def test_fluxes_are_not_negative_and_evaporation_stays_below_its_potential(closure):
    forcing = _forcing()
    for simulation in (_model(closure)(forcing), _model(closure).closed_loop(forcing)):
        for name, flux in simulation.fluxes.items():
            assert name == "precipitation_correction" or float(flux.detach().min()) > -1e-12, name
        evaporation = simulation.fluxes["canopy_evaporation"] + simulation.fluxes["soil_evapotranspiration"]
        assert float((evaporation - forcing.potential_evapotranspiration).detach().max()) < 1e-12


def test_corrected_precipitation_is_declared_and_bounded():
    forcing = _forcing()
    fluxes = _model(spread=30.0).closed_loop(forcing).fluxes
    fallen = fluxes["rain"] + fluxes["snowfall"]
    torch.testing.assert_close(forcing.precipitation + fluxes["precipitation_correction"], fallen)
    assert fluxes["precipitation_correction"].abs().max() > 0
    factor = fallen[:, forcing.precipitation[0] > 0] / forcing.precipitation[:, forcing.precipitation[0] > 0]
    assert float(factor.min()) > 0.606
    assert float(factor.max()) < 1.65


def test_stores_are_never_negative():
    for simulation in (_model()(_forcing()), _model().closed_loop(_forcing())):
        assert min(float(store.detach().min()) for name, store in simulation.stores.items() if name != "channel") >= 0
        assert float(simulation.stores["channel"].detach().min()) > -1e-9


def test_many_passes_meet_the_closed_loop():
    model, forcing = _model(), _forcing(steps=200)
    with torch.no_grad():
        parallel = model(forcing, passes=200)  # one more exact step with every pass, so 200 passes are exact
    sequential = model.closed_loop(forcing)
    for name, flux in sequential.fluxes.items():
        torch.testing.assert_close(parallel.fluxes[name], flux, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("law_inputs", ["stores", "hidden"])
def test_future_forcing_changes_nothing(law_inputs):
    model, forcing = _model(law_inputs=law_inputs), _forcing()
    changed = forcing.map(torch.clone)
    for tensor in (changed.precipitation, changed.temperature, changed.features):
        tensor[:, :, 300:] += 5
    for run in (model, model.closed_loop):
        with torch.no_grad():
            first, second = run(forcing), run(changed)
        for name, flux in first.fluxes.items():
            torch.testing.assert_close(flux[..., :300], second.fluxes[name][..., :300], rtol=0, atol=0)


def test_a_dry_down_does_not_depend_on_the_time_step():
    daily, hourly = _model(snow=False, spread=0.3), _model(snow=False, step=1 / 24, spread=0.3)
    hourly.load_state_dict(daily.state_dict(), strict=False)
    dry = _forcing(steps=20, windows=1, snow=False).map(torch.zeros_like)
    dry = replace(dry, potential_evapotranspiration=dry.precipitation + 0.5)
    by_day = daily.closed_loop(dry)
    by_hour = hourly.closed_loop(dry.map(lambda x: x.repeat_interleave(24, 2) / 24))
    for name in ("soil", "ground"):
        found, expected = by_hour.stores[name][..., 23::24], by_day.stores[name]
        torch.testing.assert_close(found, expected, rtol=0.05, atol=0.3)


def test_a_closed_loop_taken_up_midway_goes_on_the_same():
    model, forcing = _model(), _forcing()
    whole = model.closed_loop(forcing)
    start = {name: store[..., 199] for name, store in whole.stores.items() if name != "channel"}
    inflow = sum(whole.fluxes[name] for name in ("surface_runoff", "interflow", "baseflow"))
    lags = model.routing.lags.shape[-1]
    rest = model.closed_loop(forcing.steps(200, None), start, inflow[..., 201 - lags : 200])
    for name, flux in rest.fluxes.items():
        torch.testing.assert_close(flux, whole.fluxes[name][..., 200:], rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(rest.stores["channel"], whole.stores["channel"][..., 200:], rtol=1e-8, atol=1e-8)


def test_members_do_not_touch_each_other():
    three = _model()
    alone = Nexus([0, 1, 2], 3, 1.0, True, False, False, "picard", 3, "stores", "lstm", 8, 6, True).double()
    alone.load_state_dict(three.state_dict())
    with torch.no_grad():
        for parameter in alone.parameters():
            parameter[1] += 1.0
        first, second = three(_forcing()), alone(_forcing())
    torch.testing.assert_close(first.fluxes["streamflow"][0], second.fluxes["streamflow"][0])
    torch.testing.assert_close(first.fluxes["streamflow"][2], second.fluxes["streamflow"][2])
    assert not torch.equal(first.fluxes["streamflow"][1], second.fluxes["streamflow"][1])


@pytest.mark.parametrize("step", [1.0, 1 / 24])
def test_the_unit_hydrograph_sums_to_one_and_is_positive(step):
    weights = _model(step=step).routing.unit_hydrograph()
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, dtype=torch.float64))
    assert float(weights.detach().min()) > 0
