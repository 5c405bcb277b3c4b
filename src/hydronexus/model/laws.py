"""Learned laws: small networks of many ensemble members evaluated in batched products."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn


class Law(nn.Module):
    """A law: what is there now (forcing, stores) to the logits of fractions, for every member.

    Two hidden layers of tanh units. Every member starts from a law of its own, spread around the declared start:
    members that start alike err alike, and neither their mean nor their spread gains anything.

    Parameters
    ----------
    seeds : list of int
        One member per seed.
    inputs, hidden : int
        Width of the input and of the hidden layers.
    start : tuple of float
        Initial value of each output, mean over members.
    salt : int
        Tells the random streams of several laws apart.
    """

    def __init__(self, seeds: list[int], inputs: int, hidden: int, start: tuple[float, ...], salt: int):
        super().__init__()
        self.sizes = (inputs, hidden, hidden, len(start))
        draws = [torch.Generator().manual_seed(1009 * seed + salt) for seed in seeds]
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for layer, (rows, columns) in enumerate(pairwise(self.sizes)):
            gain = 0.5 if layer == 2 else 1.0
            weight = torch.stack([torch.randn(rows, columns, generator=g) for g in draws])
            self.weights.append(nn.Parameter(weight * gain / math.sqrt(rows)))
            bias = torch.stack([torch.randn(1, columns, generator=g) for g in draws])
            bias = torch.tensor(start) + bias if layer == 2 else 0.5 * bias
            self.biases.append(nn.Parameter(bias))

    def flat(self) -> Tensor:
        """All parameters of every member in one row: weights layer by layer, then biases; shape (member, count)."""
        return torch.cat([parameter.flatten(1) for parameter in self.parameters()], 1)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Evaluate the law.

        Parameters
        ----------
        inputs : Tensor
            Shape (member, window, time) each, or (member, window, time, channels).

        Returns
        -------
        tuple of Tensor
            One per output, shape (member, window, time).
        """
        shape = inputs[0].shape
        x = torch.cat([x if x.dim() == 4 else x.unsqueeze(-1) for x in inputs], -1).flatten(1, 2)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            if layer < 2:
                x = torch.tanh(x)
        return x.unflatten(1, shape[1:3]).unbind(-1)
