"""The nexus encoder: an LSTM that reads forcing alone and proposes the trajectory of every store."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Encoder(nn.Module):
    """LSTM over the forcing sequence, one per member; the only recurrence of the model.

    A loop over cuDNN/oneDNN LSTMs is faster on a CPU than one grouped product per time step.

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
        self.lstms = nn.ModuleList()
        self.heads = nn.ModuleList()
        with torch.random.fork_rng(devices=[]):
            for seed in seeds:
                torch.manual_seed(seed)
                lstm = nn.LSTM(features, hidden, batch_first=True)
                with torch.no_grad():  # start with long memory: forget gates open
                    lstm.bias_hh_l0[hidden : 2 * hidden] = 3.0
                self.lstms.append(lstm)
                self.heads.append(nn.Linear(hidden, len(scales)))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Propose stores from forcing.

        Parameters
        ----------
        features : Tensor
            Standardised forcing, shape (member, window, time, feature).

        Returns
        -------
        stores : Tensor
            Content at the end of each step [mm], shape (store, member, window, time).
        hidden : Tensor
            Shape (member, window, time, hidden).
        """
        hidden = [lstm(x)[0] for lstm, x in zip(self.lstms, features, strict=True)]
        stores = [functional.softplus(head(h)) for head, h in zip(self.heads, hidden, strict=True)]
        return (torch.stack(stores) * self.scales).movedim(-1, 0), torch.stack(hidden)
