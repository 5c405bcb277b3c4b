"""What training minimises: streamflow error, and the distance of proposed stores from a closed balance."""

import torch
from torch import Tensor

from hydronexus.model.bucket import Bucket, Forcing
from hydronexus.model.nexus import Simulation
from hydronexus.model.stores import STORES


class StreamflowLoss:
    """Squared error over the variance of the observations (1 - NSE), with a term for low flows.

    Parameters
    ----------
    observed : Tensor
        Streamflow [mm per step], shape (member, window, time).
    scored : Tensor
        Steps that count, same shape.
    low_flow_weight : float
        Weight of the same measure on log streamflow.
    """

    def __init__(self, observed: Tensor, scored: Tensor, low_flow_weight: float):
        self.scored = scored.to(observed.dtype)
        self.count = self.scored.sum((1, 2)).clamp_min(1)
        self.observed = observed
        self.variance = self._variance(observed)
        self.floor = 0.01 * self._mean(observed)[:, None, None] + 1e-4  # mm, keeps the logarithm of dry days finite
        self.log_observed = torch.log(observed + self.floor)
        self.log_variance = self._variance(self.log_observed)
        self.low_flow_weight = low_flow_weight

    def one_minus_nse(self, streamflow: Tensor) -> Tensor:
        """1 - NSE of each member, from streamflow of shape (member, window, time)."""
        return self._mean((streamflow - self.observed) ** 2) / self.variance

    def __call__(self, streamflow: Tensor) -> Tensor:
        """Loss of each member, shape (member,)."""
        low = self._mean((torch.log(streamflow + self.floor) - self.log_observed) ** 2) / self.log_variance
        return self.one_minus_nse(streamflow) + self.low_flow_weight * low

    def _mean(self, values: Tensor) -> Tensor:
        return (values * self.scored).sum((1, 2)) / self.count

    def _variance(self, values: Tensor) -> Tensor:
        squares = self._mean((values - self._mean(values)[:, None, None]) ** 2)
        return (squares * self.count / (self.count - 1).clamp_min(1)).clamp_min(1e-8)


HORIZONS = (1.0, 30.0, 180.0)  # days over which a residual is accumulated


def inconsistency(simulation: Simulation, closure: str, step: float, inside: Tensor) -> Tensor:
    """Root mean square of every store's consistency error as a share of its scale, shape (constraint, member).

    For `scan` and `picard` the distance between the content that the encoder proposes and the integrated
    content, in the first pass (what the encoder misses) and in the last (what is left of the closed-loop gap). For
    `residual` one per store and horizon: the residual of the balance accumulated over the horizon, which a small
    one-step residual does not bound (its bias grows with memory). `closed` has none. `inside` masks padding.
    """

    def root_mean_square(error: Tensor) -> Tensor:
        real = inside[..., -error.shape[-1] :]
        return ((error.square() * real).sum((1, 2)) / real.sum((1, 2)) + 1e-12).sqrt()

    constraints = []
    for name, errors in simulation.errors.items():
        scale = STORES[name].scale
        if closure != "residual":
            for error in errors[:1] + errors[1:][-1:]:
                constraints.append(root_mean_square(error) / scale)
            continue
        total = torch.nn.functional.pad(torch.cumsum(errors[0][..., 1:], -1), (1, 0))
        for horizon in HORIZONS:
            width = max(1, round(horizon / step))
            if width < total.shape[-1]:
                drift = total[..., width:] - total[..., :-width]
                # An untrained encoder misses by tens of scales: compressed, or the first steps see nothing else.
                constraints.append(torch.log1p(root_mean_square(drift) / scale))
    return torch.stack(constraints) if constraints else inside.new_zeros(0, len(inside))


SAMPLED = 5  # of so many steps, one tells by how much precipitation is corrected


def corrected_by(bucket: Bucket, forcing: Forcing) -> Tensor:
    """Squared logarithm of the factor on precipitation, mean over what falls; shape (member,).

    Streamflow alone cannot tell rain that gauges missed from evaporation that the laws miss, and left free a model
    invents both; so water that no gauge has seen has a price.
    """
    forcing = forcing.map(lambda x: x[:, :, ::SAMPLED])
    factor = bucket.correction(forcing.temperature)
    weight = forcing.precipitation
    return (weight * torch.log(factor).square()).sum((1, 2)) / weight.sum((1, 2)).clamp_min(1e-6)


class AdaptiveWeights:
    """Augmented Lagrangian that holds every constraint below a tolerance, with weights of its own per store and member.

    A fixed weight either leaves the closed loop broken or traps training in a poor basin of attraction; multipliers
    grow only where, and as long as, a store misses its tolerance (Nocedal and Wright 2006, section 17.3).

    Parameters
    ----------
    tolerance : float
        Largest accepted share of the store's scale.
    penalty : float
        Weight of the quadratic term.
    """

    def __init__(self, tolerance: float, penalty: float = 4.0):
        self.tolerance = tolerance
        self.penalty = penalty
        self.multipliers: Tensor | None = None  # shape (constraint, member) once there is a step

    def __call__(self, inconsistencies: Tensor) -> Tensor:
        """Penalty of each member, shape (member,)."""
        if self.multipliers is None:
            self.multipliers = torch.zeros_like(inconsistencies.detach())
        excess = inconsistencies - self.tolerance
        lifted = torch.clamp(self.multipliers + self.penalty * excess, min=0)
        return (lifted.square() - self.multipliers**2).sum(0) / (2 * self.penalty)

    def update(self, inconsistencies: Tensor) -> None:
        """Move the multipliers after some steps of training, at most to 20."""
        excess = inconsistencies.detach() - self.tolerance
        self.multipliers = torch.clamp(self.multipliers + self.penalty * excess, min=0, max=20)
