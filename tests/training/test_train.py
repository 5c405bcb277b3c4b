"""Training: learns, repeats itself, resumes bit for bit, and names what went wrong."""

import numpy as np
import pytest
import torch
import xarray as xr

from hydronexus.config import Model, Periods, Training
from hydronexus.errors import TrainingDivergedError
from hydronexus.training import checkpoint
from hydronexus.training.data import drivers, windows
from hydronexus.training.simulate import simulate
from hydronexus.training.train import train

PERIODS = Periods(
    validation=["2001-01-01", "2001-12-31"], test=["2002-01-01", "2002-12-31"], train=["2003-01-01", "2004-12-31"]
)
MODEL = Model(hidden_size=6, law_size=4, iterations=2)


def settings(**changes) -> Training:
    return Training(**{"seeds": 2, "steps": 12, "evaluate_every": 4, "checkpoint_every": 5, "device": "cpu"} | changes)


@pytest.fixture(scope="module")
def forcing() -> xr.Dataset:
    """Five years of rain through a linear reservoir, with temperature and a gap in streamflow."""
    rng = np.random.default_rng(0)
    time = np.arange("2000-01-01", "2005-01-01", dtype="datetime64[D]")
    rain = np.where(rng.random(len(time)) < 0.4, rng.exponential(8, len(time)), 0.0)
    flow, store = np.zeros(len(time)), 20.0
    for t, p in enumerate(rain):
        flow[t] = 0.1 * (store + 0.5 * p)
        store += 0.5 * p - flow[t]
    flow[1200:1230] = np.nan
    season = np.sin(np.arange(len(time)) * 2 * np.pi / 365)
    columns = {
        "precipitation": rain,
        "potential_evapotranspiration": 2.5 + 2 * season,
        "temperature": 8 + 10 * season,
        "streamflow": flow,
    }
    arrays = {name: ("time", values.astype("float32")) for name, values in columns.items()}
    return xr.Dataset(
        arrays, {"time": time.astype("datetime64[ns]")}, {"basin": "x_1", "dataset": "x", "time_step_days": 1.0}
    )


def run(forcing, path=None, **changes):
    return train(forcing, PERIODS, MODEL, settings(**changes), "x_1", path, progress=lambda line: None)


def test_training_improves_the_validation_score(forcing):
    history = run(forcing, steps=40).history.groupby("step")["validation_nse"].mean()
    assert history.iloc[-1] > history.iloc[0] + 0.1


@pytest.mark.parametrize("closure", ["residual", "scan", "picard"])
def test_every_closure_trains(forcing, closure):
    model = MODEL.model_copy(update={"closure": closure})
    trained = train(forcing, PERIODS, model, settings(steps=150), "x_1", progress=lambda line: None)
    assert np.isfinite(trained.history["loss"]).all()
    score = trained.history.groupby("step")["best"].mean()
    assert score.iloc[-1] > score.iloc[0] + 0.1


def test_the_same_seed_gives_the_same_weights(forcing):
    first, second = run(forcing), run(forcing)
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)


def test_a_killed_training_resumes_to_bit_identical_weights(forcing, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    whole = run(forcing)

    class Killed(Exception):
        pass

    def kill(line: str) -> None:
        if "step 8/" in line:
            raise Killed

    with pytest.raises(Killed):
        train(forcing, PERIODS, MODEL, settings(), "x_1", path, progress=kill)
    assert checkpoint.facts(path)["step"] == 5
    lines = []
    resumed = train(forcing, PERIODS, MODEL, settings(), "x_1", path, progress=lines.append)
    assert "resuming at step 5" in lines[0]
    assert all(torch.equal(whole.weights[name], resumed.weights[name]) for name in whole.weights)
    assert whole.history.equals(resumed.history)


def test_a_checkpoint_of_other_settings_is_ignored(forcing, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    run(forcing, path, learning_rate=0.02)
    assert path.exists()
    fresh, beside = run(forcing), run(forcing, path)
    assert all(torch.equal(fresh.weights[name], beside.weights[name]) for name in fresh.weights)


def test_divergence_names_basin_seed_and_step(forcing):
    broken = forcing.copy(deep=True)
    broken["precipitation"][1500] = np.inf
    with pytest.raises(TrainingDivergedError, match="basin x_1: training diverged: seed 0, step 1"):
        run(broken)


def test_training_stops_early_without_improvement(forcing):
    stopped = run(forcing, steps=400, evaluate_every=1, patience=3, learning_rate=1e-9)
    assert stopped.history["step"].max() < 50


def test_windows_score_every_observed_step_of_the_period_once(forcing):
    source = drivers(forcing, PERIODS.train, True)
    cut = windows(forcing, source, PERIODS.train, 365, 200)
    inside = (forcing["time"].dt.year >= 2003).values & np.isfinite(forcing["streamflow"].values)
    assert int(cut.scored.sum()) == inside.sum()
    assert float(cut.observed.sum()) == pytest.approx(float(forcing["streamflow"].values[inside].sum()), rel=1e-5)


def test_noise_depends_on_seed_and_step_only_and_keeps_dry_days_dry(forcing):
    source = drivers(forcing, PERIODS.train, True)
    raw = source.values[None, None]
    first, again, other = (source.noisy(raw, 0.2, [0, 1], step) for step in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])
    assert (first[..., 0][:, raw[0, ..., 0] == 0] == 0).all()
    assert float(first[..., 0].mean() / raw[..., 0].mean()) == pytest.approx(1, abs=0.03)


def test_without_temperature_there_is_no_snow(forcing):
    warm = forcing.drop_vars("temperature")
    trained = train(warm, PERIODS, MODEL, settings(steps=4), "x_1", progress=lambda line: None)
    simulation = simulate(trained.weights, warm, PERIODS, MODEL, settings(steps=4))
    assert "snow" not in simulation
    assert simulation.attrs["snow"] == 0
    np.testing.assert_allclose(simulation["rain"].values[0, 0], warm["precipitation"].values, rtol=1e-6)


def test_an_hourly_basin_trains(forcing):
    hours = np.arange("2000-01-01", "2000-03-01", dtype="datetime64[h]").astype("datetime64[ns]")
    hourly = forcing.isel(time=slice(0, len(hours))).assign_coords(time=hours)
    hourly = hourly.assign_attrs(time_step_days=1 / 24)
    hourly["precipitation"] = hourly["precipitation"] / 24
    hourly["potential_evapotranspiration"] = hourly["potential_evapotranspiration"] / 24
    rng = np.random.default_rng(1)
    hourly["streamflow"] = ("time", rng.random(hourly.sizes["time"]).astype("float32"))
    periods = Periods(
        train=["2000-02-01", "2000-02-15"], validation=["2000-01-21", "2000-01-30"], test=["2000-02-16", "2000-02-28"]
    )
    trained = train(hourly, periods, MODEL, settings(steps=4, warmup=10, window=5), "x_1", progress=lambda line: None)
    simulation = simulate(trained.weights, hourly, periods, MODEL, settings(steps=4))
    assert np.isfinite(simulation["streamflow"]).all()
