"""Train NeuralHydrology on one basin and time it: the library's own trainer, data loader and tester, on one thread.

Runs in the rivals' environment, not in that of hydronexus. The forcing file has one daily dimension `date`, the
inputs and streamflow (mm/d) named below, and the attributes `basin`, `train_start`, `train_end`, `validation_start`,
`validation_end`, `test_start` and `test_end`.
"""

import argparse
import json
import logging
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import xarray as xr
from neuralhydrology.evaluation import get_tester
from neuralhydrology.evaluation.tester import BaseTester
from neuralhydrology.training.basetrainer import BaseTrainer
from neuralhydrology.utils.config import Config

INPUTS = ["precipitation", "shortwave_radiation", "temperature_max", "temperature_min", "vapour_pressure"]
TARGET = "streamflow"
PERIODS = ("train", "validation", "test")
# `tutorial` is examples/01-Introduction/1_basin.yml of NeuralHydrology; the other changes only what it lists.
SETTINGS = {"tutorial": {"hidden_size": 20, "epochs": 50}, "hidden_64": {"hidden_size": 64, "epochs": 30}}
TUTORIAL = {
    "model": "cudalstm",
    "head": "regression",
    "output_activation": "linear",
    "initial_forget_bias": 3,
    "output_dropout": 0.4,
    "optimizer": "Adam",
    "learning_rate": {0: 1e-2, 30: 5e-3, 40: 1e-3},
    "batch_size": 256,
    "clip_gradient_norm": 1,
    "predict_last_n": 1,
    "seq_length": 365,
    "validate_n_random_basins": 1,
    "metrics": ["NSE"],
    "target_variables": [TARGET],
    "clip_targets_to_zero": [TARGET],
}


class ScoredTrainer(BaseTrainer):
    """The library's trainer, its epochs timed and every few of them scored on validation and test.

    Parameters
    ----------
    cfg : Config
        The run configuration.
    every : int
        Score after every so many epochs, and after the last.
    """

    def __init__(self, cfg: Config, every: int) -> None:
        super().__init__(cfg)
        self.every = every
        self.train_cpu_s = 0.0
        self.validation_cpu_s = 0.0
        self.scored_days: dict[str, int] = {}
        self.entries: list[dict[str, float]] = []
        self.testers: dict[str, BaseTester] = {}

    def initialize_training(self) -> None:
        """Set up training, and read the data of the scored periods so that no timing includes it."""
        super().initialize_training()
        for period in ("validation", "test"):
            tester = get_tester(self.cfg, self.cfg.run_dir, period, init_model=False)
            tester.cached_datasets = {basin: tester._get_dataset(basin) for basin in tester.basins}
            self.testers[period] = tester

    def _train_epoch(self, epoch: int) -> None:
        start = time.process_time()
        super()._train_epoch(epoch)
        self.train_cpu_s += time.process_time() - start
        if epoch % self.every == 0 or epoch == self.cfg.epochs:
            self._score_epoch(epoch)

    def _score_epoch(self, epoch: int) -> None:
        # Their data loader draws a seed even to evaluate: without the fork, scoring would change the next epochs.
        with torch.random.fork_rng(devices=[]):
            start = time.process_time()
            validation = self._nse("validation")
            self.validation_cpu_s += time.process_time() - start
            test = self._nse("test")
        entry = {
            "epoch": epoch,
            "train_cpu_s": round(self.train_cpu_s, 3),
            "validation_cpu_s": round(self.validation_cpu_s, 3),
            "validation_nse": round(validation, 5),
            "test_nse": round(test, 5),
        }
        self.entries.append(entry)
        line = "epoch {epoch:3d}: {train_cpu_s:8.1f} s CPU, NSE {validation_nse:.3f} (validation) {test_nse:.3f} (test)"
        print(line.format(**entry), file=sys.stderr, flush=True)

    def _nse(self, period: str) -> float:
        results = self.testers[period].evaluate(save_results=False, metrics=self.cfg.metrics, model=self.model)
        (frequencies,) = results.values()
        (daily,) = frequencies.values()
        series = daily["xr"]
        both = series[f"{TARGET}_obs"].notnull() & series[f"{TARGET}_sim"].notnull()
        self.scored_days[period] = int(both.sum())
        return float(daily["NSE"])


def prepare_data(forcing: Path, folder: Path) -> dict[str, Any]:
    """Lay a forcing file out as the library's GenericDataset expects, and return the configuration of it."""
    with xr.open_dataset(forcing) as data:
        basin = str(data.attrs["basin"])
        dates = {f"{period}_{end}": data.attrs[f"{period}_{end}"] for period in PERIODS for end in ("start", "end")}
        (folder / "time_series").mkdir()
        data[[*INPUTS, TARGET]].reset_coords(drop=True).to_netcdf(folder / "time_series" / f"{basin}.nc")
    basins = folder / "basins.txt"
    basins.write_text(f"{basin}\n")
    return {
        "experiment_name": basin,
        "dataset": "generic",
        "data_dir": folder,
        "run_dir": folder / "runs",
        "dynamic_inputs": INPUTS,
        **{f"{period}_basin_file": basins for period in PERIODS},
        **{f"{name}_date": pd.Timestamp(date).strftime("%d/%m/%Y") for name, date in dates.items()},
    }


def train(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train and score one basin in a scratch folder."""
    cfg = {**TUTORIAL, **SETTINGS[arguments.setting], **prepare_data(arguments.forcing, folder)}
    cfg |= {"seed": arguments.seed, "loss": arguments.loss, "epochs": arguments.epochs or cfg["epochs"]}
    cfg |= {"device": "cpu", "num_workers": 0, "verbose": 0, "log_tensorboard": False}
    cfg |= {"save_weights_every": cfg["epochs"]}
    basin = cfg["experiment_name"]
    trainer = ScoredTrainer(Config(cfg), arguments.every)
    trainer.initialize_training()
    trainer.train_and_validate()
    return {
        "basin": basin,
        "setting": arguments.setting,
        "loss": arguments.loss,
        "seed": arguments.seed,
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("neuralhydrology", "torch", "numpy", "pandas", "xarray")},
        },
        "scored_days": trainer.scored_days,
        "epochs": trainer.entries,
        "best": max(trainer.entries, key=lambda entry: entry["validation_nse"]),
        "train_cpu_s": round(trainer.train_cpu_s, 3),
        "validation_cpu_s": round(trainer.validation_cpu_s, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forcing", type=Path, required=True, help="netCDF file of one basin")
    parser.add_argument("--setting", choices=sorted(SETTINGS), required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, help="default: 50 for tutorial, 30 for hidden_64")
    parser.add_argument("--loss", choices=["MSE", "NSE"], default="MSE", help="default: %(default)s, the tutorial's")
    parser.add_argument("--every", type=int, default=2, help="score after every so many epochs (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--workdir", type=Path, help="parent of the scratch folder (default: the system's)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    # A root handler made first keeps the library from logging every setting to standard output.
    logging.basicConfig(level=logging.WARNING)
    if arguments.workdir is not None:
        arguments.workdir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.workdir) as name:
        report = train(arguments, Path(name))
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
