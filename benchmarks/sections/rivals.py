"""Side by side with neuralhydrology and hydrodl2, each in an environment of its own."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
import xarray as xr

from hydronexus.evaluation.skill import nse
from hydronexus.model.bucket import Bucket
from hydronexus.model.closure import integrate
from hydronexus.model.nexus import Nexus
from hydronexus.training.data import drivers, in_period
from hydronexus.training.simulate import simulate
from hydronexus.training.train import Task, build, train
from sections import basins
from sections.paths import with_encoder

PACKAGES = ["neuralhydrology==1.13.0", "hydrodl2==1.4.0", "torch>=2.11,<2.14"]
SCRIPTS = basins.ROOT / "benchmarks" / "rivals"
EPOCHS = {"tutorial": 50, "hidden_64": 30}
SIDES = ("start", "end")
QUICK_EPOCHS = 2  # of hidden 64, from which a full training is extrapolated


def environment() -> Path:
    """Python of the rivals' own environment, made on first use."""
    folder = basins.ROOT / "cache" / "rivals"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print("installing neuralhydrology and hydrodl2 into an environment of their own ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        (folder / "ready").touch()
    return python


def _run(script: str, *options: object) -> dict:
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "out.json"
        command = [environment(), SCRIPTS / script, "--out", out, *options]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{script} failed:\n{done.stderr[-3000:]}")
        return json.loads(out.read_text())


# ---------------------------------------------------------------------- neuralhydrology


def _theirs(basin: str, setting: str, epochs: int, folder: Path) -> dict:
    source = xr.open_dataset(basins.data_file()).sel(basin=basin.removeprefix("us_"))
    given = {theirs: ours for ours, theirs in basins.VARIABLES.items()}
    table = source.rename({"time": "date"} | given)[list(given.values())].drop_vars("basin").load()
    attrs = {
        f"{name}_{side}": day for name, days in basins.PERIODS.items() for side, day in zip(SIDES, days, strict=True)
    }
    path = folder / f"{basin}.nc"
    table.assign_attrs(attrs | {"basin": basin}).to_netcdf(path)
    every = 2 if epochs > QUICK_EPOCHS else 1
    options = ("--setting", setting, "--seed", 0, "--epochs", epochs, "--every", every, "--workdir", folder)
    return _run("neuralhydrology_basin.py", "--forcing", path, *options)


def _ours(basin: str) -> dict:
    """One training of five members; CPU seconds by member, data preparation and compilation included."""
    forcing, study = basins.forcing_of(basin), basins.study()
    training = study.training.model_copy(update={"device": "cpu"})
    begin = time.process_time()
    trained = train(Task(basin, forcing, study.periods), study.model, training, lambda line: None)
    seconds = time.process_time() - begin
    closed = simulate(trained.weights, forcing, study.periods, study.model, training).sel(loop="closed")["streamflow"]
    inside = in_period(forcing, study.periods.test)
    observed, members = forcing["streamflow"][inside], closed[:, inside]
    return {
        "cpu_s": seconds / training.seeds,
        "nse_members": [nse(observed, member) for member in members],
        "nse_ensemble": nse(observed, members.mean("seed")),
        "steps": int(trained.history["step"].max()),
    }


def neuralhydrology(quick: bool) -> dict:
    """CPU seconds of a whole training of one model on one basin, theirs over ours, and the skill each reaches."""
    rows = []
    for basin in [f"us_{name}" for name in (basins.SPREAD[:1] if quick else basins.SPREAD[::2])]:
        ours = _ours(basin)
        row = {
            "basin": basin.removeprefix("us_"),
            "ours_cpu_s": ours["cpu_s"],
            "ours_steps": ours["steps"],
            "nse_ours": median(ours["nse_members"]),
            "nse_ours_ensemble_of_5": ours["nse_ensemble"],
        }
        with tempfile.TemporaryDirectory() as folder:
            for setting, epochs in EPOCHS.items():
                extrapolated = quick and setting == "hidden_64"
                theirs = _theirs(basin, setting, QUICK_EPOCHS if extrapolated else epochs, Path(folder))
                suffix = "" if setting == "tutorial" else "_hidden_64"
                seconds = theirs["train_cpu_s"] * (epochs / QUICK_EPOCHS if extrapolated else 1)
                row[f"theirs_cpu_s{suffix}"] = seconds
                row[f"ratio{suffix}"] = seconds / ours["cpu_s"]
                if extrapolated:
                    row["hidden_64_extrapolated_from_epochs"] = QUICK_EPOCHS
                else:
                    row[f"nse_theirs{suffix}"] = theirs["best"]["test_nse"]
                    row[f"theirs_cpu_s_to_best_epoch{suffix}"] = theirs["best"]["train_cpu_s"]
                    row[f"ratio_to_best_epoch{suffix}"] = theirs["best"]["train_cpu_s"] / ours["cpu_s"]
        rows.append(row)
        print(f"  {row['basin']}: ratio {row['ratio']:.1f} / {row['ratio_hidden_64']:.1f}", flush=True)
    columns = [name for name, value in rows[0].items() if name != "basin" and not isinstance(value, str)]
    return {name: median(row[name] for row in rows) for name in columns} | {
        "basins_where_ours_is_as_good": sum(row["nse_ours"] >= row["nse_theirs"] for row in rows),
        "basins": rows,
    }


# ---------------------------------------------------------------------- hydrodl2


def _our_case(count: int, windows: int, days: int):
    """A nexus model of many basins, untrained, with real forcing of one basin in every window."""
    forcing = basins.forcing_of(basins.names(1)[0])
    study = basins.study()
    source = drivers(forcing, study.periods.train, True)
    raw = torch.stack([source.values[365 * i : 365 * i + days] for i in range(windows)])[None]
    return build(source, study.model, list(range(count))), source.forcing(raw.expand(count, -1, -1, -1))


def _seconds(function, repeats: int) -> float:
    function()
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        function()
        times.append(time.process_time() - begin)
    return median(times)


def _our_step(module: Nexus, forcing, encoder: bool) -> None:
    """Forward and backward pass; the bucket and routing alone, or with the encoder that follows its stores."""
    module.zero_grad(set_to_none=True)
    if encoder:
        simulation = with_encoder(module, forcing)
        follow = sum(error.square().mean() for errors in simulation.errors.values() for error in errors)
        (simulation.fluxes["streamflow"].square().mean() + follow).backward()
        return
    bucket: Bucket = module.bucket
    _, fluxes = integrate(bucket, forcing, bucket.initial_stores(forcing.precipitation.shape[1]))
    inflow = fluxes["surface_runoff"] + fluxes["interflow"] + fluxes["baseflow"]
    module.routing(inflow).square().mean().backward()


def hydrodl2(quick: bool) -> dict:
    """CPU seconds of a forward and backward pass over the same number of basins and days, theirs over ours."""
    count, days, repeats = (20, 365, 2) if quick else (100, 730, 5)
    theirs = {
        members: _run("hydrodl2_hbv.py", "--basins", count, "--members", members, "--days", days, "--repeats", repeats)
        for members in (1, 16)
    }
    module, forcing = _our_case(count, 1, days)
    ours = _seconds(lambda: _our_step(module, forcing, False), repeats)
    nexus = _seconds(lambda: _our_step(module, forcing, True), repeats)
    module, forcing = _our_case(count, 9, days)
    full = _seconds(lambda: _our_step(module, forcing, True), repeats)
    seconds = {members: result["forward_backward_cpu_s"] for members, result in theirs.items()}
    return {
        "basins": count,
        "days": days,
        "theirs_cpu_s": seconds[16],
        "theirs_cpu_s_one_member": seconds[1],
        "ours_cpu_s": ours,
        "ours_cpu_s_with_encoder": nexus,
        "ours_cpu_s_with_encoder_nine_windows": full,
        "ratio": seconds[16] / ours,
        "ratio_one_member": seconds[1] / ours,
        "ratio_with_encoder": seconds[16] / nexus,
        "ratio_nine_windows": 9 * seconds[16] / full,
        "versions": theirs[16]["versions"],
    }
