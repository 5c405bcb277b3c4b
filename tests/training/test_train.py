"""Training: learns, repeats itself, resumes bit for bit, and names what went wrong."""

from functools import partial
from itertools import count

import numpy as np
import pytest
import torch
import xarray as xr

from hydronexus.config import Model, Periods, Training
from hydronexus.errors import TrainingDivergedError
from hydronexus.model.bucket import Bucket, Forcing
from hydronexus.model.closure import stepwise
from hydronexus.model.laws import Law
from hydronexus.model.nexus import Nexus
from hydronexus.training import checkpoint
from hydronexus.training.data import Drivers, drivers, stack_windows, windows
from hydronexus.training.objective import corrected_by
from hydronexus.training.simulate import simulate
from hydronexus.training.train import Task, train, train_cohort

PERIODS = Periods(
    validation=["2001-01-01", "2001-12-31"], test=["2002-01-01", "2002-12-31"], train=["2003-01-01", "2004-12-31"]
)
MODEL = Model(hidden_size=6, law_size=4, iterations=2)


def settings(**changes) -> Training:
    few = {"seeds": 2, "steps": 12, "encoder_steps": 4, "evaluate_every": 4, "checkpoint_every": 5, "device": "cpu"}
    return Training(**few | changes)


def quietly(line: str) -> None:
    """Progress that nobody reads."""


def run(forcing, path=None, **changes):
    return train(Task("x_1", forcing, PERIODS, path), MODEL, settings(**changes), quietly)


def test_training_improves_the_validation_score(forcing):
    history = run(forcing, steps=40).history.groupby("step")["validation_nse"].mean()
    assert history.iloc[-1] > history.iloc[0] + 0.1


@pytest.mark.parametrize("encoder", ["lstm", "scan"])
@pytest.mark.parametrize("closure", ["residual", "scan", "picard", "closed"])
def test_every_closure_trains(forcing, closure, encoder):
    model = MODEL.model_copy(update={"closure": closure, "encoder": encoder})
    trained = train(Task("x_1", forcing, PERIODS), model, settings(steps=150, patience=40), quietly)
    assert np.isfinite(trained.history["loss"]).all()
    score = trained.history.groupby("step")["best"].mean()
    assert score.iloc[-1] > score.iloc[0] + 0.1


def test_the_same_seed_gives_the_same_weights(forcing):
    first, second = run(forcing), run(forcing)
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)


@pytest.mark.parametrize(("moment", "saved"), [("step 8/", 5), ("encoder step 4/", 15)])
def test_a_killed_training_resumes_to_bit_identical_weights(forcing, tmp_path, moment, saved):
    path = tmp_path / "checkpoint.safetensors"
    whole = run(forcing)

    class Killed(Exception):
        pass

    def kill(line: str) -> None:
        if moment in line:
            raise Killed

    with pytest.raises(Killed):
        train(Task("x_1", forcing, PERIODS, path), MODEL, settings(), kill)
    assert checkpoint.facts(path)["step"] == saved
    lines = []
    resumed = train(Task("x_1", forcing, PERIODS, path), MODEL, settings(), lines.append)
    assert f"resuming at step {saved}" in lines[0]
    assert all(torch.equal(whole.weights[name], resumed.weights[name]) for name in whole.weights)
    assert whole.history.equals(resumed.history)


def test_the_encoder_follows_the_laws_and_leaves_them_alone(forcing):
    few, many = run(forcing, encoder_steps=1), run(forcing, encoder_steps=150)
    for name, weight in few.weights.items():
        assert torch.equal(weight, many.weights[name]) != name.startswith("encoder"), name
    gaps = []
    for trained, steps in ((few, 1), (many, 150)):
        flow = simulate(trained.weights, forcing, PERIODS, MODEL, settings(encoder_steps=steps))["streamflow"]
        gaps.append(float(((flow.sel(loop="open") - flow.sel(loop="closed")) ** 2).mean()))
    assert gaps[1] < 0.2 * gaps[0]


def test_correcting_precipitation_has_its_price(forcing):
    half = forcing.assign(precipitation=0.5 * forcing["precipitation"])  # streamflow asks for more rain

    def invented(price: float) -> float:
        training = settings(steps=150, patience=50, seeds=1, correction_penalty=price)
        weights = train(Task("x_1", half, PERIODS), MODEL, training, quietly).weights
        simulated = simulate(weights, half, PERIODS, MODEL, training)["precipitation_correction"]
        return float(simulated.sel(loop="closed").sum() / half["precipitation"].sum())

    free, held = invented(0.0), invented(100.0)
    assert free > 0.1
    assert abs(held) < 0.02


def test_the_price_is_the_squared_logarithm_weighted_by_what_falls():
    bucket = Bucket([0, 1], 1.0, True, False, False, True, 1, 4)
    rain = torch.zeros(2, 1, 20)
    rain[..., 5] = rain[..., 10] = 8.0  # every fifth step is looked at
    temperature = torch.linspace(-10, 10, 20).expand(2, 1, 20)
    forcing = Forcing(rain, rain, temperature, None, None, None)
    factor = torch.log(bucket.correction(temperature))
    expected = (factor[:, 0, 5] ** 2 + factor[:, 0, 10] ** 2) / 2
    torch.testing.assert_close(corrected_by(bucket, forcing), expected)


def test_members_start_from_laws_of_their_own():
    law = Law(list(range(200)), 1, 8, (2.5, -5.0), 3)
    first, second = (output.detach() for output in law(torch.zeros(200, 1, 1)))
    for output, start in ((first, 2.5), (second, -5.0)):
        assert abs(float(output.mean()) - start) < 0.3
        assert 0.7 < float(output.std()) < 1.5


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
    assert stopped.history["step"].max() == 100 + 3  # patience counts from the first quarter of the steps on


def test_windows_score_every_observed_step_of_the_period_once(forcing):
    source = drivers(forcing, PERIODS.train, True)
    cut = windows(forcing, source, PERIODS.train, 365, 200)
    inside = (forcing["time"].dt.year >= 2003).values & np.isfinite(forcing["streamflow"].values)
    assert int(cut.scored.sum()) == inside.sum()
    assert float(cut.observed.sum()) == pytest.approx(float(forcing["streamflow"].values[inside].sum()), rel=1e-5)


def test_noise_depends_on_seed_and_step_only_and_keeps_dry_days_dry(forcing):
    source = drivers(forcing, PERIODS.train, True)
    cut = windows(forcing, source, PERIODS.train, 365, 200)
    raw = cut.raw
    first, again, other = (source.noisy(stack_windows([cut, cut]), 0.2, [0, 1], step) for step in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])
    assert (first[..., 0][:, raw[0, ..., 0] == 0] == 0).all()
    assert float(first[..., 0].mean() / raw[..., 0].mean()) == pytest.approx(1, abs=0.03)


def test_without_temperature_there_is_no_snow(forcing):
    warm = forcing.drop_vars("temperature")
    trained = train(Task("x_1", warm, PERIODS), MODEL, settings(steps=4), quietly)
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
    trained = train(Task("x_1", hourly, periods), MODEL, settings(steps=4, warmup=10, window=5), quietly)
    simulation = simulate(trained.weights, hourly, periods, MODEL, settings(steps=4))
    assert np.isfinite(simulation["streamflow"]).all()


# ---------------------------------------------------------------------- cohorts


def short_and_dry(forcing) -> xr.Dataset:
    """Another basin: half a year less of training, a longer gap, less rain."""
    other = forcing.isel(time=slice(None, -180)).copy(deep=True)
    other["precipitation"] *= 0.6
    other["streamflow"][1250:1400] = np.nan
    return other.assign_attrs(basin="x_2")


SHORTER = PERIODS.model_copy(update={"train": (PERIODS.train[0], np.datetime64("2004-06-30").item())})


def test_a_cohort_gives_each_basin_what_it_gets_alone(forcing):
    dry = short_and_dry(forcing)
    warm = forcing.drop_vars("temperature").assign_attrs(basin="x_3")
    tasks = [Task("x_1", forcing, PERIODS), Task("x_2", dry, SHORTER), Task("x_3", warm, PERIODS)]
    together = train_cohort(tasks, MODEL, settings(), quietly)
    assert list(together) == ["x_1", "x_2", "x_3"]
    for task in tasks:
        alone = train(task, MODEL, settings(), quietly)
        found = together[task.basin]
        for name, value in alone.weights.items():
            torch.testing.assert_close(found.weights[name], value, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found.history["validation_nse"], alone.history["validation_nse"], atol=1e-3)


def test_slices_of_a_cohort_change_nothing(forcing, monkeypatch):
    tasks = [Task("x_1", forcing, PERIODS), Task("x_2", forcing * 1, PERIODS)]
    tasks[1].forcing.attrs = forcing.attrs
    whole = train_cohort(tasks, MODEL, settings(), quietly)
    monkeypatch.setattr("hydronexus.training.train.CPU_MEMBERS", 2)
    sliced = train_cohort(tasks, MODEL, settings(), quietly)
    for basin in whole:
        for name, value in whole[basin].weights.items():
            torch.testing.assert_close(sliced[basin].weights[name], value, rtol=1e-3, atol=1e-4)


def test_a_diverging_basin_leaves_the_others_of_its_cohort_as_they_are(forcing):
    broken = forcing.copy(deep=True)
    broken["precipitation"][1500] = np.inf
    tasks = [Task("x_1", forcing, PERIODS), Task("x_2", broken, PERIODS)]
    outcome = train_cohort(tasks, MODEL, settings(), quietly)
    assert isinstance(outcome["x_2"], TrainingDivergedError)
    alone = train(tasks[0], MODEL, settings(), quietly)
    for name, value in alone.weights.items():
        torch.testing.assert_close(outcome["x_1"].weights[name], value, rtol=1e-3, atol=1e-4)


def test_a_member_that_diverges_late_keeps_its_best(forcing, monkeypatch):
    noisy = Drivers.noisy

    def broken(self, cut, noise, seeds, step):
        raw = noisy(self, cut, noise, seeds, step)
        if step == 9 and len(seeds) == 2:
            raw[1] = torch.nan
        return raw

    whole = run(forcing)
    monkeypatch.setattr(Drivers, "noisy", broken)
    found = run(forcing)
    history = found.history
    assert history.loc[history["seed"] == 1, "step"].max() == 8
    assert history.loc[history["seed"] == 0, "step"].max() == 12
    for name, value in whole.weights.items():
        torch.testing.assert_close(found.weights[name][0], value[0], rtol=1e-3, atol=1e-4)


def test_a_killed_cohort_resumes_to_bit_identical_weights(forcing, tmp_path):
    def tasks(folder):
        return [Task(name, data, PERIODS, folder / name) for name, data in basins.items()]

    basins = {"x_1": forcing, "x_2": short_and_dry(forcing).reindex(time=forcing["time"], method="nearest")}
    whole = train_cohort(tasks(tmp_path / "whole"), MODEL, settings(), quietly)

    class Killed(Exception):
        pass

    def kill(line: str) -> None:
        if "step 8/" in line:
            raise Killed

    with pytest.raises(Killed):
        train_cohort(tasks(tmp_path), MODEL, settings(), kill)
    resumed = train_cohort(tasks(tmp_path), MODEL, settings(), quietly)
    for name in basins:
        assert all(torch.equal(whole[name].weights[key], resumed[name].weights[key]) for key in whole[name].weights)
        assert whole[name].history.equals(resumed[name].history)


@pytest.mark.parametrize("step", [7, 14])  # of the laws and of the encoder, between two checkpoints
def test_a_training_told_to_stop_saves_this_very_step(forcing, tmp_path, step):
    whole = run(forcing)
    path, asked = tmp_path / "checkpoint.safetensors", count(1)
    with pytest.raises(InterruptedError, match=f"stopped at step {step};"):
        train(Task("x_1", forcing, PERIODS, path), MODEL, settings(), quietly, stop=lambda: next(asked) == step)
    assert checkpoint.facts(path)["step"] == step
    resumed = run(forcing, path)
    assert all(torch.equal(whole.weights[name], resumed.weights[name]) for name in whole.weights)


def test_a_finished_training_is_taken_up_without_a_step(forcing, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    first = run(forcing, path)
    lines = []
    again = train(Task("x_1", forcing, PERIODS, path), MODEL, settings(), lines.append)
    assert not any("loss" in line for line in lines)
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)


@pytest.mark.parametrize("closure", ["closed", "picard", "scan"])
def test_machine_code_trains_to_the_weights_of_plain_torch(forcing, closure, monkeypatch):
    model = MODEL.model_copy(update={"closure": closure})
    fast = train(Task("x_1", forcing, PERIODS), model, settings(steps=4), quietly)

    def plain(bucket, forcing, start, guess=None, hidden=None):
        return stepwise(bucket, forcing, start, guess, hidden)

    monkeypatch.setattr("hydronexus.training.train.Nexus", partial(Nexus, integrate=plain))
    slow = train(Task("x_1", forcing, PERIODS), model, settings(steps=4), quietly)
    for name, value in slow.weights.items():
        torch.testing.assert_close(fast.weights[name], value, rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(fast.history["loss"], slow.history["loss"], rtol=1e-3)
