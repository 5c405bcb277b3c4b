"""The nexus encoders, which read forcing alone and propose the trajectory of every store."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hydronexus.model.compiled_encoder import propose
from hydronexus.model.scan import affine_scan


class Encoder(nn.Module):
    """LSTM over the forcing sequence, one per member; the only recurrence of the model.

    Parameters
    ----------
    seeds : list of int
        One member per seed.
    features, hidden : int
        Forcing variables read, hidden units.
    scales : Tensor
        Typical content of each proposed store [mm], shape (store,).
    """

    def __init__(self, seeds: list[int], features: int, hidden: int, scales: Tensor):
        super().__init__()
        self.register_buffer("scales", scales, persistent=False)
        self.features = features
        gates, heads = [], []
        with torch.random.fork_rng(devices=[]):
            for seed in seeds:
                torch.manual_seed(seed)
                cell, head = nn.LSTM(features, hidden), nn.Linear(hidden, len(scales))
                bias = cell.bias_ih_l0.detach()
                bias[hidden : 2 * hidden] += 3.0  # start with long memory: forget gates open
                gates.append(torch.cat([cell.weight_ih_l0.T, cell.weight_hh_l0.T, bias[None]]).detach())
                heads.append(_stacked(head))
        # Rows: features, hidden units, bias; columns: input, forget, cell and output gates of all units.
        self.gates = nn.Parameter(torch.stack(gates))
        self.head = nn.Parameter(torch.stack(heads))

    def forward(self, features: Tensor) -> Tensor:
        """Propose stores from forcing.

        Parameters
        ----------
        features : Tensor
            Standardised forcing, shape (member, window, time, feature).

        Returns
        -------
        Tensor
            Content at the end of each step [mm], shape (store, member, window, time).
        """
        if features.device.type == "cpu":
            proposals = propose(features, self.gates, self.head)
        else:
            proposals = self.read(self.hidden(features))
        return (proposals * self.scales).movedim(-1, 0)

    def hidden(self, features: Tensor) -> Tensor:
        """Hidden units after each step, shape (member, window, time, hidden): the plain reference.

        On the CPU a loop over the library's LSTM; elsewhere one product of all members per time step.
        """
        if features.device.type == "cpu":
            members = zip(features, *self._library_weights(), strict=True)
            zero = features.new_zeros(1, features.shape[1], self.head.shape[1] - 1)
            rest = (True, 1, 0.0, False, False, True)  # biases, layers, dropout, training, directions, batch first
            return torch.stack([torch.lstm(x, (zero, zero), weights, *rest)[0] for x, *weights in members])
        return self.grouped(features)

    def grouped(self, features: Tensor) -> Tensor:
        """The same as :meth:`hidden` with one product of all members per time step, for any device."""
        reads = torch.baddbmm(
            self.gates[:, -1:], features.transpose(1, 2).flatten(1, 2), self.gates[:, : self.features]
        )
        hidden = cell = features.new_zeros(*features.shape[:2], self.head.shape[1] - 1)
        states = []
        for read in reads.unflatten(1, (features.shape[2], -1)).unbind(1):
            gates = torch.baddbmm(read, hidden, self.gates[:, self.features : -1])
            enter, keep, new, show = gates.chunk(4, -1)
            cell = torch.sigmoid(keep) * cell + torch.sigmoid(enter) * torch.tanh(new)
            hidden = torch.sigmoid(show) * torch.tanh(cell)
            states.append(hidden)
        return torch.stack(states, 2)

    def _library_weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        bias = self.gates[:, -1]
        inputs, back = self.gates[:, : self.features].mT, self.gates[:, self.features : -1].mT
        return inputs.contiguous(), back.contiguous(), bias, torch.zeros_like(bias)

    def read(self, hidden: Tensor) -> Tensor:
        """Proposals as shares of the stores' scales, shape (member, window, time, store), from the hidden units."""
        return _read(hidden, self.head)


class ScanEncoder(nn.Module):
    """Two layers of gated units, h[t] = k[t] h[t-1] + (1 - k[t]) c[t], whose gates k and candidates c read no state.

    All steps are then one affine scan per unit, parallel in time.

    Parameters
    ----------
    seeds, features, hidden, scales
        As of :class:`Encoder`.

    References
    ----------
    Feng et al. 2024 (minimal recurrent networks); Heinsen 2023 (parallel affine scans).
    """

    def __init__(self, seeds: list[int], features: int, hidden: int, scales: Tensor):
        super().__init__()
        self.register_buffer("scales", scales, persistent=False)
        layers: list[list[Tensor]] = [[], []]
        heads = []
        with torch.random.fork_rng(devices=[]):
            for seed in seeds:
                torch.manual_seed(seed)
                for layer, inputs in zip(layers, (features, hidden), strict=True):
                    linear = nn.Linear(inputs, 2 * hidden)
                    linear.bias.data[:hidden] += 3.0  # start with long memory
                    layer.append(_stacked(linear))
                heads.append(_stacked(nn.Linear(hidden, len(scales))))
        # Rows: inputs, bias; columns: gates, candidates.
        self.layers = nn.ParameterList(nn.Parameter(torch.stack(layer)) for layer in layers)
        self.head = nn.Parameter(torch.stack(heads))

    def forward(self, features: Tensor) -> Tensor:
        """Propose stores from forcing; see :meth:`Encoder.forward`."""
        return (self.read(self.hidden(features)) * self.scales).movedim(-1, 0)

    def hidden(self, features: Tensor) -> Tensor:
        """Hidden units after each step, shape (member, window, time, hidden)."""
        units = features
        for layer in self.layers:
            mixed = torch.baddbmm(layer[:, -1:], units.flatten(1, 2), layer[:, :-1]).unflatten(1, units.shape[1:3])
            gates, candidates = mixed.transpose(2, 3).chunk(2, 2)
            keep = torch.sigmoid(gates)
            start = keep.new_zeros(keep.shape[:-1])
            units = affine_scan(keep, (1 - keep) * torch.tanh(candidates), start)[..., 1:].transpose(2, 3)
        return units

    def read(self, hidden: Tensor) -> Tensor:
        """Proposals as shares of the stores' scales; see :meth:`Encoder.read`."""
        return _read(hidden, self.head)


def _stacked(linear: nn.Linear) -> Tensor:
    return torch.cat([linear.weight.T, linear.bias[None]]).detach()


def _read(hidden: Tensor, head: Tensor) -> Tensor:
    shares = torch.baddbmm(head[:, -1:], hidden.flatten(1, 2), head[:, :-1])
    return functional.softplus(shares).unflatten(1, hidden.shape[1:3])
