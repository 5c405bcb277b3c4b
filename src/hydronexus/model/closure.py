"""Ways to carry the bucket through time; all give the same numbers where they can be used."""

from collections.abc import Callable

import torch
from torch import Tensor

from hydronexus.model.bucket import Bucket, Contents, Forcing
from hydronexus.model.compiled import march
from hydronexus.model.scan import affine_scan

Integrated = tuple[Contents, dict[str, Tensor]]
"""Content of every store before the first step and after each, shape (member, window, time + 1) [mm]; fluxes."""

Integrate = Callable[..., Integrated]


def integrate(
    bucket: Bucket, forcing: Forcing, start: Contents, guess: Contents | None = None, hidden: Tensor | None = None
) -> Integrated:
    """Carry the bucket through time in the fastest way at hand.

    On the CPU in machine code that marches through time. Elsewhere, and where laws read the hidden state, in torch: all
    steps at once if there is a guess, step by step in closed loop.

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

    Returns
    -------
    stores, fluxes : dict of Tensor
        Shape (member, window, time + 1) and (member, window, time) [mm].
    """
    if hidden is None and forcing.precipitation.device.type == "cpu":
        return march(bucket, forcing, start, guess)
    if guess is None:
        return stepwise(bucket, forcing, start, None, hidden)
    return parallel(bucket, forcing, start, guess, hidden)


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


_DRIVERS = ("precipitation", "potential_evapotranspiration", "temperature", "radiation", "heterogeneity")


def _by_step(series: Tensor | None):
    if series is None:
        while True:
            yield None
    yield from series.split(1, -1)


def _joined(steps: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([step[name] for step in steps], -1) for name in steps[0]}
