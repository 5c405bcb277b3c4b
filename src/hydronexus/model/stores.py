"""Declaration of stores, fluxes and bounds that the model, ledgers, figures and probes read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Store:
    """One store of water and its balance: change = inflows - outflows.

    Parameters
    ----------
    scale : float
        Typical content [mm], used to normalise what the laws read and the consistency errors.
    inflows, outflows : tuple of str
        Fluxes of the balance [mm per step].
    """

    scale: float
    inflows: tuple[str, ...]
    outflows: tuple[str, ...]


STORES: dict[str, Store] = {
    "snow": Store(50.0, ("snowfall",), ("melt",)),
    "canopy": Store(2.0, ("rain",), ("throughfall", "canopy_evaporation")),
    "soil": Store(100.0, ("infiltration",), ("soil_evapotranspiration", "recharge", "interflow")),
    "ground": Store(50.0, ("recharge",), ("baseflow",)),
    "channel": Store(5.0, ("surface_runoff", "interflow", "baseflow"), ("streamflow",)),
}

# Bounds that keep stores from playing each other's role (science: a store used as an infinite sink
# gives a high NSE with evapotranspiration off by two thirds).
CORRECTION = 0.5  # largest logarithm of the factor on precipitation
CANOPY_CAPACITY = 4.0  # mm
DRIP_RATE = 3.0  # scale of the canopy's drainage, per day
RECHARGE_RATE = 0.3  # at most, per day
INTERFLOW_RATE = 1.0  # at most, per day
GROUND_RESIDENCE = (20.0, 400.0)  # days
CHANNEL_DAYS = 12.0  # length of the unit hydrograph


def proposed(snow: bool) -> tuple[str, ...]:
    """Stores whose trajectory the encoder proposes; the channel follows from routing alone."""
    return tuple(name for name in STORES if name != "channel" and (snow or name != "snow"))


def step_fluxes(snow: bool, correction: bool) -> tuple[str, ...]:
    """Fluxes of the stores in use, all but the channel's streamflow."""
    used = [store for name, store in STORES.items() if name in proposed(snow)]
    names = [name for store in used for name in (*store.inflows, *store.outflows)]
    corrected = ["precipitation_correction"] if correction else []
    return tuple(dict.fromkeys([*corrected, *names, "surface_runoff"]))


def ledger(snow: bool) -> dict[str, dict[str, list[str]]]:
    """Inflows and outflows of every store in use, as plain data for a simulation's attributes."""
    return {
        name: {"inflows": list(store.inflows), "outflows": list(store.outflows)}
        for name, store in STORES.items()
        if snow or name != "snow"
    }
