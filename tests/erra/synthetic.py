"""Series whose responses are known."""

import numpy as np
from scipy.signal import lfilter

AR2 = (1.6, -0.62)


def rain(steps: int, seed: int) -> np.ndarray:
    """Independent amounts on two days of five [mm]."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(steps) < 0.4, rng.gamma(0.7, 8.0, steps), 0.0)


def kernel(lags: int, scale: float = 4.0, volume: float = 0.5) -> np.ndarray:
    """Response that decays with the lag, with a given sum."""
    shape = np.exp(-np.arange(lags) / scale)
    return volume * shape / shape.sum()


def respond(precipitation: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Linear response to all earlier precipitation."""
    return np.convolve(precipitation, response)[: len(precipitation)]


def noise(steps: int, seed: int, autoregression=(), scale: float = 0.3) -> np.ndarray:
    """Autoregressive noise with normal innovations."""
    innovations = scale * np.random.default_rng([seed, 1]).standard_normal(steps)
    return lfilter([1.0], [1.0, *(-np.asarray(autoregression, float))], innovations)
