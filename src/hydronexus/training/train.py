"""Fit the nexus model to one basin: all ensemble members together, parallel in time, resumable."""

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
from hydronexus.model.nexus import Nexus
from hydronexus.training import checkpoint
from hydronexus.training.data import Drivers, drivers, windows
from hydronexus.training.objective import AdaptiveWeights, StreamflowLoss, inconsistency

log = logging.getLogger(__name__)

CLOSED_LOOP_PASSES = 8  # scans that stand for the closed loop in validation
MULTIPLIER_INTERVAL = 10  # steps between updates of the adaptive weights


@dataclass(frozen=True)
class Trained:
    """A trained ensemble.

    Parameters
    ----------
    weights : dict of Tensor
        State of :class:`Nexus`, each member at its best step.
    history : pandas.DataFrame
        One row per evaluation and seed: step, seed, loss, validation_nse, inconsistency, best.
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
        closure=model.closure,
        iterations=model.iterations,
        law_inputs=model.law_inputs,
        hidden_size=model.hidden_size,
        law_size=model.law_size,
    )


def member_parameters(module: Nexus) -> list[tuple[int | None, Tensor]]:
    """Every parameter with the member it belongs to, or None where members are stacked along the first axis."""
    parameters = []
    for name, parameter in module.named_parameters():
        parts = name.split(".")
        parameters.append((int(parts[2]) if parts[0] == "encoder" else None, parameter))
    return parameters


class _Best:
    """The best state of every member so far."""

    def __init__(self, module: Nexus, members: int):
        self.score = torch.full((members,), -math.inf)
        self.step = torch.zeros(members, dtype=torch.int64)
        self.state = {name: p.detach().clone() for name, p in module.named_parameters()}

    def update(self, module: Nexus, score: Tensor, step: int) -> None:
        better = score > self.score
        self.score = torch.where(better, score, self.score)
        self.step = torch.where(better, step, self.step)
        for (name, parameter), (member, _) in zip(module.named_parameters(), member_parameters(module), strict=True):
            if member is not None:
                if better[member]:
                    self.state[name].copy_(parameter.detach())
                continue
            chosen = better.view(-1, *[1] * (parameter.dim() - 1)).to(parameter.device)
            self.state[name] = torch.where(chosen, parameter.detach(), self.state[name])


def _clip(module: Nexus, members: int, limit: float) -> Tensor:
    """Scale every member's gradient to a norm of at most `limit`; returns the norms."""
    square = torch.zeros(members, device=module.initial.device)
    for member, parameter in member_parameters(module):
        if member is not None:
            square[member] += parameter.grad.square().sum()
        else:
            square += parameter.grad.square().flatten(1).sum(1)
    norm = square.sqrt()
    factor = (limit / (norm + 1e-6)).clamp(max=1.0)
    for member, parameter in member_parameters(module):
        if member is not None:
            parameter.grad.mul_(factor[member])
        else:
            parameter.grad.mul_(factor.view(-1, *[1] * (parameter.dim() - 1)))
    return norm


def learning_rate(step: int, training: Training) -> float:
    """Linear rise over the first twentieth of the steps, then half a cosine to a hundredth of the peak."""
    rise = max(1, training.steps // 20)
    if step < rise:
        return training.learning_rate * (step + 1) / rise
    progress = (step - rise) / max(1, training.steps - rise)
    return training.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def train(
    forcing: xr.Dataset,
    periods: Periods,
    model: Model,
    training: Training,
    basin: str,
    checkpoint_path: Path | None = None,
    progress: Callable[[str], None] = log.info,
) -> Trained:
    """Train all members of a basin.

    Every step uses the whole training period, cut into windows with a warm-up year each. A member's weights are
    those of its best validation score in (nearly) closed loop. A checkpoint of the same forcing and settings is
    resumed and leads to the same weights, bit for bit on the CPU.

    Parameters
    ----------
    forcing : xarray.Dataset
        Canonical forcing with streamflow, dim time.
    periods, model, training
        Sections of the configuration.
    basin : str
        Name for messages.
    checkpoint_path : Path, optional
        Where to keep the state of an unfinished training; removed by the caller once results are safe.
    progress : callable
        Receives one line per evaluation.

    Raises
    ------
    TrainingDivergedError
        Loss or gradient of a member is not finite.
    """
    seeds = list(range(training.seeds))
    source = drivers(forcing, periods.train, model.snow)
    device = _device(training.device)
    module = build(source, model, seeds).to(device)
    warmup, length = (round(days / source.step) for days in (training.warmup, training.window))
    fitted = windows(forcing, source, periods.train, warmup, length)
    checked = windows(forcing, source, periods.validation, warmup, length)
    source = source.to(device)
    raw, checked_raw = fitted.raw.to(device), checked.raw.to(device)
    loss_of = StreamflowLoss(fitted.observed.to(device), fitted.scored.to(device), training.low_flow_weight)
    score_of = StreamflowLoss(checked.observed.to(device), checked.scored.to(device), 0.0)
    weights = AdaptiveWeights(training.consistency_tolerance)
    optimizer = torch.optim.AdamW(module.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)
    best = _Best(module, len(seeds))
    history: list[tuple[float, ...]] = []
    facts = {"fingerprint": _fingerprint(forcing, periods, model, training), "step": 0}
    if checkpoint_path is not None and checkpoint_path.exists():
        facts = _resume(checkpoint_path, facts, module, optimizer, best, weights, history)
        if facts["step"]:
            progress(f"{basin}: resuming at step {facts['step']} of {training.steps}")

    for step in range(facts["step"], training.steps):
        if step % training.evaluate_every == 0 and _exhausted(best, step, training):
            progress(f"{basin}: no member improved in {training.patience} evaluations; stopping at step {step}")
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, training)
        optimizer.zero_grad(set_to_none=True)
        simulation = module(source.forcing(source.noisy(raw, training.forcing_noise, seeds, step)))
        errors = inconsistency(simulation, model.closure, source.step)
        loss = loss_of(simulation.fluxes["streamflow"]) + weights(errors)
        loss.sum().backward()
        norm = _clip(module, len(seeds), training.gradient_clip)
        _guard(basin, seeds, step, loss.detach(), norm)
        optimizer.step()
        if step % MULTIPLIER_INTERVAL == MULTIPLIER_INTERVAL - 1:
            weights.update(errors)
        if (step + 1) % training.evaluate_every == 0 or step + 1 == training.steps:
            with torch.no_grad():
                closed = module(source.forcing(checked_raw), passes=CLOSED_LOOP_PASSES)
            score = 1 - score_of.one_minus_nse(closed.fluxes["streamflow"]).cpu()
            best.update(module, score, step + 1)
            loss = loss.detach()
            worst = errors.detach().max(0).values.cpu()
            history += [
                (step + 1, seed, float(loss[i]), float(score[i]), float(worst[i]), float(best.score[i]))
                for i, seed in enumerate(seeds)
            ]
            progress(
                f"{basin}: step {step + 1}/{training.steps}  loss {float(loss.mean()):.3f}  "
                f"validation NSE {float(score.median()):.3f} (best {float(best.score.median()):.3f})  "
                f"inconsistency {float(worst.median()):.3f}"
            )
        if checkpoint_path is not None and (step + 1) % training.checkpoint_every == 0:
            _save(checkpoint_path, facts | {"step": step + 1}, module, optimizer, best, weights, history)
    columns = ["step", "seed", "loss", "validation_nse", "inconsistency", "best"]
    state = {name: value.cpu() for name, value in best.state.items()}
    table = pd.DataFrame(history, columns=columns).astype({"step": int, "seed": int})
    return Trained(state, table, facts["fingerprint"])


def _device(wanted: str) -> torch.device:
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def _exhausted(best: _Best, step: int, training: Training) -> bool:
    return bool(((step - best.step) >= training.patience * training.evaluate_every).all())


def _guard(basin: str, seeds: list[int], step: int, loss: Tensor, norm: Tensor) -> None:
    finite = torch.isfinite(loss) & torch.isfinite(norm)
    if not finite.all():
        seed = seeds[int((~finite).nonzero()[0])]
        raise TrainingDivergedError(
            basin,
            f"training diverged: seed {seed}, step {step + 1}, loss {float(loss[seeds.index(seed)]):g}; "
            "lower training.learning_rate or look at the basin's forcing for extreme values",
        )


def _fingerprint(forcing: xr.Dataset, periods: Periods, model: Model, training: Training) -> str:
    """Digest of all that decides the course of training, so that only its own checkpoint is resumed."""
    digest = hashlib.sha256()
    for section in (periods, model, training):
        digest.update(json.dumps(section.model_dump(mode="json"), sort_keys=True).encode())
    for name in sorted(forcing.data_vars):
        digest.update(name.encode() + np.ascontiguousarray(forcing[name].values).tobytes())
    return digest.hexdigest()


def _save(path, facts, module, optimizer, best, weights, history) -> None:
    tensors = {f"model.{name}": p for name, p in module.named_parameters()}
    tensors |= {f"best.{name}": p for name, p in best.state.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items()}
    tensors |= {"best_score": best.score, "best_step": best.step, "multipliers": weights.multipliers}
    tensors["history"] = torch.tensor(history, dtype=torch.float64)
    checkpoint.write(path, tensors, facts)


def _resume(path, facts, module, optimizer, best, weights, history):
    """Take up a checkpoint of the same training; any other is ignored. Returns its facts."""
    tensors, found = checkpoint.read(path)
    if found["fingerprint"] != facts["fingerprint"]:
        return facts
    device = module.initial.device
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(tensors[f"model.{name}"])
            best.state[name].copy_(tensors[f"best.{name}"])
    state = optimizer.state_dict()
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, index, field = key.split(".")
            state["state"].setdefault(int(index), {})[field] = value
    optimizer.load_state_dict(state)
    best.score, best.step = tensors["best_score"], tensors["best_step"]
    weights.multipliers = tensors["multipliers"].to(device)
    history += [tuple(row) for row in tensors["history"].tolist()]
    return found
