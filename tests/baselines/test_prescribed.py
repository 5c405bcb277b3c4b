"""The bucket with prescribed laws: water conserved, bounds kept, any time step, its own flow recovered."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from hydronexus.baselines.prescribed import LAND, SNOW, Weather, calibrate, simulate, unit_hydrograph, weather
from hydronexus.config import Periods
from hydronexus.evaluation.probes import halved, probe
from hydronexus.model.stores import STORES

PERIODS = Periods(
    validation=["2001-01-01", "2001-12-31"], test=["2002-01-01", "2002-12-31"], train=["2003-01-01", "2006-12-31"]
)
KNOWN = {
    "rain_catch": 1.1, "snow_catch": 1.3, "snow_temperature": 0.5, "melt_temperature": 0.3, "melt_factor": 3.5,
    "canopy_capacity": 1.5, "infiltration_capacity": 25.0, "soil_capacity": 220.0, "stress_onset": 0.5,
    "recharge_rate": 12.0, "recharge_exponent": 5.0, "interflow_rate": 15.0, "interflow_exponent": 3.0,
    "ground_residence": 60.0, "channel_delay": 1.4, "channel_reservoirs": 2.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def forcing() -> xr.Dataset:
    """Seven years of made-up weather with snowy winters."""
    rng = np.random.default_rng(3)
    time = np.arange("2000-01-01", "2007-01-01", dtype="datetime64[D]").astype("datetime64[ns]")
    season = np.sin(2 * np.pi * (np.arange(len(time)) - 110) / 365.25)
    rain = rng.gamma(0.6, 12.0, len(time)) * (rng.random(len(time)) < 0.45)
    arrays = {
        "precipitation": rain,
        "potential_evapotranspiration": 2.3 + 2.2 * season,
        "temperature": 5 + 11 * season + 3 * rng.standard_normal(len(time)),
    }
    made = xr.Dataset(
        {name: ("time", values) for name, values in arrays.items()}, {"time": time}, {"time_step_days": 1.0}
    )
    flow = simulate(weather(made), KNOWN)["streamflow"]
    return made.assign(streamflow=("time", flow)).assign_attrs(basin="v_1", dataset="v")


@pytest.fixture(scope="module")
def run(forcing) -> dict[str, np.ndarray]:
    return simulate(weather(forcing), KNOWN)


def efficiency(observed: np.ndarray, simulated: np.ndarray) -> float:
    return 1 - ((simulated - observed) ** 2).mean() / observed.var()


def drawn(seed: int) -> dict[str, float]:
    """Parameters from anywhere within their bounds, some of them at a bound."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, (low, high, log) in {**SNOW, **LAND}.items():
        share = rng.choice([0.0, 1.0, rng.random()], p=[0.2, 0.2, 0.6])
        found[name] = low * (high / low) ** share if log else low + share * (high - low)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_every_store_closes_and_no_flux_is_negative(forcing, seed):
    there = weather(forcing)
    run = simulate(there, drawn(seed))
    for name, store in STORES.items():
        change = np.diff(run[name])
        balance = sum(run[flux] for flux in store.inflows) - sum(run[flux] for flux in store.outflows)
        np.testing.assert_allclose(change, balance[1:], atol=1e-9, err_msg=name)
        assert run[name].min() >= 0
    supplied = there.precipitation + run["precipitation_correction"]
    np.testing.assert_allclose(run["rain"] + run["snowfall"], supplied, atol=1e-9)
    surface = run["throughfall"] + run["melt"]
    np.testing.assert_allclose(run["infiltration"] + run["surface_runoff"], surface, atol=1e-9)
    assert np.isfinite(run["streamflow"]).all()
    fluxes = [flux for store in STORES.values() for flux in (*store.inflows, *store.outflows)]
    assert min(run[flux].min() for flux in fluxes) >= -1e-12
    assert (run["canopy_evaporation"] + run["soil_evapotranspiration"] <= there.demand + 1e-12).all()


def test_capacities_are_kept(run):
    assert run["canopy"].max() <= KNOWN["canopy_capacity"]
    assert run["soil"].max() <= KNOWN["soil_capacity"]
    assert run["infiltration"].max() == pytest.approx(KNOWN["infiltration_capacity"])
    assert run["surface_runoff"].sum() > 0


def test_without_temperature_there_is_no_snow_and_no_correction(forcing):
    land = {name: KNOWN[name] for name in LAND}
    run = simulate(weather(forcing.drop_vars("temperature")), land)
    np.testing.assert_array_equal(run["rain"], forcing["precipitation"].values)
    for name in ("snow", "snowfall", "melt", "precipitation_correction"):
        assert not run[name].any()


def test_snow_falls_in_the_cold_and_melts_by_degree_days():
    there = Weather(np.array([10.0, 0, 0, 0]), np.zeros(4), np.array([-10.0, 0.3, 2.3, 20.0]), 1.0)
    run = simulate(there, KNOWN)
    assert run["snowfall"][0] == pytest.approx(13.0)
    np.testing.assert_allclose(run["melt"], [0, 0, 7.0, 6.0])


def test_a_wet_canopy_dries_at_a_rate_in_proportion_to_its_water():
    there = Weather(np.array([1.5, 0, 0]), np.full(3, 0.9), None, 1.0)
    run = simulate(there, {name: KNOWN[name] for name in LAND})
    np.testing.assert_allclose(run["canopy"], 1.5 * np.exp(-0.6 * np.arange(1, 4)))


def test_a_drying_soil_under_stress_decays_exponentially(forcing):
    slow = KNOWN | {"recharge_rate": 1e-12, "interflow_rate": 1e-12, "stress_onset": 1.0}
    days = 50
    there = Weather(np.zeros(days), np.full(days, 4.0), None, 1.0)
    soil = simulate(there, slow)["soil"]
    np.testing.assert_allclose(soil, 110 * np.exp(-4 / 220 * np.arange(1, days + 1)))


@pytest.mark.parametrize("step", [1 / 24, 0.5, 1.0])
def test_the_unit_hydrograph_is_the_nash_cascade(step):
    weights = unit_hydrograph(1.4, 2.5, step)
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0
    assert (weights * np.arange(len(weights)) * step).sum() == pytest.approx(1.4, rel=0.01)
    # The response to a short pulse, summed, is the gamma distribution.
    if step < 0.1:
        passed = stats.gamma(2.5, scale=1.4 / 2.5).cdf((np.arange(len(weights)) + 0.5) * step)
        np.testing.assert_allclose(np.cumsum(weights), passed, atol=0.002)


def test_half_the_time_step_gives_the_same_flow(forcing, run):
    flow = simulate(weather(halved(forcing)), KNOWN)["streamflow"].reshape(-1, 2).sum(1)
    assert efficiency(run["streamflow"], flow) > 0.99


def test_the_physics_probes_pass(forcing):
    # More rain than falls would come out, were it corrected upwards.
    known = KNOWN | {"rain_catch": 1.0, "snow_catch": 1.0}
    table = probe(lambda other: simulate(weather(other), known)["streamflow"][None], forcing).set_index("probe")
    assert table["passed"].all(), table[["value", "passed"]]


def test_its_own_flow_is_recovered(forcing):
    model, facts = calibrate(forcing, PERIODS, 365, "v_1")
    assert json.loads(facts["calibration"])["nse_train"] > 0.99
    assert set(json.loads(facts["parameters"])) == set(KNOWN)
    tested = (forcing["time"].dt.year == 2002).values
    assert efficiency(forcing["streamflow"].values[tested], model(forcing)[0, tested]) > 0.99


def test_calibration_repeats_itself_and_survives_gaps(forcing):
    gappy = forcing.drop_vars("temperature").isel(time=slice(0, 1800)).copy(deep=True)
    gappy["streamflow"][1300:1400] = np.nan
    periods = PERIODS.model_copy(update={"train": ("2003-01-01", "2004-06-30")})
    found = [calibrate(gappy, periods, 365, "v_1")[1] for _ in range(2)]
    assert found[0] == found[1]
    assert np.isfinite(json.loads(found[0]["calibration"])["nse_train"])


def test_a_steep_soil_gives_the_same_flow_at_an_eighth_of_the_time_step(forcing):
    steep = KNOWN | {"recharge_exponent": 20.0, "interflow_exponent": 15.0, "interflow_rate": 60.0}
    finer = halved(halved(halved(forcing)))
    flow = simulate(weather(finer), steep)["streamflow"].reshape(-1, 8).sum(1)
    assert efficiency(simulate(weather(forcing), steep)["streamflow"], flow) > 0.98
