"""Ways through time: what one training step costs, and how far values and gradients differ from time stepping."""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch

from hydronexus.config import Model
from hydronexus.model.bucket import Bucket, Contents, Forcing
from hydronexus.model.closure import Integrated, integrate, parallel, stepwise
from hydronexus.model.nexus import Nexus, Simulation
from hydronexus.training.data import drivers, windows
from hydronexus.training.objective import AdaptiveWeights, StreamflowLoss, inconsistency
from hydronexus.training.train import build
from sections import basins


def _plain(bucket: Bucket, forcing: Forcing, start: Contents, guess=None, hidden=None) -> Integrated:
    """Ordinary time stepping in torch."""
    return stepwise(bucket, forcing, start, guess, hidden)


def _passes(bucket: Bucket, forcing: Forcing, start: Contents, guess=None, hidden=None) -> Integrated:
    """Parallel in time in torch: one scan of all steps at a guess."""
    return parallel(bucket, forcing, start, guess, hidden)


def _one_step(bucket: Bucket, forcing: Forcing, start: Contents, guess=None, hidden=None) -> Integrated:
    """The closed loop differentiated through its last pass only."""
    with torch.no_grad():
        stores, _ = integrate(bucket, forcing, start)
    return parallel(bucket, forcing, start, {name: content[..., :-1] for name, content in stores.items()})


PATHS: dict[str, tuple[str, Callable[..., Integrated]]] = {
    "ordinary time stepping (torch)": ("closed", _plain),
    "parallel, picard with 3 scans (torch)": ("picard", _passes),
    "parallel, one scan (torch)": ("scan", _passes),
    "machine code, picard with 3 scans": ("picard", integrate),
    "machine code, one scan": ("scan", integrate),
    "machine code, closed loop (default)": ("closed", integrate),
}


def with_encoder(module: Nexus, forcing: Forcing) -> Simulation:
    """A simulation as in training; for `closed` with the encoder's distance from the stores, which is trained after."""
    simulation = module(forcing)
    if module.closure != "closed":
        return simulation
    ends, _ = module.propose(forcing.members(len(module.bucket.initial)))
    return replace(simulation, errors={name: [end - simulation.stores[name].detach()] for name, end in ends.items()})


class _Case:
    """One member of one basin, the loss of its training step, and gradients."""

    def __init__(self):
        study = basins.study()
        forcing = basins.forcing_of("us_01022500")
        source = drivers(forcing, study.periods.train, True)
        cut = windows(forcing, source, study.periods.train, 365, 365)
        self.source, self.inside = source, cut.inside()
        self.forcing = source.forcing(cut.raw)
        self.loss_of = StreamflowLoss(cut.observed, cut.scored, 0.1)
        self.size = tuple(cut.raw.shape[1:3])

    def module(self, closure: str, way: Callable[..., Integrated]):
        module = build(self.source, Model(closure=closure), [0])
        module.integrate = way
        return module

    def loss(self, module) -> torch.Tensor:
        simulation = with_encoder(module, self.forcing)
        errors = inconsistency(simulation, module.closure, self.source.step, self.inside)
        return (self.loss_of(simulation.fluxes["streamflow"]) + AdaptiveWeights(0.05)(errors)).sum()

    def gradient(self, module) -> torch.Tensor:
        module.zero_grad(set_to_none=True)
        self.loss(module).backward()
        return torch.cat([p.grad.flatten() for p in [*module.bucket.parameters(), *module.routing.parameters()]])


def _milliseconds(function: Callable[[], object], repeats: int) -> float:
    function()
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        function()
        times.append(time.process_time() - begin)
    return 1000 * median(times)


def sequential(quick: bool) -> dict:
    """CPU time of forward and backward of one member (encoder, bucket, routing, loss), by path through time."""
    case = _Case()
    rows, gradients, losses = {}, {}, {}
    for name, (closure, way) in PATHS.items():
        module = case.module(closure, way)
        slow = way is _plain
        rows[name] = {"cpu_ms": _milliseconds(lambda m=module: case.gradient(m), 1 if slow else 3 if quick else 15)}
        gradients[name], losses[name] = case.gradient(module), float(case.loss(module).detach())
    reference, *_, default = PATHS
    for name, (closure, _) in PATHS.items():
        rows[name]["ratio"] = rows[reference]["cpu_ms"] / rows[name]["cpu_ms"]
        if closure == "closed":
            scale = gradients[reference].abs().max()
            rows[name]["largest_gradient_difference"] = float(
                (gradients[name] - gradients[reference]).abs().max() / scale
            )
            rows[name]["loss_difference"] = abs(losses[name] - losses[reference]) / losses[reference]
    short = case.gradient(case.module("closed", _one_step))
    cosine = torch.nn.functional.cosine_similarity(short, gradients[reference], dim=0)
    result = {
        "windows_and_steps": case.size,
        "ratio": rows[default]["ratio"],
        "ratio_parallel_torch": rows["parallel, picard with 3 scans (torch)"]["ratio"],
        "one_step_gradient": {
            "cosine_to_full": float(cosine),
            "norm_over_full": float(short.norm() / gradients[reference].norm()),
        },
        "paths": rows,
    }
    if not quick:
        result["torch_compile"] = _compiled_by_torch(case, rows[reference]["cpu_ms"])
    return result


def _compiled_by_torch(case: _Case, reference: float) -> dict:
    """The parallel picard path through torch.compile; the time to compile is part of the answer."""
    module = case.module("picard", _passes)
    module.bucket.forward = torch.compile(module.bucket.forward)
    begin = time.perf_counter()
    try:
        case.gradient(module)
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
    compile_s = time.perf_counter() - begin
    cpu_ms = _milliseconds(lambda: case.gradient(module), 5)
    return {"compile_s": compile_s, "cpu_ms": cpu_ms, "ratio": reference / cpu_ms}
