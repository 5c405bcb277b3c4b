"""Ways to carry the bucket through time; all give the same numbers where they can be used."""

from collections.abc import Callable

import torch
from torch import Tensor

from hydronexus.model.bucket import Bucket, Contents, Forcing
from hydronexus.model.compiled import march
from hydronexus.model.scan import affine_scan, matrix_adjoint
from hydronexus.model.stores import STORES

Integrated = tuple[Contents, dict[str, Tensor]]
"""Content of every store before the first step and after each, shape (member, window, time + 1) [mm]; fluxes."""

Integrate = Callable[..., Integrated]


def integrate(
    bucket: Bucket,
    forcing: Forcing,
    start: Contents,
    guess: Contents | None = None,
    hidden: Tensor | None = None,
    first: Contents | None = None,
) -> Integrated:
    """Carry the bucket through time in the fastest way at hand.

    On the CPU in machine code that marches through time. Elsewhere with a guess in one parallel pass; in closed loop by
    parallel passes until nothing changes, or step by step where laws read the hidden state.

    Parameters
    ----------
    bucket : Bucket
    forcing : Forcing
        Shapes (member, window, time).
    start : dict of Tensor
        Content of every store before the first step [mm], shape (member, window).
    guess : dict of Tensor, optional
        Content before each step at which the laws are evaluated [mm], shape (member, window, time). All steps are then
        independent but for exact affine scans. Without it the laws read the stores as they evolve (closed loop).
    hidden : Tensor, optional
        What the laws read in place of the stores, shape (member, window, time, unit).
    first : dict of Tensor, optional
        Where to begin if the closed loop is found by iteration, like `guess`.

    Returns
    -------
    stores, fluxes : dict of Tensor
        Shape (member, window, time + 1) and (member, window, time) [mm].
    """
    if hidden is None and forcing.precipitation.device.type == "cpu":
        return march(bucket, forcing, start, guess)
    if guess is not None:
        return parallel(bucket, forcing, start, guess, hidden)
    if first is not None and hidden is None:
        return converged(bucket, forcing, start, first)
    return stepwise(bucket, forcing, start, None, hidden)


def parallel(
    bucket: Bucket, forcing: Forcing, start: Contents, guess: Contents, hidden: Tensor | None = None
) -> Integrated:
    """All steps at once: laws at the guess, then one affine scan per store; see :func:`integrate`."""
    stores: Contents = {}

    def advance(store: str, keep: Tensor, inflow: Tensor) -> Tensor:
        stores[store] = affine_scan(keep, inflow, start[store])
        return stores[store][..., :-1]

    _, _, fluxes = bucket(forcing, guess, advance, hidden)
    return stores, fluxes


TOLERANCE = 1e-5  # change of any store in a pass, as a share of its scale, at which the closed loop is found
MOST_PASSES = 200


def converged(bucket: Bucket, forcing: Forcing, start: Contents, first: Contents) -> Integrated:
    """The closed loop and its exact gradient, parallel in time.

    Forward, passes of :func:`parallel` until nothing changes (a fixed-point iteration over whole trajectories, Lim et
    al. 2024); nothing is kept of them. Backward, the adjoint of the closed loop is itself an affine recurrence, whose
    matrices are the derivatives of every step at the trajectory found: all are computed at once, then scanned.
    """
    parameters = list(bucket.laws.parameters())
    names = bucket.store_names
    outputs = _Converged.apply(bucket, forcing, first, *[start[name] for name in names], *parameters)
    stores, fluxes = outputs[: len(names)], outputs[len(names) :]
    return dict(zip(names, stores, strict=True)), dict(zip(bucket.flux_names, fluxes, strict=True))


def _gradient(outputs, inputs, received) -> tuple[Tensor, ...]:
    return torch.autograd.grad(outputs, inputs, received, retain_graph=True, materialize_grads=True)


class _Converged(torch.autograd.Function):
    @staticmethod
    def forward(ctx, bucket: Bucket, forcing: Forcing, first: Contents, *inputs: Tensor):
        names = bucket.store_names
        start = dict(zip(names, inputs, strict=False))
        guess = first
        for _ in range(MOST_PASSES):
            stores, fluxes = parallel(bucket, forcing, start, guess)
            found = {name: content[..., :-1] for name, content in stores.items()}
            change = max(float((found[name] - guess[name]).abs().max()) / STORES[name].scale for name in names)
            guess = found
            if change < TOLERANCE:
                break
        ctx.bucket, ctx.forcing = bucket, forcing
        ctx.save_for_backward(*[stores[name] for name in names])
        # Detached: without snow the flux `rain` is the forcing itself, which must not become an output.
        return (*[stores[name] for name in names], *[fluxes[name].detach() for name in bucket.flux_names])

    @staticmethod
    def backward(ctx, *grads: Tensor):
        bucket, names = ctx.bucket, ctx.bucket.store_names
        parameters = list(bucket.laws.parameters())
        before = [store[..., :-1].detach().requires_grad_() for store in ctx.saved_tensors]
        content = dict(zip(names, before, strict=True))
        with torch.enable_grad():
            _, after, fluxes = bucket(ctx.forcing, content, lambda store, *_: content[store])
        ends = [after[name] for name in names]
        pairs = zip([fluxes[name] for name in bucket.flux_names], grads[len(names) :], strict=True)
        flows, through = zip(*[pair for pair in pairs if pair[0].requires_grad], strict=True)
        # Steps do not know of each other here, so the gradient of a sum holds the derivative of every step.
        rows = [_gradient(end, before, torch.ones_like(end)) for end in ends]
        matrices = torch.stack([torch.stack(row, -1) for row in rows], -2)  # (..., time, to, from)
        direct = _gradient(flows, before, through)
        received = torch.stack(grads[: len(names)], -1)
        received[..., :-1, :] += torch.stack(direct, -1)
        total = matrix_adjoint(matrices, received)
        ahead = [total[..., 1:, index] for index in range(len(names))]
        given = _gradient([*ends, *flows], parameters, [*ahead, *through])
        return None, None, None, *total[..., 0, :].unbind(-1), *given


def stepwise(
    bucket: Bucket, forcing: Forcing, start: Contents, guess: Contents | None = None, hidden: Tensor | None = None
) -> Integrated:
    """One step after the other in torch, the plain reference of all other ways; see :func:`integrate`."""
    names = bucket.store_names
    # Unbound once: indexing a tensor with gradients at every step would make the way back quadratic in time.
    now = zip(*[_by_step(getattr(forcing, name)) for name in _DRIVERS], strict=False)
    guesses = zip(*[_by_step(guess[name]) for name in names], strict=True) if guess else None
    states = None if hidden is None else hidden.unbind(2)
    stores = [{name: start[name][..., None] for name in names}]
    steps: list[dict[str, Tensor]] = []
    for t in range(forcing.precipitation.shape[2]):
        content = stores[-1]
        at = content if guesses is None else dict(zip(names, next(guesses), strict=True))
        seen = None if states is None else states[t][:, :, None]
        _, after, fluxes = bucket(Forcing(*next(now), None), at, lambda store, *_, c=content: c[store], seen)
        stores.append(after)
        steps.append(fluxes)
    return _joined(stores), _joined(steps)


_DRIVERS = ("precipitation", "potential_evapotranspiration", "temperature", "radiation")


def _by_step(series: Tensor | None):
    if series is None:
        while True:
            yield None
    yield from series.split(1, -1)


def _joined(steps: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([step[name] for step in steps], -1) for name in steps[0]}
