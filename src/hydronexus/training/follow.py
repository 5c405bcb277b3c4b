"""The second half of training in closed loop: the encoder learns to propose the stores that the laws lead to."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydronexus.model.bucket import Forcing
from hydronexus.model.nexus import Nexus
from hydronexus.model.stores import STORES
from hydronexus.training.members import clip, drop


@dataclass(frozen=True)
class Step:
    """One step of :func:`follow`.

    Parameters
    ----------
    rate : float
        Learning rate.
    forcing : Forcing
        Shapes (member, window, time).
    with_streamflow : bool
        Whether streamflow counts beside the stores.
    """

    rate: float
    forcing: Forcing
    with_streamflow: bool


def encoder_optimizer(module: Nexus) -> torch.optim.Optimizer:
    """Freeze the laws; an optimiser of what is left to train.

    That is the encoder, or, where the laws read its hidden state, only the head that proposes stores.
    """
    for parameter in (*module.bucket.parameters(), *module.routing.parameters()):
        parameter.requires_grad_(False)
    trained = [module.encoder.head] if module.reads_hidden else list(module.encoder.parameters())
    return torch.optim.AdamW(trained, weight_decay=0.0, fused=True)


def follow(module: Nexus, optimizer: torch.optim.Optimizer, step: Step, inside: Tensor, limit: float) -> Tensor:
    """Train the encoder by one step, in place, on the closed loop of the finished laws.

    Stores are compared as log(1 + S / scale) over its variance, so that a nearly empty store counts as much as a full
    one: an encoder trained on millimetres loses the last snow and the dry soil, where laws are steepest. Streamflow of
    one scan from the proposals is compared with that of the closed loop over its variance.

    Parameters
    ----------
    module : Nexus
        Laws as they shall stay.
    optimizer : torch.optim.Optimizer
        Of :func:`encoder_optimizer`.
    step : Step
    inside : Tensor
        1 where a member's window is real, 0 in padding; shape (member, window, time).
    limit : float
        Largest gradient norm per member.

    Returns
    -------
    Tensor
        Distance of each member, shape (member,): the share of the stores' variance that the proposals miss, mean over
        the stores [-].
    """
    trained = optimizer.param_groups[0]["params"]
    optimizer.param_groups[0]["lr"] = step.rate
    weight = inside / inside.sum((1, 2), keepdim=True)
    closed = module.closed_loop(step.forcing)
    ends, hidden = module.propose(step.forcing)
    missed = [_missed(_seen(name, end), _seen(name, closed.stores[name]), weight) for name, end in ends.items()]
    distance = loss = torch.stack(missed).mean(0)
    if step.with_streamflow:
        opened = module.open_loop(step.forcing, ends, hidden, passes=1)
        loss = distance + _missed(opened.fluxes["streamflow"], closed.fluxes["streamflow"], weight)
    optimizer.zero_grad(set_to_none=True)
    loss.sum().backward()
    norm = clip(trained, limit)
    drop(trained, ~torch.isfinite(norm))
    optimizer.step()
    return distance.detach()


def _seen(store: str, content: Tensor) -> Tensor:
    return torch.log1p(content / STORES[store].scale)


def _missed(proposed: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Squared error over variance of each member, with weights that sum to one."""

    def mean(values: Tensor) -> Tensor:
        return (values * weight).sum((1, 2), keepdim=True)

    variance = mean((target - mean(target)) ** 2)
    return (mean((proposed - target) ** 2) / (variance + 1e-6))[:, 0, 0]
