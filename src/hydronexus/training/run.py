"""Train basins and keep the results: weights, log, resolved configuration."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from hydronexus import __version__, archive, quarantine
from hydronexus.config import Study
from hydronexus.training import checkpoint
from hydronexus.training.train import Task, Trained, fingerprint_of, never, train, train_cohort

log = logging.getLogger(__name__)


def train_basin(
    forcing: xr.Dataset,
    study: Study,
    basin: str,
    weights_path: str | Path,
    history_path: str | Path,
    configuration_path: str | Path,
    checkpoint_path: str | Path,
    stop: Callable[[], bool] = never,
) -> None:
    """Train a basin and write its weights (safetensors), training log (CSV) and resolved configuration (JSON).

    The checkpoint of a training is taken up, be it unfinished or, after a cohort, finished; it is removed once the
    weights are written. `stop` is asked after every step whether to end at a checkpoint (InterruptedError).
    """
    checkpoint_path = Path(checkpoint_path)
    periods = study.periods_of(forcing.attrs["dataset"])
    trained = train(Task(basin, forcing, periods, checkpoint_path), study.model, study.training, stop=stop)
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


def advance_cohort(
    forcing_paths: dict[str, Path],
    study: Study,
    weights: dict[str, Path],
    checkpoints: dict[str, Path],
    stop: Callable[[], bool] = never,
) -> dict[str, str]:
    """Bring the checkpoints of many basins to the end of their training, together on one device.

    Each basin's own :func:`train_basin` then takes up its checkpoint, so that results and failures stay per basin.

    Parameters
    ----------
    forcing_paths, weights, checkpoints : dict of Path
        Canonical forcing, final weights and checkpoint of every basin; basins whose weights are those of the present
        forcing and settings are left alone.
    stop : callable
        Asked after every step whether to end at a checkpoint (InterruptedError).

    Returns
    -------
    dict
        What became of every basin, in words.
    """
    outcome: dict[str, str] = {}
    tasks = []
    for basin, path in forcing_paths.items():
        try:
            if quarantine.reason_of(path) is not None:
                outcome[basin] = "quarantined before training"
                continue
            forcing = archive.read(path)
            periods = study.periods_of(forcing.attrs["dataset"])
            if _done(weights[basin]) == fingerprint_of(forcing, periods, study.model, study.training):
                outcome[basin] = "trained before"
                continue
        except MemoryError:
            raise
        except Exception as error:  # a damaged file of one basin
            outcome[basin] = f"left to its own job: {error}"
            log.error("%s: %s", basin, outcome[basin])
            continue
        tasks.append(Task(basin, forcing, periods, checkpoints[basin]))
    for basin, result in train_cohort(tasks, study.model, study.training, stop=stop).items():
        outcome[basin] = "trained" if isinstance(result, Trained) else f"left to its own job: {result}"
        log.info("%s: %s", basin, outcome[basin])
    return outcome


def _done(weights: Path) -> str | None:
    """Fingerprint of the training that led to weights."""
    usable = weights.exists() and quarantine.reason_of(weights) is None
    return checkpoint.facts(weights)["fingerprint"] if usable else None
