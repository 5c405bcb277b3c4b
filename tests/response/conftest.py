"""A model with laws away from their start, for all tests of responses."""

import numpy as np
import pytest
import torch
import xarray as xr

from hydronexus.config import Model, Periods, Training
from hydronexus.training.data import drivers
from hydronexus.training.simulate import restore, simulate
from hydronexus.training.train import build

PERIODS = Periods(
    validation=["2001-01-01", "2001-06-30"], test=["2001-07-01", "2001-12-31"], train=["2002-01-01", "2002-12-31"]
)
MODEL = Model(hidden_size=6, law_size=4)
TRAINING = Training(seeds=2)


@pytest.fixture(scope="module")
def basin():
    """A model with laws away from their start, its forcing and its simulation."""
    rng = np.random.default_rng(0)
    time = np.arange("2000-01-01", "2003-01-01", dtype="datetime64[D]").astype("datetime64[ns]")
    season = np.sin(np.arange(len(time)) * 2 * np.pi / 365)
    columns = {
        "precipitation": np.where(rng.random(len(time)) < 0.4, rng.exponential(8, len(time)), 0.0),
        "potential_evapotranspiration": 2.5 + 2 * season,
        "temperature": 6 + 10 * season,
        "streamflow": rng.random(len(time)),
    }
    arrays = {name: ("time", values.astype("float32")) for name, values in columns.items()}
    forcing = xr.Dataset(arrays, {"time": time}, {"basin": "x_1", "dataset": "x", "time_step_days": 1.0})
    module = build(drivers(forcing, PERIODS.train, True), MODEL, [0, 1])
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in module.bucket.laws.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    weights = {name: value.detach().clone() for name, value in module.named_parameters()}
    simulation = simulate(weights, forcing, PERIODS, MODEL, TRAINING)
    module, source = restore(weights, forcing, PERIODS, MODEL, TRAINING)
    return module, source, forcing, simulation
