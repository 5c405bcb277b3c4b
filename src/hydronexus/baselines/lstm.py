"""A pure LSTM of the nexus encoder's size, trained on one basin with the nexus model's windows and loss."""

from collections.abc import Callable

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from hydronexus.config import Periods, Training
from hydronexus.errors import TrainingDivergedError
from hydronexus.training.data import drivers, windows
from hydronexus.training.objective import StreamflowLoss
from hydronexus.training.train import learning_rate


class StreamflowLSTM(nn.Module):
    """LSTM with a softplus head, so that streamflow is positive.

    Parameters
    ----------
    features, hidden : int
        Forcing variables, hidden units.
    scale : float
        Mean streamflow of the training period [mm per step].
    """

    def __init__(self, features: int, hidden: int, scale: float):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)
        self.dropout = nn.Dropout(0.2)
        self.scale = scale
        with torch.no_grad():  # start with long memory: forget gates open
            self.lstm.bias_hh_l0[hidden : 2 * hidden] = 3.0

    def forward(self, features: Tensor) -> Tensor:
        """Streamflow [mm per step], shape (window, time), from features of shape (window, time, feature)."""
        return nn.functional.softplus(self.head(self.dropout(self.lstm(features)[0])))[..., 0] * self.scale


def train_lstm(
    forcing: xr.Dataset,
    periods: Periods,
    training: Training,
    hidden_size: int,
    basin: str,
    progress: Callable[[str], None],
) -> Callable[[xr.Dataset], np.ndarray]:
    """Train one LSTM per seed.

    Full-batch steps over windows with a warm-up year, noise on the forcing, weight decay, gradient clipping; the
    weights kept are those of the best validation NSE, as for the nexus model.

    Returns
    -------
    callable
        Streamflow [mm per step], shape (seed, time), under any forcing; at another time step it reads rates.

    Raises
    ------
    TrainingDivergedError
    """
    source = drivers(forcing, periods.train, True)
    warmup, length = (round(days / source.step) for days in (training.warmup, training.window))
    fitted = windows(forcing, source, periods.train, warmup, length)
    checked = windows(forcing, source, periods.validation, warmup, length)
    loss_of = StreamflowLoss(fitted.observed, fitted.scored, training.low_flow_weight)
    score_of = StreamflowLoss(checked.observed, checked.scored, 0.0)
    scale = float(fitted.observed[fitted.scored].mean())
    members = []
    for seed in range(training.seeds):
        torch.manual_seed(seed)
        model = StreamflowLSTM(len(source.names), hidden_size, scale)
        optimizer = torch.optim.AdamW(model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)
        best, best_step, state = -torch.inf, 0, {}
        for step in range(training.steps):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, training.steps, training.learning_rate)
            model.train()
            optimizer.zero_grad(set_to_none=True)
            noisy = source.forcing(source.noisy(fitted, training.forcing_noise, [seed], step))
            (loss,) = loss_of(model(noisy.features[0])[None])
            if not torch.isfinite(loss):
                raise TrainingDivergedError(basin, f"LSTM training diverged: seed {seed}, step {step + 1}")
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), training.gradient_clip)
            optimizer.step()
            if (step + 1) % training.evaluate_every == 0 or step + 1 == training.steps:
                model.eval()
                with torch.no_grad():
                    score = 1 - float(score_of.one_minus_nse(model(source.forcing(checked.raw).features[0])[None]))
                if score > best:
                    best, best_step = score, step
                    state = {name: value.clone() for name, value in model.state_dict().items()}
                if step - best_step >= training.patience * training.evaluate_every:
                    break
        progress(f"{basin}: LSTM seed {seed}: best validation NSE {best:.3f} at step {best_step + 1}")
        model.load_state_dict(state)
        members.append(model.eval())

    @torch.no_grad()
    def run(other: xr.Dataset) -> np.ndarray:
        there = source.under(other)
        per_step = there.step / source.step
        values = there.values.clone()
        values[:, :2] /= per_step  # precipitation and potential evapotranspiration as in the step it was trained at
        features = source.forcing(values[None, None]).features[0]
        return torch.cat([member(features) for member in members]).numpy() * per_step

    return run
