"""The bucket: stores, learned laws, and the water's way through one time step."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from hydronexus.model.laws import Law
from hydronexus.model.stores import (
    CANOPY_CAPACITY,
    CORRECTION,
    DRIP_RATE,
    GROUND_RESIDENCE,
    INTERFLOW_RATE,
    RECHARGE_RATE,
    STORES,
    proposed,
    step_fluxes,
)

TINY = 1e-4  # mm, keeps divisions by an empty store finite

Advance = Callable[[str, Tensor, Tensor], Tensor]
"""Content of a store before each step, from its name and from a, b of S[t+1] = a[t] S[t] + b[t]."""

Contents = dict[str, Tensor]


@dataclass(frozen=True)
class Forcing:
    """Forcing of some windows for every member; shapes (member or 1, window, time).

    Parameters
    ----------
    precipitation, potential_evapotranspiration : Tensor
        [mm per step].
    temperature : Tensor or None
        [degC]; None runs without snow.
    radiation : Tensor or None
        Shortwave radiation as a share of a strong day's (200 W m-2) [-], for melt.
    heterogeneity : Tensor or None
        How unlike rain is over the catchment, standardised [-], for infiltration.
    features : Tensor or None
        What the encoder reads, standardised, shape (member or 1, window, time, feature); the bucket needs none.
    """

    precipitation: Tensor
    potential_evapotranspiration: Tensor
    temperature: Tensor | None
    radiation: Tensor | None
    heterogeneity: Tensor | None
    features: Tensor | None

    def steps(self, start: int, stop: int) -> "Forcing":
        """The same windows from one time index to another."""
        return self.map(lambda x: x[:, :, start:stop])

    def members(self, count: int) -> "Forcing":
        """The same forcing for every member, without copying."""
        return self.map(lambda x: x.expand(count, *x.shape[1:]))

    def map(self, function: Callable[[Tensor], Tensor]) -> "Forcing":
        """Apply a function to every tensor that is there."""
        present = {name: value for name, value in vars(self).items() if value is not None}
        return replace(self, **{name: function(value) for name, value in present.items()})


class Bucket(nn.Module):
    """Stores coupled by learned laws.

    Every law maps (forcing now, the store it touches) to fractions of the water or energy at hand, so fluxes are
    non-negative, never exceed what is there, and evaporation never exceeds its potential. Competing outflows of the
    soil share the exact solution of dS/dt = -(a_1 + a_2 + ...) S over the step, which makes the laws independent of
    the time step.

    Parameters
    ----------
    seeds : list of int
        One member per seed.
    step : float
        Time step [d].
    snow, radiation : bool
        Whether forcing has temperature, and shortwave radiation for the melt law.
    heterogeneity : bool
        Whether forcing says how unlike rain is over the catchment, for the infiltration law.
    correction : bool
        Whether a law of temperature corrects precipitation; needs snow.
    state_size : int
        Width of what a law reads of the past: 1, its store; or the encoder's hidden units.
    law_size : int
        Hidden units of a law.
    """

    def __init__(
        self,
        seeds: list[int],
        step: float,
        snow: bool,
        radiation: bool,
        heterogeneity: bool,
        correction: bool,
        state_size: int,
        law_size: int,
    ):
        super().__init__()
        self.step = step
        self.radiation = radiation
        self.heterogeneity = heterogeneity
        self.store_names = proposed(snow)
        self.flux_names = step_fluxes(snow, correction)
        self.initial = nn.Parameter(torch.full((len(seeds), len(self.store_names)), -1.0))

        def law(inputs: int, start: tuple[float, ...], salt: int) -> Law:
            return Law(seeds, inputs + state_size, law_size, start, salt)

        laws = {
            "interception": law(2, (-0.5, 1.0), 1),
            "infiltration": law(2 if heterogeneity else 1, (2.5,), 2),
            "evapotranspiration": law(1, (1.0,), 3),
            "drainage": law(1, (-5.0, -5.0), 4),
            "baseflow": law(1, (0.0,), 5),
        }
        if correction:
            laws["correction"] = Law(seeds, 1, law_size, (0.0,), 9)
        if snow:
            laws["snowfall"] = Law(seeds, 1, law_size, (1.0,), 6)
            laws["melt"] = law(2 if radiation else 1, (1.0, 0.0), 7)
        self.laws = nn.ModuleDict(laws)

    def initial_stores(self, windows: int) -> Contents:
        """Learned content of every store before the first step [mm], shape (member, window) each."""
        return {
            name: (functional.softplus(value) * STORES[name].scale)[:, None].expand(-1, windows)
            for name, value in zip(self.store_names, self.initial.unbind(-1), strict=True)
        }

    # ------------------------------------------------------------------ the laws, one method each

    def state(self, store: str, content: Tensor, hidden: Tensor | None) -> Tensor:
        """What a law reads of the past: the store it touches, or the encoder's hidden state."""
        return torch.log1p(content / STORES[store].scale) if hidden is None else hidden

    def correction(self, temperature: Tensor) -> Tensor:
        """Factor on measured precipitation [-], from temperature [degC]; gauges catch snow worse than rain."""
        (catch,) = self.laws["correction"](temperature / 10)
        return torch.exp(CORRECTION * (2 * torch.sigmoid(catch) - 1))

    def snow_share(self, temperature: Tensor) -> Tensor:
        """Share of precipitation that falls as snow [-], from temperature [degC]."""
        (share,) = self.laws["snowfall"](temperature / 10)
        return torch.sigmoid(share - temperature)

    def potential_melt(self, temperature: Tensor, radiation: Tensor | None, state: Tensor) -> Tensor:
        """Melt where snow does not run out [mm d-1]."""
        drivers = (temperature / 10,) if radiation is None else (temperature / 10, radiation)
        rate, offset = self.laws["melt"](*drivers, state)
        return torch.exp(rate) * functional.softplus(temperature + offset)

    def interception(self, rain: Tensor, demand: Tensor, content: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Share of the canopy's water that stays through the step, and evaporation's share of what leaves [-]."""
        drip, wet = self.laws["interception"](_intensity(rain, self.step), demand / (5 * self.step), state)
        there = content + rain + TINY
        dripping = DRIP_RATE * self.step * functional.softplus(drip)
        # A wet canopy dries at half its potential at least (Rutter 1971: at all of it when full), so that it
        # empties within days and cannot stand in for the soil.
        drying = (0.5 + 0.5 * torch.sigmoid(wet)) * demand / there
        room = torch.clamp(CANOPY_CAPACITY / there, max=1.0)  # what exceeds the capacity falls through at once
        stays = torch.exp(-dripping - drying)
        keep = room * stays
        evaporated = room * (1 - stays) * drying / (dripping + drying)
        return keep, evaporated / (1 - keep)

    def infiltration(self, water: Tensor, state: Tensor, heterogeneity: Tensor | None) -> Tensor:
        """Share of the water at the ground surface [mm per step] that enters the soil [-]."""
        unlike = () if heterogeneity is None else (heterogeneity,)
        (enter,) = self.laws["infiltration"](_intensity(water, self.step), *unlike, state)
        return torch.sigmoid(enter)

    def evapotranspiration(self, demand: Tensor, state: Tensor) -> Tensor:
        """Share of the energy left [mm per step] that the soil can use [-]."""
        (use,) = self.laws["evapotranspiration"](demand / (5 * self.step), state)
        return torch.sigmoid(use)

    def drainage(self, infiltration: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Rates of recharge and interflow per unit of soil water [d-1]."""
        down, sideways = self.laws["drainage"](_intensity(infiltration, self.step), state)
        return RECHARGE_RATE * torch.sigmoid(down), INTERFLOW_RATE * torch.sigmoid(sideways)

    def residence(self, recharge: Tensor, state: Tensor) -> Tensor:
        """Residence time of ground water [d]."""
        (slow,) = self.laws["baseflow"](_intensity(recharge, self.step), state)
        shortest, longest = GROUND_RESIDENCE
        return longest * torch.exp(math.log(shortest / longest) * torch.sigmoid(slow))

    # ------------------------------------------------------------------ the water's way through one step

    def forward(
        self, forcing: Forcing, guess: Contents, advance: Advance, hidden: Tensor | None = None
    ) -> tuple[Contents, Contents, dict[str, Tensor]]:
        """Follow the water from rain to channel, given a guess of every store before each step.

        Where the content that `advance` returns differs from the guess, evaporation could exceed its potential;
        the excess then leaves as liquid water, which keeps the balance.

        Parameters
        ----------
        forcing : Forcing
        guess : dict of Tensor
            Content before each step at which the laws are evaluated [mm].
        advance : callable
            Returns the content that the fluxes draw on, from a store's name and its affine balance.
        hidden : Tensor, optional
            What the laws read in place of the stores.

        Returns
        -------
        before, after : dict of Tensor
            Content of every store around each step [mm].
        fluxes : dict of Tensor
            [mm per step].
        """
        step = self.step
        before: Contents = {}
        after: Contents = {}
        fluxes: dict[str, Tensor] = {}
        states = {name: self.state(name, guess[name], hidden) for name in self.store_names}

        def settle(store: str, keep: Tensor, inflow: Tensor) -> Tensor:
            """Water at hand in the step: what was there and what comes in."""
            before[store] = advance(store, keep, keep * inflow)
            there = before[store] + inflow
            after[store] = keep * there
            return there

        rain = forcing.precipitation
        demand = forcing.potential_evapotranspiration
        melt = torch.zeros_like(rain)
        if "correction" in self.laws:
            corrected = rain * self.correction(forcing.temperature)
            fluxes["precipitation_correction"] = corrected - rain
            rain = corrected
        if forcing.temperature is not None:
            snowfall = rain * self.snow_share(forcing.temperature)
            rain = rain - snowfall
            potential = self.potential_melt(forcing.temperature, forcing.radiation, states["snow"])
            keep = torch.exp(-potential * step / (guess["snow"] + snowfall + TINY))
            melt = (1 - keep) * settle("snow", keep, snowfall)
            fluxes |= {"snowfall": snowfall, "melt": melt}

        keep, evaporating = self.interception(rain, demand, guess["canopy"], states["canopy"])
        leaving = (1 - keep) * settle("canopy", keep, rain)
        canopy_evaporation = torch.minimum(leaving * evaporating, demand)
        throughfall = leaving - canopy_evaporation

        surface_water = throughfall + melt
        infiltration = surface_water * self.infiltration(surface_water, states["soil"], forcing.heterogeneity)
        surface_runoff = surface_water - infiltration

        demand = demand - canopy_evaporation
        usable = self.evapotranspiration(demand, states["soil"]) * demand
        evaporating = usable / (guess["soil"] + infiltration + TINY)
        recharging, flowing = (rate * step for rate in self.drainage(infiltration, states["soil"]))
        total = evaporating + recharging + flowing
        keep = torch.exp(-total)
        leaving = (1 - keep) * settle("soil", keep, infiltration)
        soil_evapotranspiration = torch.minimum(leaving * evaporating / total, demand)
        recharge = leaving * recharging / total
        interflow = leaving - soil_evapotranspiration - recharge

        keep = torch.exp(-step / self.residence(recharge, states["ground"]))
        baseflow = (1 - keep) * settle("ground", keep, recharge)

        fluxes |= {
            "rain": rain,
            "throughfall": throughfall,
            "canopy_evaporation": canopy_evaporation,
            "infiltration": infiltration,
            "surface_runoff": surface_runoff,
            "soil_evapotranspiration": soil_evapotranspiration,
            "recharge": recharge,
            "interflow": interflow,
            "baseflow": baseflow,
        }
        return before, after, fluxes


def _intensity(water: Tensor, step: float) -> Tensor:
    """Compress a flux [mm per step] to what a law can read: log(1 + rate / 5 mm d-1)."""
    return torch.log1p(water / (5 * step))
