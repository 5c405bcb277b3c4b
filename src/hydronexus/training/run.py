"""Train one basin and keep the results: weights, log, resolved configuration."""

import json
from pathlib import Path

import xarray as xr

from hydronexus import __version__
from hydronexus.config import Study
from hydronexus.training import checkpoint
from hydronexus.training.train import Task, train


def train_basin(
    forcing: xr.Dataset,
    study: Study,
    basin: str,
    weights_path: str | Path,
    history_path: str | Path,
    configuration_path: str | Path,
    checkpoint_path: str | Path,
) -> None:
    """Train a basin and write its weights (safetensors), training log (CSV) and resolved configuration (JSON).

    The checkpoint of an unfinished training is taken up, and removed once the weights are written.
    """
    checkpoint_path = Path(checkpoint_path)
    periods = study.periods_of(forcing.attrs["dataset"])
    trained = train(Task(basin, forcing, periods, checkpoint_path), study.model, study.training)
    configuration = {
        "basin": basin,
        "hydronexus": __version__,
        "periods": periods.model_dump(mode="json"),
        "model": study.model.model_dump(mode="json"),
        "training": study.training.model_dump(mode="json"),
        "fingerprint": trained.fingerprint,
    }
    Path(configuration_path).write_text(json.dumps(configuration, indent=2))
    trained.history.to_csv(history_path, index=False, float_format="%.6g")
    checkpoint.write(Path(weights_path), trained.weights, {"basin": basin, "fingerprint": trained.fingerprint})
    checkpoint_path.unlink(missing_ok=True)
