"""Small stores after the pipeline's contracts, from a toy bucket model whose balance closes exactly."""

import copy
import json
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.config import Periods
from hydronexus.evaluation.basin import evaluate_basin

PERIODS = Periods(
    train=("2002-10-01", "2003-09-30"),
    validation=("2001-10-01", "2002-09-30"),
    test=("2003-10-01", "2005-09-30"),
)
WARMUP_DAYS = 365
LEDGER = {
    "snow": {"inflows": ["snowfall"], "outflows": ["melt"]},
    "canopy": {"inflows": ["rain"], "outflows": ["throughfall", "canopy_evaporation"]},
    "soil": {"inflows": ["infiltration"], "outflows": ["soil_evapotranspiration", "recharge", "interflow"]},
    "ground": {"inflows": ["recharge"], "outflows": ["baseflow"]},
    "channel": {"inflows": ["surface_runoff", "interflow", "baseflow"], "outflows": ["streamflow"]},
}
FLUXES = (
    "streamflow",
    "infiltration",
    "surface_runoff",
    "soil_evapotranspiration",
    "canopy_evaporation",
    "recharge",
    "interflow",
    "baseflow",
)
LAWS = {
    "interception": ("rain [mm/d]", "canopy store [mm]", "intercepted water [mm/d]", 40.0, 3.0),
    "infiltration": ("water at the surface [mm/d]", "soil store [mm]", "infiltration [mm/d]", 40.0, 150.0),
    "evapotranspiration": (
        "potential evapotranspiration left [mm/d]",
        "soil store [mm]",
        "soil evapotranspiration [mm/d]",
        6.0,
        150.0,
    ),
    "recharge": ("infiltration [mm/d]", "soil store [mm]", "recharge [mm/d]", 30.0, 150.0),
    "baseflow": ("recharge [mm/d]", "ground store [mm]", "baseflow [mm/d]", 5.0, 80.0),
}


@dataclass(frozen=True)
class Basin:
    """The four stores of one basin; they are shared between tests, so copy before changing them."""

    forcing: xr.Dataset
    simulation: xr.Dataset
    baselines: xr.Dataset
    response: xr.Dataset


@cache
def build_basin(
    name: str = "demo_a", virtual: bool = False, snow: bool = True, step_days: float = 1.0, seeds: int = 3
) -> Basin:
    """All stores of one basin, 2000-10-01 to 2005-09-30; its last two years where steps are below a day."""
    rng = np.random.default_rng(sum(name.encode()))
    start = "2000-10-01" if step_days == 1 else "2003-10-01"
    time = pd.date_range(start, "2005-10-01", freq=pd.Timedelta(days=step_days), inclusive="left")
    season = np.sin(2 * np.pi * (time.dayofyear.to_numpy() + time.hour / 24 - 110) / 365.25)
    rain = rng.gamma(0.5, 14.0, len(time)) * (rng.random(len(time)) < 0.35) * step_days
    evaporation = (2.4 + 2.0 * season) * step_days
    temperature = 8 + 10 * season + rng.normal(0, 2, len(time)) + (0 if snow else 30)
    truth = _bucket(rain, evaporation, temperature, np.ones((1, 3)), snow)
    members = 1 + 0.08 * rng.standard_normal((2, seeds, 3)) + np.array([0.05, 0.0, -0.05])
    loops = [_bucket(rain, evaporation, temperature, loop, snow) for loop in members]
    dims = ("seed", "loop", "time")
    simulation = xr.Dataset(
        {n: (dims, np.stack([lo[n] for lo in loops], 1).astype("float32")) for n in truth},
        coords={"seed": np.arange(seeds), "loop": ["open", "closed"], "time": time},
        attrs={
            "basin": name,
            "time_step_days": step_days,
            "periods": PERIODS.model_dump_json(),
            "warmup_days": WARMUP_DAYS,
            "snow": int(snow),
            "ledger": json.dumps({s: f for s, f in LEDGER.items() if s in truth}),
            "probes": json.dumps({"nexus_closed": _probes(True)}),
        },
    )
    flow = truth["streamflow"][0]
    observed = flow if virtual else flow * np.exp(0.2 * rng.standard_normal(len(time)))
    forcing = xr.Dataset(
        {
            "precipitation": ("time", rain),
            "potential_evapotranspiration": ("time", evaporation),
            "streamflow": ("time", observed),
        },
        coords={"time": time},
        attrs={
            "basin": name,
            "dataset": name.split("_")[0],
            "time_step_days": step_days,
            "pet_method": "Oudin (pyet)",
            "checks": json.dumps(["filled 3 missing temperature steps"]),
            "area_km2": 120.0,
            "latitude": 45.0,
        },
    ).astype("float32")
    if snow:
        forcing["temperature"] = ("time", temperature.astype("float32"))
    if virtual:
        forcing = forcing.assign({f"true_{n}": ("time", v[0].astype("float32")) for n, v in truth.items()})
        forcing.attrs["virtual"] = "{}"
    else:
        forcing["streamflow"][900:905] = np.nan
    noise = np.exp(0.3 * rng.standard_normal((seeds, len(time))))
    smooth = pd.Series(flow).ewm(halflife=2 / step_days).mean().to_numpy()
    found = {"lstm": _probes(False), "gr4j": _probes(True, math.nan), "prescribed": _probes(True)}
    baselines = xr.Dataset(
        {
            "lstm": (("seed", "time"), (flow * noise).astype("float32")),
            "gr4j": ("time", smooth.astype("float32")),
            "prescribed": ("time", (0.5 * (smooth + flow)).astype("float32")),
        },
        coords={"seed": np.arange(seeds), "time": time},
        attrs={"basin": name, "probes": json.dumps(found)},
    )
    return Basin(forcing, simulation, baselines, _response(name, rng, seeds, virtual, step_days))


def _probes(passed: bool, half_step: float = 0.99) -> list[dict]:
    """A probe with one limit, one with none, and one that some models cannot take."""
    rows = [
        ("causality", 0.0 if passed else 3.0, "% of mean flow", 0.0, 0.01, passed, "later rain changes nothing before"),
        ("demand", -4.0, "%", -math.inf, 0.0, True, "more demand does not raise mean flow"),
        ("step_invariance", half_step, "NSE", 0.98, 1.0, True if half_step > 0 else None, "half the step, same flow"),
    ]
    columns = ("probe", "value", "unit", "low", "high", "passed", "expectation")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _bucket(rain: np.ndarray, demand: np.ndarray, temperature: np.ndarray, factors: np.ndarray, snow: bool) -> dict:
    """Stores [mm] and fluxes [mm per step] of shape (member, time)."""
    shape = (len(factors), len(rain))
    names = list(dict.fromkeys([*LEDGER, *(f for s in LEDGER.values() for f in s["inflows"] + s["outflows"])]))
    out = {name: np.zeros(shape) for name in names}
    pack, canopy, soil, ground, channel = (np.full(len(factors), s) for s in (0.0, 0.0, 70.0, 40.0, 1.0))
    capacity, drainage, residence = factors.T
    for t in range(len(rain)):
        snowfall = rain[t] * (temperature[t] < 0) * snow
        melt = np.minimum(pack + snowfall, 3.0 * max(temperature[t], 0.0))
        pack = pack + snowfall - melt
        held = canopy + rain[t] - snowfall
        throughfall = np.maximum(held - 1.5 * capacity, 0)
        wet = np.minimum(held - throughfall, demand[t])
        canopy = held - throughfall - wet
        water = throughfall + melt
        infiltration = water * np.exp(-(soil / 160.0) * water / (30 * capacity))
        dry = (demand[t] - wet) * np.minimum(1, soil / 90)
        recharge, interflow = 0.02 * drainage * soil * (soil / 100) ** 2, 0.01 * soil * (soil / 120)
        soil = soil + infiltration - dry - recharge - interflow
        base = ground / (45 * residence)
        ground = ground + recharge - base
        inflow = water - infiltration + interflow + base
        flow = 0.6 * (channel + inflow)
        channel = channel + inflow - flow
        values = {
            "snow": pack,
            "canopy": canopy,
            "soil": soil,
            "ground": ground,
            "channel": channel,
            "snowfall": snowfall,
            "melt": melt,
            "rain": rain[t] - snowfall,
            "throughfall": throughfall,
            "canopy_evaporation": wet,
            "infiltration": infiltration,
            "surface_runoff": water - infiltration,
            "soil_evapotranspiration": dry,
            "recharge": recharge,
            "interflow": interflow,
            "baseflow": base,
            "streamflow": flow,
        }
        for name in names:
            out[name][:, t] = values[name]
    return {n: v for n, v in out.items() if snow or n not in ("snow", "snowfall", "melt")}


def _response(name: str, rng: np.random.Generator, seeds: int, virtual: bool, step_days: float) -> xr.Dataset:
    share = np.linspace(0, 1, 32)
    x = np.stack([share * law[3] for law in LAWS.values()])
    y = np.stack([np.linspace(0.05, 1, 12) * law[4] for law in LAWS.values()])
    top = x[:, -1][:, None, None]
    wet = np.linspace(0, 1, 12)[None, None, :]
    field = np.minimum(x[:, :, None], 0.5 * top) * np.ones_like(wet)
    true = 0.6 * top * (1 - np.exp(-x[:, :, None] / (0.6 * top))) * (1.1 - 0.6 * wet)
    spread = 1 + 0.1 * rng.standard_normal((5, seeds, 1, 1))
    visited = (share[:, None] < 0.95 - 0.4 * np.abs(np.linspace(-1, 1, 12))[None]) & (np.arange(12) > 0)[None]
    lag = np.arange(0, 180, step_days)
    scale = np.array([3.0, 0.3, 0.5, 40, 1.0, 15, 10, 60])[:, None, None, None]
    volume = np.linspace(0.3, 0.7, 4)[None, :, None, None] * np.linspace(0.8, 1.2, 3)[None, None, :, None]
    pulse = volume * np.exp(-lag / scale) / scale
    members = pulse * (1 + 0.1 * rng.standard_normal((seeds, 8, 1, 1, 1)))
    routing_lag = np.arange(0, 6, step_days)
    routing = np.exp(-routing_lag / (1 + 0.2 * rng.random((seeds, 1))))
    per_flux = {
        "elasticity": np.linspace(1.3, 0.7, 8),
        "centroid": scale.ravel(),
        "t50": scale.ravel() * 0.7,
        "t90": scale.ravel() * 2.3,
    }
    data = {
        "law": (("process", "seed", "x", "y"), true[:, None] * spread),
        "law_x": (("process", "x"), x),
        "law_y": (("process", "y"), y),
        "law_visited": (("process", "x", "y"), np.broadcast_to(visited, (5, 32, 12))),
        "law_visits": (("process", "x", "y"), 9 * np.broadcast_to(visited, (5, 32, 12)).astype(int)),
        "field": (("process", "x", "y"), field),
        "field_equation": (
            ("process",),
            [f"min(P, f), test equation; parameters {t[0, 0]:.3g}" for t in top],
        ),
        "field_rmse": (("process",), np.full(5, 0.4)),
        "field_cross_validated": (("process",), np.full(5, 0.5)),
        "mixed": (("process", "x", "y"), np.where(np.arange(5)[:, None, None] < 2, true, np.nan)),
        "mixed_equation": (
            ("process",),
            ["Merriam 1960, mixed: S = 1 mm", "Horton 1933, mixed: fc = 9 mm/d", "", "", ""],
        ),
        "mixed_cross_validated": (("process",), [0.2, 0.3, np.nan, np.nan, np.nan]),
        "mixing_gain": (("process", "seed"), np.where(np.arange(5)[:, None] < 2, 0.5 + 0.1 * np.arange(seeds), np.nan)),
        "routing_equation": "Nash 1957: n = 1.2, k = 0.8 d",
        "routing_rmse": 0.01,
        "nonlinearity": (("flux", "seed"), np.full((8, seeds), 0.3) + 0.01 * np.arange(seeds)),
        "superposition_defect": (("seed", "flux", "addition"), np.full((seeds, 8, 5), 0.05)),
        "interaction": (("seed", "flux", "separation"), np.full((seeds, 8, 5), 0.004)),
        "memory": (("seed",), np.full(seeds, 180.0)),
        **{
            name: (("process", "seed"), size + 0.01 * rng.standard_normal((5, seeds)))
            for name, size in (
                ("deformation", 0.2),
                ("deformation_sign", -0.1),
                ("curvature_ratio", 1.3),
                ("onset_shift", 2),
            )
        },
        "routing": (("seed", "routing_lag"), routing / routing.sum(-1, keepdims=True)),
        "pulse": (("seed", "flux", "intensity_bin", "wetness_bin", "lag"), members),
        "erra": (
            ("series", "intensity_bin", "erra_lag"),
            np.broadcast_to(np.exp(-np.arange(60) / 5) / 8, (2, 4, 60)) * np.array([1, 0.9])[:, None, None],
        ),
        "erra_error": (("series", "intensity_bin", "erra_lag"), np.full((2, 4, 60), 0.01)),
        "pulse_count": (("intensity_bin", "wetness_bin"), np.full((4, 3), 20)),
    }
    for index, values in per_flux.items():
        data[index] = (("flux", "seed"), values[:, None] * (1 + 0.05 * rng.standard_normal((8, seeds))))
        data[f"{index}_low"] = (("flux",), 0.9 * values)
        data[f"{index}_high"] = (("flux",), 1.1 * values)
    if virtual:
        data["law_true"] = (("process", "x", "y"), np.where(np.arange(5)[:, None, None] < 3, true, np.nan))
        data["pulse_true"] = (("flux", "intensity_bin", "wetness_bin", "lag"), pulse)
    response = xr.Dataset(
        data,
        coords={
            "process": list(LAWS),
            "flux": list(FLUXES),
            "seed": np.arange(seeds),
            "lag": lag,
            "routing_lag": routing_lag,
            "series": ["observed", "simulated"],
            "erra_lag": np.arange(60) * step_days,
            "addition": [1.0, 5.0, 10.0, 25.0, 50.0],
            "separation": [1.0, 3.0, 7.0, 14.0, 30.0],
            "intensity": ("intensity_bin", [2.0, 6.0, 12.0, 30.0]),
            "wetness": ("wetness_bin", [50.0, 75.0, 110.0]),
        },
        attrs={"basin": name},
    )
    axes = {p: {"x": law[0], "y": law[1], "flux": law[2]} for p, law in LAWS.items()}
    response["law"].attrs["axes"] = json.dumps(axes)
    return response


def evaluate(name: str = "demo_a", virtual: bool = False, **options) -> dict:
    """Evaluation of a built basin, to keep and change."""
    return copy.deepcopy(_evaluate(name, virtual, **options))


@cache
def _evaluate(name: str, virtual: bool, **options) -> dict:
    basin = build_basin(name, virtual, **options)
    stores = (basin.forcing, basin.simulation, basin.baselines, basin.response)
    return evaluate_basin(*stores, PERIODS, WARMUP_DAYS, name, name.split("_")[0])


def evaluate_many(count: int, **shifts: float) -> list[dict]:
    """Evaluations of many real basins, NSE near 0.7; `shifts` are added to the NSE of a model."""
    rng = np.random.default_rng(0)
    evaluations = []
    for i in range(count):
        evaluation = evaluate()
        for row in (row for part in ("metrics", "closure", "responses", "climate") for row in evaluation[part]):
            row["basin"] = f"demo_{i:03d}"
        for row in evaluation["metrics"]:
            row["nse"] = 0.7 + shifts.get(row["model"], 0.0) + 0.001 * rng.standard_normal()
        evaluations.append(evaluation)
    return evaluations
