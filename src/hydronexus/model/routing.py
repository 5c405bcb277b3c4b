"""River routing: a learned unit hydrograph of bounded length, for any time step."""

import math

import torch
from torch import Tensor, nn

from hydronexus.model.laws import Law
from hydronexus.model.stores import CHANNEL_DAYS


class Routing(nn.Module):
    """Unit hydrograph whose shape is a learned law of the lag; weights are positive and sum to one.

    Parameters
    ----------
    seeds : list of int
        One member per seed.
    hidden : int
        Hidden units of the law.
    step : float
        Time step [d].
    """

    def __init__(self, seeds: list[int], hidden: int, step: float):
        super().__init__()
        lags = torch.arange(max(2, math.ceil(CHANNEL_DAYS / step))) * step
        self.register_buffer("lags", lags.view(1, 1, -1), persistent=False)
        self.shape = Law(seeds, 1, hidden, (0.0,), salt=8)

    def unit_hydrograph(self) -> Tensor:
        """Share of the water that arrives after each lag, shape (member, lag); starts as exp(-1.5 lag)."""
        lags = self.lags.expand(len(self.shape.weights[0]), -1, -1)
        (logits,) = self.shape(torch.log1p(lags))
        return torch.softmax((logits * (1.0 + lags) - 1.5 * lags)[:, 0], -1)

    def forward(self, inflow: Tensor, before: Tensor | None = None) -> Tensor:
        """Route inflow to the outlet.

        Parameters
        ----------
        inflow : Tensor
            Shape (member, series, time) [mm per step].
        before : Tensor, optional
            Inflow of the steps before the first, shape (member, series, lags - 1); zero if not given.

        Returns
        -------
        Tensor
            Streamflow, shape of `inflow`.
        """
        weights = self.unit_hydrograph()
        padding = inflow.new_zeros(*inflow.shape[:2], weights.shape[1] - 1) if before is None else before
        series = torch.cat([padding, inflow], -1).transpose(0, 1)
        routed = nn.functional.conv1d(series, weights.flip(-1)[:, None], groups=weights.shape[0])
        return routed.transpose(0, 1)

    def held(self, before: Tensor) -> Tensor:
        """Water under way in the channel [mm], shape (member, series, 1), from its last inflows."""
        still_to_come = 1 - torch.cumsum(self.unit_hydrograph(), -1)[:, :-1]
        return (before * still_to_come.flip(-1)[:, None]).sum(-1, keepdim=True)
