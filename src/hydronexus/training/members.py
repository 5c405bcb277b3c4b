"""The state of many members in training: weights, optimiser and best so far, by member."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from hydronexus.model.nexus import Nexus


class Best:
    """The best state of every member so far.

    Parameters
    ----------
    module : Nexus
        Every parameter has the member as its first axis.
    """

    def __init__(self, module: Nexus):
        members = len(module.bucket.initial)
        self.score = torch.full((members,), -math.inf)
        self.step = torch.zeros(members, dtype=torch.int64)
        self.state = {name: p.detach().clone() for name, p in module.named_parameters()}

    def update(self, module: Nexus, active: Tensor, score: Tensor, step: int) -> None:
        """Take over what has improved; `module` and `score` hold the active members alone."""
        better = score > self.score[active]
        chosen = active[better]
        self.score[chosen] = score[better]
        self.step[chosen] = step
        places, rows = (index.to(module.bucket.initial.device) for index in (chosen, better.nonzero()[:, 0]))
        for name, parameter in module.named_parameters():
            self.state[name][places] = parameter.detach()[rows]


def clip(parameters: Iterable[nn.Parameter], limit: float) -> Tensor:
    """Scale every member's gradient over some parameters to a norm of at most `limit`; returns the norm before."""
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = torch.cat([grad.flatten(1) for grad in grads], 1).norm(dim=1)
    factor = (limit / (norm + 1e-6)).clamp(max=1.0)
    torch._foreach_mul_(grads, [factor.view(-1, *[1] * (grad.dim() - 1)) for grad in grads])
    return norm


def drop(parameters: Iterable[nn.Parameter], lost: Tensor) -> None:
    """Take some members' gradients away."""
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad[lost] = 0


def keep(module: Nexus, optimizer: torch.optim.Optimizer, rows: Tensor) -> None:
    """Go on with some members alone, in place."""
    for parameter in module.parameters():
        parameter.data = parameter.data[rows]
        parameter.grad = None
        for name, value in optimizer.state[parameter].items():
            if value.dim():
                optimizer.state[parameter][name] = value[rows]
