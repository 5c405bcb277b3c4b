"""The nexus model: a bucket with learned laws and an LSTM that proposes its stores, for many members at once."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hydronexus.model.bucket import Bucket, Contents, Forcing
from hydronexus.model.closure import Integrate, integrate
from hydronexus.model.encoder import Encoder, ScanEncoder
from hydronexus.model.routing import Routing
from hydronexus.model.stores import STORES

ENCODERS = {"lstm": Encoder, "scan": ScanEncoder}


def _before(start: Contents, ends: Contents) -> Contents:
    """Content before each step, from that before the first and that after each."""
    return {name: torch.cat([start[name][..., None], end[..., :-1]], -1) for name, end in ends.items()}


def _between(guess: Tensor, content: Tensor) -> Tensor:
    """Half-way from the last guess to what it led to, in logarithms; undamped, scans of dry soils diverge."""
    return torch.expm1((torch.log1p(guess) + torch.log1p(content)) / 2)


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

    Unlike hybrid models that march through time, the stores at which laws are evaluated come from an encoder, so all
    steps are computed at once; the balance is then closed by a loss (`residual`), by an exact affine scan (`scan`) or
    by repeated scans (`picard`). With `closed` the laws read the stores they lead to, and the encoder learns afterwards
    to propose these (:mod:`hydronexus.training.follow`); see :func:`hydronexus.model.closure.integrate`.

    Parameters
    ----------
    seeds : list of int
        One ensemble member per seed; all are evaluated together.
    features : int
        Forcing variables the encoder reads.
    step : float
        Time step [d].
    snow, radiation, heterogeneity : bool
        Whether forcing has temperature, shortwave radiation for the melt law, and how unlike rain is over the catchment
        for the infiltration law.
    closure, iterations, law_inputs, encoder, hidden_size, law_size, correction
        See the configuration's section `model`.
    integrate : callable
        How the bucket is carried through time; see :mod:`hydronexus.model.closure`.

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
        heterogeneity: bool,
        closure: str,
        iterations: int,
        law_inputs: str,
        encoder: str,
        hidden_size: int,
        law_size: int,
        correction: bool,
        integrate: Integrate = integrate,
    ):
        super().__init__()
        self.closure = closure
        self.passes = iterations if closure in ("picard", "closed") else 1
        self.reads_hidden = law_inputs == "hidden"
        self.integrate = integrate
        state_size = hidden_size if self.reads_hidden else 1
        self.bucket = Bucket(seeds, step, snow, radiation, heterogeneity, correction and snow, state_size, law_size)
        scales = torch.tensor([STORES[name].scale for name in self.bucket.store_names])
        self.encoder = ENCODERS[encoder](seeds, features, hidden_size, scales)
        self.routing = Routing(seeds, law_size, step)

    def forward(self, forcing: Forcing, passes: int | None = None) -> Simulation:
        """Simulate as in training: closed as configured, or from the encoder's proposals by some scans.

        Parameters
        ----------
        forcing : Forcing
        passes : int, optional
            Exact scans to make from the encoder's proposals in place of the configured closure; many of them converge
            to the closed loop.

        Returns
        -------
        Simulation
        """
        forcing = forcing.members(self.bucket.initial.shape[0])
        if passes is None and self.closure == "closed":
            seen = self.encoder.hidden(forcing.features) if self.reads_hidden else None
            return self._routed(*self.integrate(self.bucket, forcing, self._start(forcing), None, seen), {})
        ends, seen = self.propose(forcing)
        if passes is None and self.closure == "residual":
            return self._residual(forcing, ends, seen)
        return self.open_loop(forcing, ends, seen, passes or self.passes)

    def propose(self, forcing: Forcing) -> tuple[Contents, Tensor | None]:
        """The encoder's proposal of every store at the end of each step [mm], and the hidden state if laws read it."""
        if not self.reads_hidden:
            return dict(zip(self.bucket.store_names, self.encoder(forcing.features), strict=True)), None
        seen = self.encoder.hidden(forcing.features)
        proposals = (self.encoder.read(seen) * self.encoder.scales).movedim(-1, 0)
        return dict(zip(self.bucket.store_names, proposals, strict=True)), seen

    def open_loop(self, forcing: Forcing, ends: Contents, seen: Tensor | None, passes: int) -> Simulation:
        """Simulate by exact scans from proposals, as :meth:`propose` returns them.

        Parameters
        ----------
        forcing : Forcing
            Of as many members as the model.
        ends : dict of Tensor
            Proposed content of every store at the end of each step [mm].
        seen : Tensor or None
            What laws read in place of the stores.
        passes : int
            Scans; each reads a guess half-way between the one before and what that led to.

        Returns
        -------
        Simulation
        """
        start = self._start(forcing)
        guess = _before(start, ends)
        errors = {name: [] for name in guess}
        for count in range(passes):
            stores, fluxes = self.integrate(self.bucket, forcing, start, guess, seen)
            before = {name: content[..., :-1] for name, content in stores.items()}
            for name in guess:
                # The encoder follows the stores, not they it: pulled together, stores go dull.
                errors[name].append(guess[name] - (before[name] if count else before[name].detach()))
            guess = {name: _between(guess[name], before[name]) for name in guess}
        return self._routed(stores, fluxes, errors)

    def _start(self, forcing: Forcing) -> Contents:
        return self.bucket.initial_stores(forcing.precipitation.shape[1])

    def _residual(self, forcing: Forcing, ends: Contents, seen: Tensor | None) -> Simulation:
        """Fluxes at the proposed stores; the error is what their balance misses."""
        guess = _before(self._start(forcing), ends)

        def at_guess() -> tuple[Contents, dict[str, Tensor]]:
            _, after, fluxes = self.bucket(forcing, guess, lambda store, *_: guess[store], seen)
            return after, fluxes

        _, fluxes = at_guess()
        # The residual moves the proposals alone: laws that bend to close the balance of dull stores learn nothing.
        self.bucket.laws.requires_grad_(False)
        after, _ = at_guess()
        self.bucket.laws.requires_grad_(True)
        stores = {name: torch.cat([guess[name][..., :1], ends[name]], -1) for name in guess}
        return self._routed(stores, fluxes, {name: [ends[name] - after[name]] for name in guess})

    @torch.no_grad()
    def closed_loop(self, forcing: Forcing, start: Contents | None = None, channel: Tensor | None = None) -> Simulation:
        """Simulate with the laws alone; the encoder has no say after the initial state.

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
        forcing = forcing.members(self.bucket.initial.shape[0])
        duration = forcing.precipitation.shape[2]
        seen = self.encoder.hidden(forcing.features)[:, :, -duration:] if self.reads_hidden else None
        start = start or self._start(forcing)
        return self._routed(*self.integrate(self.bucket, forcing, start, None, seen), {}, channel)

    def _routed(self, stores: Contents, fluxes, errors, channel: Tensor | None = None) -> Simulation:
        """Route to the outlet and put everything together; `channel` holds earlier inflows still under way."""
        inflow = fluxes["surface_runoff"] + fluxes["interflow"] + fluxes["baseflow"]
        streamflow = self.routing(inflow, channel)
        held = 0.0 if channel is None else self.routing.held(channel)
        before = {name: content[..., :-1] for name, content in stores.items()}
        after = {name: content[..., 1:] for name, content in stores.items()}
        after["channel"] = held + torch.cumsum(inflow - streamflow, -1)
        return Simulation(after, before, fluxes | {"streamflow": streamflow}, errors)
