"""Physics probes: a sound model passes them all, and each flaw is caught by the probe meant for it."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.signal import lfilter

from hydronexus.errors import NotDefinedError
from hydronexus.evaluation.probes import PROBES, halved, probe

DAYS = 10 * 365


@pytest.fixture(scope="module")
def forcing() -> xr.Dataset:
    rng = np.random.default_rng(0)
    day = np.arange(DAYS)
    season = -np.cos(2 * np.pi * day / 365.25)
    rain = np.where(rng.random(DAYS) < 0.4, rng.exponential(8, DAYS), 0.0)
    columns = {
        "precipitation": rain,
        "potential_evapotranspiration": 2.5 + 2 * season,
        "temperature": 4 + 12 * season + rng.standard_normal(DAYS),
        "streamflow": rain / 3,
    }
    time = np.datetime64("2000-01-01", "D") + day
    return xr.Dataset(
        {name: ("time", values) for name, values in columns.items()},
        {"time": time.astype("datetime64[ns]")},
        {"time_step_days": 1.0, "basin": "x_1"},
    )


def reservoir(forcing: xr.Dataset) -> np.ndarray:
    """Snow over a store that drains in proportion to its water, after evaporation took its share; two members."""
    step = forcing.attrs["time_step_days"]
    rain, temperature = forcing["precipitation"].values, forcing["temperature"].values
    water, pack = np.empty_like(rain), 0.0
    for t, (p, warmth) in enumerate(zip(rain, temperature, strict=True)):
        pack += p if warmth < 0 else 0.0
        melt = min(pack, 4 * max(warmth, 0.0) * step)
        pack -= melt
        water[t] = melt + (p if warmth >= 0 else 0.0)
    left = water * np.exp(-0.2 * forcing["potential_evapotranspiration"].values / step)
    flows = []
    for days in (10.0, 30.0):
        keep = np.exp(-step / days)
        # Exact mean outflow over the step of water that comes in evenly through it.
        entering = 1 - days / step * (1 - keep)
        store = lfilter([1.0], [1.0, -keep], left * (1 - entering))
        before = np.concatenate([[0.0], store[:-1]])
        flows.append(before * (1 - keep) + left * entering)
    return np.stack(flows)


def verdicts(run, forcing) -> pd.Series:
    return probe(run, forcing).set_index("probe")["passed"]


def test_a_sound_model_passes_every_probe(forcing):
    table = probe(reservoir, forcing)
    assert list(table["probe"]) == list(PROBES)
    assert table["passed"].all(), table


def test_halving_the_step_keeps_amounts_and_states(forcing):
    half = halved(forcing)
    assert half.attrs["time_step_days"] == 0.5
    assert float(half["precipitation"].sum()) == pytest.approx(float(forcing["precipitation"].sum()))
    assert float(half["temperature"].mean()) == pytest.approx(float(forcing["temperature"].mean()))
    assert half["time"].values[1] - half["time"].values[0] == np.timedelta64(12, "h")


def seer(forcing):
    return reservoir(forcing) + 0.1 * np.roll(forcing["precipitation"].values, -1)


def sinker(forcing):
    return reservoir(forcing) - 0.05


def booster(forcing):
    return 3 * reservoir(forcing)


def contrarian(forcing):
    """Yesterday's rain lowers today's flow."""
    return reservoir(forcing) + 20 - 0.6 * np.roll(forcing["precipitation"].values, 1)


def worn_out(forcing):
    """A wet week lowers all flow."""
    return reservoir(forcing) + 30 - lfilter(np.full(8, 0.5), [1.0], forcing["precipitation"].values)


def clock(forcing):
    """Flow that follows the season, not the water."""
    return reservoir(forcing) + 1 + np.sin(2 * np.pi * np.arange(forcing.sizes["time"]) / 365.25)


def thirsty(forcing):
    return reservoir(forcing) + 0.5 * forcing["potential_evapotranspiration"].values


def counter(forcing):
    """Memory in steps, not in days."""
    return lfilter([0.1], [1, -0.9], reservoir(forcing), axis=-1)


def late(forcing):
    """The warmer it is on average, the later flow comes."""
    delay = int(10 * (float(forcing["temperature"].mean()) - 4))
    return np.roll(np.clip(reservoir(forcing), 0, None), max(0, 3 * delay), axis=1)


@pytest.mark.parametrize(
    ("flawed", "name"),
    [
        (seer, "causality"),
        (sinker, "bounds"),
        (booster, "gain"),
        (contrarian, "non_negative_response"),
        (worn_out, "antecedent_water"),
        (clock, "dry_down"),
        (thirsty, "demand"),
        (counter, "step_invariance"),
        (late, "warming"),
    ],
)
def test_every_flaw_is_caught(forcing, flawed, name):
    assert not verdicts(flawed, forcing)[name]


def test_what_a_model_cannot_do_is_left_open(forcing):
    def daily_only(other):
        if other.attrs["time_step_days"] != 1:
            raise NotDefinedError("daily only")
        return reservoir(other)

    table = probe(daily_only, forcing.assign(temperature=forcing["temperature"] + 30)).set_index("probe")
    assert table.loc["step_invariance", "passed"] is None
    assert np.isnan(table.loc["warming", "value"])  # no snow
    assert table["passed"].notna().sum() == len(PROBES) - 2
