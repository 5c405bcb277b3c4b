"""The nexus model: stores, learned laws and their closure, open and closed loop, for many members at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from hydronexus.model.encoder import Encoder
from hydronexus.model.laws import Law
from hydronexus.model.routing import Routing
from hydronexus.model.scan import affine_scan
from hydronexus.model.stores import (
    CANOPY_CAPACITY,
    DRIP_RATE,
    GROUND_RESIDENCE,
    INTERFLOW_RATE,
    RECHARGE_RATE,
    STORES,
    proposed,
)

TINY = 1e-4  # mm, keeps divisions by an empty store finite

Advance = Callable[[str, Tensor, Tensor], Tensor]
"""Content of a store before each step, from its name and from a, b of S[t+1] = a[t] S[t] + b[t]."""


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
    features : Tensor
        What the encoder reads, standardised, shape (member or 1, window, time, feature).
    """

    precipitation: Tensor
    potential_evapotranspiration: Tensor
    temperature: Tensor | None
    radiation: Tensor | None
    features: Tensor

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


@dataclass(frozen=True)
class Simulation:
    """What the model computes; every tensor has shape (member, window, time).

    Parameters
    ----------
    stores : dict
        Content at the end of each step [mm].
    before : dict
        Content before each step at which the fluxes were computed [mm].
    fluxes : dict
        [mm per step], streamflow included.
    errors : dict
        Per store: by how far the content at which the laws were evaluated misses the content that the fluxes
        lead to [mm], one tensor per pass. In `residual` mode this is the balance residual of each step.
    """

    stores: dict[str, Tensor]
    before: dict[str, Tensor]
    fluxes: dict[str, Tensor]
    errors: dict[str, list[Tensor]]


class Nexus(nn.Module):
    """Bucket model with learned laws, coupled to an LSTM that proposes its stores.

    Every law maps (forcing now, the store it touches) to fractions of the water or energy at hand, so fluxes are
    non-negative, never exceed what is there, and evaporation never exceeds its potential. Unlike hybrid models that
    march through time, the stores at which laws are evaluated come from an encoder, so all steps are computed at once;
    the balance is then closed by a loss (`residual`), by an exact affine scan (`scan`) or by repeated scans (`picard`).
    Competing outflows of the soil share the exact solution of dS/dt = -(a_1 + a_2 + ...) S over the step, which makes
    the laws independent of the time step.

    Parameters
    ----------
    seeds : list of int
        One ensemble member per seed; all are evaluated together.
    features : int
        Forcing variables the encoder reads.
    step : float
        Time step [d].
    snow, radiation : bool
        Whether forcing has temperature, and shortwave radiation for the melt law.
    closure, iterations, law_inputs, hidden_size, law_size
        See the configuration's section `model`.

    References
    ----------
    Liu and Hsu 2026 (EGU26-21276) for the idea; the architecture is this project's own. Parallel closure after
    Lim et al. 2024 (DEER) and Heinsen 2023 (parallel affine scans).
    """

    def __init__(
        self,
        seeds: list[int],
        features: int,
        step: float,
        snow: bool,
        radiation: bool,
        closure: str,
        iterations: int,
        law_inputs: str,
        hidden_size: int,
        law_size: int,
    ):
        super().__init__()
        self.step = step
        self.closure = closure
        self.passes = iterations if closure == "picard" else 1
        self.reads_hidden = law_inputs == "hidden"
        self.store_names = proposed(snow)
        scales = torch.tensor([STORES[name].scale for name in self.store_names])
        self.encoder = Encoder(seeds, features, hidden_size, scales)
        self.initial = nn.Parameter(torch.full((len(seeds), len(self.store_names)), -1.0))
        state = hidden_size if self.reads_hidden else 1

        def law(inputs: int, start: tuple[float, ...], salt: int) -> Law:
            return Law(seeds, inputs + state, law_size, start, salt)

        laws = {
            "interception": law(2, (-0.5, 1.0), 1),
            "infiltration": law(1, (2.5,), 2),
            "evapotranspiration": law(1, (1.0,), 3),
            "drainage": law(1, (-5.0, -5.0), 4),
            "baseflow": law(1, (0.0,), 5),
        }
        if snow:
            laws["snowfall"] = Law(seeds, 1, law_size, (1.0,), 6)
            laws["melt"] = law(2 if radiation else 1, (1.0, 0.0), 7)
        self.laws = nn.ModuleDict(laws)
        self.routing = Routing(seeds, law_size, step)

    # ------------------------------------------------------------------ the laws, one method each

    def state(self, store: str, content: Tensor, hidden: Tensor | None) -> Tensor:
        """What a law reads of the past: the store it touches, or the encoder's hidden state."""
        return hidden if self.reads_hidden else torch.log1p(content / STORES[store].scale)

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
        room = (CANOPY_CAPACITY / there).clamp(max=1.0)  # what exceeds the capacity falls through at once
        keep = room * torch.exp(-dripping - drying)
        evaporated = room * (1 - torch.exp(-dripping - drying)) * drying / (dripping + drying)
        return keep, evaporated / (1 - keep)

    def infiltration(self, water: Tensor, state: Tensor) -> Tensor:
        """Share of the water at the ground surface [mm per step] that enters the soil [-]."""
        (enter,) = self.laws["infiltration"](_intensity(water, self.step), state)
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
        return longest * (shortest / longest) ** torch.sigmoid(slow)

    # ------------------------------------------------------------------ the water's way through one step

    def _fluxes(self, forcing: Forcing, guess: dict[str, Tensor], advance: Advance, hidden: Tensor | None):
        """Follow the water from rain to channel, given a guess of every store before each step.

        Where the content that `advance` returns differs from the guess, evaporation could exceed its potential;
        the excess then leaves as liquid water, which keeps the balance.
        """
        step = self.step
        before: dict[str, Tensor] = {}
        after: dict[str, Tensor] = {}
        fluxes: dict[str, Tensor] = {}
        states = {name: self.state(name, guess[name], hidden) for name in self.store_names}

        def settle(store: str, keep: Tensor, inflow: Tensor) -> Tensor:
            """Water at hand in the step: what was there and what comes in."""
            before[store] = advance(store, keep, keep * inflow)
            after[store] = keep * (before[store] + inflow)
            return before[store] + inflow

        rain = forcing.precipitation
        demand = forcing.potential_evapotranspiration
        melt = torch.zeros_like(rain)
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
        infiltration = surface_water * self.infiltration(surface_water, states["soil"])
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

    # ------------------------------------------------------------------ open loop

    def forward(self, forcing: Forcing, passes: int | None = None) -> Simulation:
        """Simulate in open loop: the encoder proposes all stores at once and the closure mode closes the balance.

        Parameters
        ----------
        forcing : Forcing
        passes : int, optional
            Exact scans to make in place of the configured closure; many of them converge to the closed loop.

        Returns
        -------
        Simulation
        """
        forcing = forcing.members(self.initial.shape[0])
        proposals, hidden = self.encoder(forcing.features)
        start = self.initial_stores(forcing.precipitation.shape[1])
        if not self.reads_hidden:
            hidden = None
        guess = {
            name: torch.cat([start[name][..., None], proposal[..., :-1]], -1)
            for name, proposal in zip(self.store_names, proposals, strict=True)
        }
        if self.closure == "residual" and passes is None:
            before, _, fluxes = self._fluxes(forcing, guess, lambda store, keep, inflow: guess[store], hidden)
            stores = dict(zip(self.store_names, proposals, strict=True))
            # The residual moves the proposals alone: laws that bend to close the balance of dull stores learn nothing.
            self.laws.requires_grad_(False)
            _, after, _ = self._fluxes(forcing, guess, lambda store, keep, inflow: guess[store], hidden)
            self.laws.requires_grad_(True)
            errors = {name: [stores[name] - after[name]] for name in stores}
            return self._routed(stores, before, fluxes, errors)

        errors = {name: [] for name in self.store_names}
        total = passes or self.passes
        for count in range(total):
            trajectories: dict[str, Tensor] = {}

            def advance(store: str, keep: Tensor, inflow: Tensor, trajectories=trajectories) -> Tensor:
                trajectories[store] = affine_scan(keep, inflow, start[store])
                return trajectories[store][..., :-1]

            before, _, fluxes = self._fluxes(forcing, guess, advance, hidden)
            for name in self.store_names:
                # The encoder follows the stores, not they it: pulled together, stores go dull.
                target = before[name].detach() if count == 0 else before[name]
                errors[name].append(guess[name] - target)
            guess = before
        stores = {name: trajectories[name][..., 1:] for name in self.store_names}
        return self._routed(stores, before, fluxes, errors)

    def initial_stores(self, windows: int) -> dict[str, Tensor]:
        """Learned content of every store before the first step [mm], shape (member, window) each."""
        return {
            name: (functional.softplus(value) * STORES[name].scale)[:, None].expand(-1, windows)
            for name, value in zip(self.store_names, self.initial.unbind(-1), strict=True)
        }

    def _routed(self, stores, before, fluxes, errors) -> Simulation:
        inflow = fluxes["surface_runoff"] + fluxes["interflow"] + fluxes["baseflow"]
        streamflow = self.routing(inflow)
        channel = torch.cumsum(inflow - streamflow, -1)
        return Simulation(
            stores | {"channel": channel},
            before,
            fluxes | {"streamflow": streamflow},
            errors,
        )

    # ------------------------------------------------------------------ closed loop

    @torch.no_grad()
    def closed_loop(
        self, forcing: Forcing, start: dict[str, Tensor] | None = None, channel: Tensor | None = None
    ) -> Simulation:
        """Simulate step by step with the laws alone; the encoder has no say after the initial state.

        Parameters
        ----------
        forcing : Forcing
            Its features may begin earlier than the rest, for laws that read the encoder's hidden state.
        start : dict of Tensor, optional
            Content of every store before the first step, shape (member, window); learned initial content if not given.
        channel : Tensor, optional
            Inflow to the channel in the steps before the first, shape (member, window, lags - 1).

        Returns
        -------
        Simulation
        """
        forcing = forcing.members(self.initial.shape[0])
        duration = forcing.precipitation.shape[2]
        hidden = self.encoder(forcing.features)[1][:, :, -duration:] if self.reads_hidden else None
        content = {
            name: value[..., None]
            for name, value in (start or self.initial_stores(forcing.precipitation.shape[1])).items()
        }
        stores: dict[str, list[Tensor]] = {name: [] for name in self.store_names}
        steps: list[dict[str, Tensor]] = []
        befores: dict[str, list[Tensor]] = {name: [] for name in self.store_names}
        for t in range(duration):
            now = forcing.steps(t, t + 1)
            seen = None if hidden is None else hidden[:, :, t : t + 1]
            guess = content
            _, content, fluxes = self._fluxes(now, guess, lambda store, keep, inflow, g=guess: g[store], seen)
            steps.append(fluxes)
            for name in self.store_names:
                befores[name].append(guess[name])
                stores[name].append(content[name])
        joined = {name: torch.cat([s[name] for s in steps], -1) for name in steps[0]}
        after = {name: torch.cat(series, -1) for name, series in stores.items()}
        before = {name: torch.cat(series, -1) for name, series in befores.items()}
        inflow = joined["surface_runoff"] + joined["interflow"] + joined["baseflow"]
        streamflow = self.routing(inflow, channel)
        held = 0.0 if channel is None else self._held(channel)
        after["channel"] = held + torch.cumsum(inflow - streamflow, -1)
        return Simulation(after, before, joined | {"streamflow": streamflow}, {})

    def _held(self, channel: Tensor) -> Tensor:
        """Water under way in the channel [mm], shape (member, window, 1), from its last inflows."""
        still_to_come = 1 - torch.cumsum(self.routing.unit_hydrograph(), -1)[:, :-1]
        return (channel * still_to_come.flip(-1)[:, None]).sum(-1, keepdim=True)


def _intensity(water: Tensor, step: float) -> Tensor:
    """Compress a flux [mm per step] to what a law can read: log(1 + rate / 5 mm d-1)."""
    return torch.log1p(water / (5 * step))
