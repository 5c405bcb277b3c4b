"""Baselines: calibrated, repeatable, on daily and hourly data with gaps."""

import json

import numpy as np
import pytest
import xarray as xr

from hydronexus.baselines.conceptual import Conceptual, calibrate, yearly_snow
from hydronexus.baselines.lstm import train_lstm
from hydronexus.baselines.snow import cemaneige
from hydronexus.config import Periods, Training, Virtual
from hydronexus.errors import BasinError, NotDefinedError
from hydronexus.evaluation.probes import halved
from hydronexus.virtual.catchment import simulate

PERIODS = Periods(
    validation=["2001-01-01", "2001-12-31"], test=["2002-01-01", "2002-12-31"], train=["2003-01-01", "2005-12-31"]
)


@pytest.fixture(scope="module")
def forcing() -> xr.Dataset:
    return (
        simulate(Virtual(years=6, cells=20))
        .astype("float32")
        .assign_attrs(basin="v_1", dataset="v", time_step_days=1.0)
    )


def test_snow_conserves_water():
    rng = np.random.default_rng(0)
    rain = rng.exponential(3, 3000)
    temperature = 5 + 15 * np.sin(np.arange(3000) * 2 * np.pi / 365) + rng.standard_normal(3000)
    temperature[-200:] = 25.0  # so that all snow has gone at the end
    liquid = cemaneige(rain, temperature, 1.0, 0.3, 4.0, 300.0)
    assert liquid.sum() == pytest.approx(rain.sum(), rel=1e-9)
    assert liquid.min() >= 0


def test_no_snow_falls_in_warm_weather():
    rain = np.array([1.0, 5.0, 0.0])
    np.testing.assert_array_equal(cemaneige(rain, np.full(3, 15.0), 1.0, 0.3, 4.0, 100.0), rain)


@pytest.mark.slow
def test_calibration_recovers_the_flow_of_known_parameters(forcing):
    known = {"X1": 300.0, "X2": -0.5, "X3": 60.0, "X4": 2.2}
    made = forcing.assign(streamflow=("time", Conceptual(forcing, 0.0).run(known).astype("float32")))
    run, facts = calibrate(made, PERIODS, 365, "v_1")
    assert json.loads(facts["calibration"])["nse_train"] > 0.98
    found = json.loads(facts["parameters"])
    assert found["X4"] == pytest.approx(2.2, rel=0.15)
    np.testing.assert_array_equal(run(forcing), Conceptual(forcing, 0.0).run(found)[None])
    with pytest.raises(NotDefinedError):
        run(halved(forcing))


def test_yearly_snow_counts_what_falls_below_freezing(forcing):
    cold = forcing.assign(temperature=forcing["precipitation"] * 0 - 10)
    yearly = float(forcing["precipitation"].sum()) / (forcing.sizes["time"] / 365.25)
    assert yearly_snow(cold) == pytest.approx(yearly, rel=1e-5)
    assert yearly_snow(forcing) == 0.0


def test_the_lstm_learns_repeats_itself_and_survives_gaps(forcing):
    gappy = forcing.copy(deep=True)
    gappy["streamflow"][1200:1300] = np.nan
    training = Training(seeds=2, steps=60)
    runs = [train_lstm(gappy, PERIODS, training, 8, "v_1", lambda line: None) for _ in range(2)]
    first, again = (run(gappy) for run in runs)
    assert first.shape == (2, forcing.sizes["time"])
    np.testing.assert_array_equal(first, again)
    assert first.min() >= 0
    assert not np.array_equal(first[0], first[1])
    tested = (forcing["time"].dt.year == 2002).values
    observed = forcing["streamflow"].values[tested]
    error = ((first.mean(0)[tested] - observed) ** 2).mean()
    assert 1 - error / observed.var() > 0.2


def test_gr4h_runs_on_hourly_data_and_other_steps_are_refused(forcing):
    hours = np.arange("2003-01-01", "2003-03-01", dtype="datetime64[h]").astype("datetime64[ns]")
    hourly = forcing.isel(time=slice(0, len(hours))).assign_coords(time=hours).assign_attrs(time_step_days=1 / 24)
    flow = Conceptual(hourly, 0.0).run({"X1": 300.0, "X2": 0.0, "X3": 60.0, "X4": 10.0})
    assert np.isfinite(flow).all()
    with pytest.raises(BasinError, match="daily or hourly"):
        calibrate(hourly.assign_attrs(time_step_days=0.125), PERIODS, 10, "v_1")
