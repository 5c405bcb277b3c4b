"""A short record to train on."""

import numpy as np
import pytest
import xarray as xr


@pytest.fixture(scope="module")
def forcing() -> xr.Dataset:
    """Five years of rain through a linear reservoir, with temperature and a gap in streamflow."""
    rng = np.random.default_rng(0)
    time = np.arange("2000-01-01", "2005-01-01", dtype="datetime64[D]")
    rain = np.where(rng.random(len(time)) < 0.4, rng.exponential(8, len(time)), 0.0)
    flow, store = np.zeros(len(time)), 20.0
    for t, p in enumerate(rain):
        flow[t] = 0.1 * (store + 0.5 * p)
        store += 0.5 * p - flow[t]
    flow[1200:1230] = np.nan
    season = np.sin(np.arange(len(time)) * 2 * np.pi / 365)
    columns = {
        "precipitation": rain,
        "potential_evapotranspiration": 2.5 + 2 * season,
        "temperature": 8 + 10 * season,
        "streamflow": flow,
    }
    arrays = {name: ("time", values.astype("float32")) for name, values in columns.items()}
    return xr.Dataset(
        arrays, {"time": time.astype("datetime64[ns]")}, {"basin": "x_1", "dataset": "x", "time_step_days": 1.0}
    )
