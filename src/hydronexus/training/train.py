"""Fit the nexus model: members of one basin or of many together, each as if alone, resumable."""

import hashlib
import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import xarray as xr
from torch import Tensor

from hydronexus.config import Model, Periods, Training
from hydronexus.errors import TrainingDivergedError
from hydronexus.model.bucket import Forcing
from hydronexus.model.machine import keep_memory
from hydronexus.model.nexus import Nexus
from hydronexus.training import checkpoint
from hydronexus.training.data import Drivers, drivers, stack_drivers, stack_windows, windows
from hydronexus.training.follow import Step, encoder_optimizer, follow
from hydronexus.training.members import Best, clip, drop, keep
from hydronexus.training.objective import AdaptiveWeights, StreamflowLoss, corrected_by, inconsistency

log = logging.getLogger(__name__)

MULTIPLIER_INTERVAL = 10  # steps between updates of the adaptive weights
HISTORY = ["step", "seed", "loss", "validation_nse", "inconsistency", "best"]


@dataclass(frozen=True)
class Trained:
    """A trained ensemble.

    Parameters
    ----------
    weights : dict of Tensor
        State of :class:`Nexus`, each member at its best step.
    history : pandas.DataFrame
        One row per evaluation and seed that was still training: step, seed, loss, validation_nse, inconsistency (none
        in `closed`), best.
    fingerprint : str
        Digest of the forcing and settings that led to the weights.
    """

    weights: dict[str, Tensor]
    history: pd.DataFrame
    fingerprint: str


def build(source: Drivers, model: Model, seeds: list[int]) -> Nexus:
    """The untrained model for a basin's forcing."""
    return Nexus(
        seeds,
        features=len(source.names),
        step=source.step,
        snow=source.snow,
        radiation="shortwave_radiation" in source.names,
        heterogeneity="rain_heterogeneity" in source.names,
        closure=model.closure,
        iterations=model.iterations,
        law_inputs=model.law_inputs,
        encoder=model.encoder,
        hidden_size=model.hidden_size,
        law_size=model.law_size,
        correction=model.precipitation_correction,
    )


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear rise over the first twentieth of the steps, then half a cosine to a hundredth of the peak."""
    rise = max(1, steps // 20)
    if step < rise:
        return peak * (step + 1) / rise
    progress = (step - rise) / max(1, steps - rise)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


@dataclass(frozen=True)
class Task:
    """One basin to train.

    Parameters
    ----------
    basin : str
        Name for messages.
    forcing : xarray.Dataset
        Canonical forcing with streamflow, dim time.
    periods : Periods
    checkpoint_path : Path, optional
        Where to keep the state of an unfinished training; removed by the caller once results are safe.
    """

    basin: str
    forcing: xr.Dataset
    periods: Periods
    checkpoint_path: Path | None = None


def never() -> bool:
    """Nobody asks the training to stop."""
    return False


def train(
    task: Task,
    model: Model,
    training: Training,
    progress: Callable[[str], None] = log.info,
    stop: Callable[[], bool] = never,
) -> Trained:
    """Train all members of one basin; see :func:`train_cohort`.

    Raises
    ------
    TrainingDivergedError
        A member never reached a finite score.
    """
    outcome = train_cohort([task], model, training, progress, stop)[task.basin]
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def train_cohort(
    tasks: list[Task],
    model: Model,
    training: Training,
    progress: Callable[[str], None] = log.info,
    stop: Callable[[], bool] = never,
) -> dict[str, Trained | Exception]:
    """Train the members of many basins together, each as if alone.

    (basin, seed) is the first axis of every weight. Every step uses the whole training period of each basin, cut into
    windows with a warm-up each. A member's weights are those of its best validation score in closed loop; it
    leaves the cohort when it stops improving or diverges. A checkpoint of the same forcing and settings is resumed and
    leads to the same weights, bit for bit on the CPU if the cohort is the same.

    Parameters
    ----------
    tasks : list of Task
        Basins of any length, with and without snow; those of one structure are trained in slices that fit in memory.
    model, training
        Sections of the configuration.
    progress : callable
        Receives one line per evaluation.
    stop : callable
        Asked after every step whether to end here, as before a limit of time.

    Returns
    -------
    dict
        Per basin the trained ensemble, or its error: `TrainingDivergedError` where a member never reached a finite
        score. What befalls one basin does not touch the others.

    Raises
    ------
    InterruptedError
        `stop` said so; the checkpoints are those of this step.
    """
    device = device_of(model, training)
    keep_memory()
    groups: dict[tuple, list[_Basin]] = {}
    outcomes: dict[str, Trained | Exception] = {}
    for task in tasks:
        try:
            basin = _Basin(task, model, training)
        except (MemoryError, OSError):
            raise
        except Exception as error:  # forcing of one basin that nobody foresaw
            outcomes[task.basin] = error
            continue
        groups.setdefault((basin.source.names, basin.source.step, basin.source.snow, basin.start), []).append(basin)
    for basins in groups.values():
        basins.sort(key=lambda basin: basin.fitted.sizes)
        count = max(1, members_at_once(basins[-1], model, device) // training.seeds)
        for first in range(0, len(basins), count):
            outcomes |= _Cohort(basins[first : first + count], model, training, device).run(progress, stop)
    return {task.basin: outcomes[task.basin] for task in tasks}


CPU_MEMBERS = 7  # beyond, arrays exceed what the C library keeps for reuse, and every step pays for fresh pages
BYTES_PER_VALUE = 4 * 1200  # what one step of one window of one member holds on a GPU, all passes and their tape


def members_at_once(basin: "_Basin", model: Model, device: torch.device) -> int:
    """Members that train together: a fixed number on the CPU, what memory holds on a GPU."""
    if device.type == "cpu":
        return CPU_MEMBERS
    windows, steps = basin.fitted.sizes[0]
    free, _ = torch.cuda.mem_get_info(device)
    passes = model.iterations if model.closure == "picard" else 1
    return max(1, int(0.8 * free) // (windows * steps * BYTES_PER_VALUE * passes))


class _Basin:
    """A basin ready for training: tensors, fingerprint, and what its checkpoint holds."""

    def __init__(self, task: Task, model: Model, training: Training):
        self.name = task.basin
        self.path = task.checkpoint_path
        self.source = drivers(task.forcing, task.periods.train, model.snow)
        warmup, length = (round(days / self.source.step) for days in (training.warmup, training.window))
        self.fitted = windows(task.forcing, self.source, task.periods.train, warmup, length)
        self.checked = windows(task.forcing, self.source, task.periods.validation, warmup, length)
        self.fingerprint = fingerprint_of(task.forcing, task.periods, model, training)
        self.saved: dict[str, Tensor] = {}
        self.start = 0
        if self.path is not None and self.path.exists():
            tensors, facts = checkpoint.read(self.path)
            if facts["fingerprint"] == self.fingerprint:
                self.saved, self.start = tensors, facts["step"]


class _Cohort:
    """Basins of one structure in training, all at the same step."""

    def __init__(self, basins: list[_Basin], model: Model, training: Training, device: torch.device):
        self.basins, self.training, self.device = basins, training, device
        self.owner = torch.arange(len(basins)).repeat_interleave(training.seeds)
        self.seeds = list(range(training.seeds)) * len(basins)
        self.closure, self.step = model.closure, basins[0].start
        self.end = training.steps + (training.encoder_steps if model.closure == "closed" else 0)
        self.module = build(basins[0].source, model, self.seeds).to(device)
        self.weights = AdaptiveWeights(training.consistency_tolerance)
        self.best = Best(self.module)
        self.active = torch.arange(len(self.seeds))
        self.diverged: dict[int, int] = {}
        self.histories: list[list[tuple[float, ...]]] = [[] for _ in basins]
        self.optimizer = torch.optim.AdamW(
            self.module.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay, fused=True
        )
        if self.step:
            self._load()
        self._gather()

    def _gather(self) -> None:
        """Data of the active members."""
        chosen = [self.basins[index] for index in self.owner[self.active].tolist()]
        if not chosen:
            return
        self.source = stack_drivers([basin.source for basin in chosen]).to(self.device)
        self.fitted = stack_windows([basin.fitted for basin in chosen]).to(self.device)
        self.checked = stack_windows([basin.checked for basin in chosen]).to(self.device)
        self.inside = self.fitted.inside()
        self.loss_of = StreamflowLoss(self.fitted.observed, self.fitted.scored, self.training.low_flow_weight)
        self.score_of = StreamflowLoss(self.checked.observed, self.checked.scored, 0.0)

    def run(
        self, progress: Callable[[str], None], stop: Callable[[], bool]
    ) -> dict[str, Trained | TrainingDivergedError]:
        """Train to the end, or until told to stop."""
        training = self.training
        if self.step:
            progress(f"{self._title()}: resuming at step {self.step} of {self.end}")
        while self.step < training.steps and len(self.active):
            loss, errors = self._advance()
            if self.step % training.evaluate_every == 0 or self.step == training.steps:
                progress(self._evaluate(loss, errors))
                self._leave_exhausted(progress)
            self._checkpoint(stop)
        self._save()
        if self.closure == "closed" and self.step < self.end:
            self._follow(progress, stop)
        return {basin.name: self._outcome(index) for index, basin in enumerate(self.basins)}

    def _advance(self) -> tuple[Tensor, Tensor]:
        """One optimisation step of every active member; returns losses and consistency errors."""
        training = self.training
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, training.steps, training.learning_rate)
        self.optimizer.zero_grad(set_to_none=True)
        forcing = self._noisy(self.step)
        simulation = self.module(forcing)
        errors = inconsistency(simulation, self.closure, self.source.step, self.inside)
        loss = self.loss_of(simulation.fluxes["streamflow"]) + self.weights(errors)
        if "correction" in self.module.bucket.laws:
            loss = loss + training.correction_penalty * corrected_by(self.module.bucket, forcing)
        loss.sum().backward()
        finite = torch.isfinite(loss.detach())
        # Apart: the encoder's gradient comes mostly from the consistency penalty and is often far larger than that of
        # the laws, which one common norm would silence.
        laws = [*self.module.bucket.parameters(), *self.module.routing.parameters()]
        for part in (laws, list(self.module.encoder.parameters())):
            if any(parameter.grad is not None for parameter in part):
                finite &= torch.isfinite(clip(part, training.gradient_clip))
        if not finite.all():  # a diverged member takes no further part, and no part of this step
            drop(self.module.parameters(), ~finite)
        finite = finite.cpu()
        self.optimizer.step()
        self.step += 1
        if self.step % MULTIPLIER_INTERVAL == 0:
            self.weights.update(errors)
        for member in self.active[~finite].tolist():
            self.diverged[member] = self.step
        rows = self._go_on_with(finite)
        return loss.detach()[rows], errors.detach()[:, rows]

    def _noisy(self, step: int) -> Forcing:
        """Forcing of the active members with a step's noise."""
        seeds = [self.seeds[member] for member in self.active.tolist()]
        return self.source.forcing(self.source.noisy(self.fitted, self.training.forcing_noise, seeds, step))

    def _follow(self, progress: Callable[[str], None], stop: Callable[[], bool]) -> None:
        """Let the encoder of every member follow its best laws."""
        training, count = self.training, self.training.encoder_steps
        if self.step <= training.steps:
            self._begin_to_follow()
        while self.step < self.end and len(self.active):
            done = self.step - training.steps
            step = Step(
                learning_rate(done, count, training.learning_rate),
                self._noisy(self.step),
                with_streamflow=done >= count // 2,  # far from the stores, its gradient says little
            )
            missed = follow(self.module, self.optimizer, step, self.inside, training.gradient_clip)
            self.step += 1
            if (done + 1) % (10 * training.evaluate_every) == 0 or self.step == self.end:
                title = f"{self._title()}: encoder step {done + 1}/{count}"
                progress(f"{title}  misses {_median(missed)} of the variance")
            if self.step < self.end:
                self._checkpoint(stop)
        places = self.active.to(self.device)
        for name, parameter in self.module.encoder.named_parameters(prefix="encoder"):
            self.best.state[name][places] = parameter.detach()
        self._go_on_with(torch.zeros(len(self.active), dtype=torch.bool))
        self.step = self.end
        self._save()

    def _begin_to_follow(self) -> None:
        self.step = self.training.steps
        self.active = torch.isfinite(self.best.score).nonzero()[:, 0]
        self._gather()
        places = self.active.to(self.device)
        for name, parameter in self.module.named_parameters():
            parameter.data, parameter.grad = self.best.state[name][places], None
        self.weights.multipliers = torch.zeros(0, len(places), device=self.device)
        self.optimizer = encoder_optimizer(self.module)

    @torch.no_grad()
    def _evaluate(self, loss: Tensor, errors: Tensor) -> str:
        """Score every active member in closed loop; returns a line on progress."""
        forcing = self.source.forcing(self.checked.raw)
        closed = self.module.closed_loop(forcing)
        score = 1 - self.score_of.one_minus_nse(closed.fluxes["streamflow"]).cpu()
        self.best.update(self.module, self.active, score, self.step)
        loss, worst = loss.cpu(), (errors.max(0).values.cpu() if len(errors) else torch.full((len(loss),), math.nan))
        for row, member in enumerate(self.active.tolist()):
            values = (float(loss[row]), float(score[row]), float(worst[row]), float(self.best.score[member]))
            self.histories[self.owner[member]].append((self.step, self.seeds[member], *values))
        return (
            f"{self._title()}: step {self.step}/{self.training.steps}  loss {_median(loss)}  validation NSE "
            f"{_median(score)} (best {_median(self.best.score)})"
            + (f"  inconsistency {_median(worst)}" if len(errors) else "")
        )

    def _leave_exhausted(self, progress: Callable[[str], None]) -> None:
        """Members that no longer improve stop, whatever the others do."""
        # The first quarter of the steps does not count: a barely trained model can score well by chance.
        waited = self.step - self.best.step[self.active].clamp_min(self.training.steps // 4)
        going = waited < self.training.patience * self.training.evaluate_every
        self._go_on_with(going)
        if not len(self.active) and self.step < self.training.steps:
            progress(f"{self._title()}: no member improves any more; stopping at step {self.step}")

    def _go_on_with(self, stay: Tensor) -> Tensor:
        """Drop active members; returns the rows that stay."""
        rows = stay.nonzero()[:, 0]
        here = rows.to(self.device)
        if len(rows) < len(self.active):
            self.active = self.active[rows]
            keep(self.module, self.optimizer, here)
            self.weights.multipliers = self.weights.multipliers[:, here]
            self._gather()
        return here

    def _title(self) -> str:
        names = [basin.name for basin in self.basins]
        return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more ({len(self.active)} members)"

    def _outcome(self, index: int) -> Trained | TrainingDivergedError:
        basin = self.basins[index]
        members = (self.owner == index).nonzero()[:, 0]
        for member in members.tolist():
            if not math.isfinite(self.best.score[member]):
                step = self.diverged.get(member, self.step)
                return TrainingDivergedError(
                    basin.name,
                    f"training diverged: seed {self.seeds[member]}, step {step}, before any finite validation score; "
                    "lower training.learning_rate or look at the basin's forcing for extreme values",
                )
        table = pd.DataFrame(self.histories[index], columns=HISTORY).astype({"step": int, "seed": int})
        state = {name: value[members.to(value.device)].cpu() for name, value in self.best.state.items()}
        return Trained(state, table, basin.fingerprint)

    # ------------------------------------------------------------------ checkpoints, one per basin

    def _checkpoint(self, stop: Callable[[], bool]) -> None:
        """Save now and then, and when told to stop."""
        told = stop()
        if told or self.step % self.training.checkpoint_every == 0:
            self._save()
        if told:
            raise InterruptedError(f"{self._title()}: stopped at step {self.step}; the next run goes on from there")

    def _save(self) -> None:
        for index, basin in enumerate(self.basins):
            if basin.path is None:
                continue
            rows = (self.owner[self.active] == index).nonzero()[:, 0]
            members = (self.owner == index).nonzero()[:, 0]
            here, there = rows.to(self.device), members.to(self.device)
            tensors = {"best_score": self.best.score[members], "best_step": self.best.step[members]}
            tensors |= {"active": torch.tensor([self.seeds[m] for m in self.active[rows].tolist()], dtype=torch.int64)}
            tensors["diverged"] = torch.tensor([self.diverged.get(member, 0) for member in members.tolist()])
            tensors["history"] = torch.tensor(self.histories[index], dtype=torch.float64).reshape(-1, len(HISTORY))
            if self.weights.multipliers is not None:
                tensors["multipliers"] = self.weights.multipliers[:, here]
            for name, parameter in self.module.named_parameters():
                tensors[f"model.{name}"] = parameter[here]
                tensors[f"best.{name}"] = self.best.state[name][there]
                for field, value in self.optimizer.state[parameter].items():
                    tensors[f"optimizer.{field}.{name}"] = value[here] if value.dim() else value
            step = self.step if len(rows) else max(self.step, self.training.steps)
            checkpoint.write(basin.path, tensors, {"fingerprint": basin.fingerprint, "step": step})

    def _load(self) -> None:
        """Put the checkpoints of all basins side by side."""
        saved = [basin.saved for basin in self.basins]
        seeds = self.training.seeds

        def joined(name: str, axis: int = 0) -> Tensor:
            return torch.cat([tensors[name] for tensors in saved], axis)

        self.active = torch.cat([tensors["active"] + seeds * index for index, tensors in enumerate(saved)])
        self.best.score, self.best.step = joined("best_score"), joined("best_step")
        self.diverged = {member: step for member, step in enumerate(joined("diverged").tolist()) if step}
        self.histories = [[tuple(row) for row in tensors["history"].tolist()] for tensors in saved]
        self.weights.multipliers = joined("multipliers", 1).to(self.device)
        if self.training.steps < self.step < self.end:
            self.optimizer = encoder_optimizer(self.module)
        for name, parameter in self.module.named_parameters():
            self.best.state[name] = joined(f"best.{name}").to(self.device)
            parameter.data = joined(f"model.{name}").to(self.device)
            if f"optimizer.step.{name}" not in saved[0]:  # it has had no gradient
                continue
            state = {field: joined(f"optimizer.{field}.{name}") for field in ("exp_avg", "exp_avg_sq")}
            state["step"] = saved[0][f"optimizer.step.{name}"]
            self.optimizer.state[parameter] = {field: value.to(self.device) for field, value in state.items()}


def _median(values: Tensor) -> str:
    return f"{float(values.median()):.3f}"


def device_of(model: Model, training: Training) -> torch.device:
    """Where to train: as set, or for `auto` where it is known to be fast.

    That is the CPU wherever the model runs in machine code, which takes seconds by member; what only torch can run
    (laws that read the hidden state, the `residual` closure) goes to a GPU if there is one.
    """
    if training.device != "auto":
        return torch.device(training.device)
    in_machine_code = model.law_inputs == "stores" and model.closure != "residual"
    return torch.device("cuda" if torch.cuda.is_available() and not in_machine_code else "cpu")


def fingerprint_of(forcing: xr.Dataset, periods: Periods, model: Model, training: Training) -> str:
    """Digest of all that decides the course of training, so that only its own checkpoint is resumed."""
    digest = hashlib.sha256()
    for section in (periods, model, training):
        digest.update(json.dumps(section.model_dump(mode="json"), sort_keys=True).encode())
    for name in sorted(forcing.data_vars):
        digest.update(name.encode() + np.ascontiguousarray(forcing[name].values).tobytes())
    return digest.hexdigest()
