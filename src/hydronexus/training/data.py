"""From a canonical forcing dataset to tensors: standardised features, windows and scored steps."""

from dataclasses import dataclass, replace

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from hydronexus.config import Period
from hydronexus.model.bucket import Forcing

DRIVERS = (
    "precipitation", "potential_evapotranspiration", "temperature", "temperature_min", "temperature_max",
    "shortwave_radiation", "vapour_pressure", "rain_heterogeneity",
)  # fmt: skip
STRONG_RADIATION = 200.0  # W m-2, scales what the melt law reads


@dataclass(frozen=True)
class Drivers:
    """Forcing of the whole record as one tensor, and what standardises it.

    Parameters
    ----------
    names : tuple of str
        Variables, in the order of the last axis.
    values : Tensor
        Shape (time, variable).
    center, spread : Tensor
        Mean and standard deviation over the training period, after log(1 + x) of precipitation; shape (variable,)
        or, of many members, (member, 1, 1, variable).
    deviation : Tensor
        Standard deviation of the raw values over the training period, of the same shape.
    step : float
        Time step [d].
    snow : bool
        Whether temperature is there and snow is wanted.
    """

    names: tuple[str, ...]
    values: Tensor
    center: Tensor
    spread: Tensor
    deviation: Tensor
    step: float
    snow: bool

    def forcing(self, raw: Tensor) -> Forcing:
        """Tensors the model reads from raw values of shape (member or 1, window, time, variable)."""
        columns = dict(zip(self.names, raw.unbind(-1), strict=True))
        features = (torch.cat([torch.log1p(raw[..., :1]), raw[..., 1:]], -1) - self.center) / self.spread
        unlike = features[..., self.names.index("rain_heterogeneity")] if "rain_heterogeneity" in columns else None
        radiation = columns.get("shortwave_radiation")
        return Forcing(
            columns["precipitation"],
            columns["potential_evapotranspiration"],
            columns["temperature"] if self.snow else None,
            radiation / STRONG_RADIATION if self.snow and radiation is not None else None,
            unlike,
            features,
        )

    def noisy(self, cut: "Windows", noise: float, seeds: list[int], step: int) -> Tensor:
        """Windows with noise of their own for every member; a function of (seed, step), so a resumed run repeats it.

        Precipitation and potential evapotranspiration are multiplied by lognormal factors of mean one, so that dry
        days stay dry; the rest is shifted in proportion to its standard deviation.
        """
        raw = cut.raw
        draw = raw.new_zeros(len(seeds), *raw.shape[1:])
        for member, (seed, (windows, times)) in enumerate(zip(seeds, cut.sizes, strict=True)):
            generator = torch.Generator(raw.device).manual_seed(seed * 1_000_003 + step)
            shape = (windows, times, raw.shape[-1])
            draw[member, :windows, :times] = torch.randn(shape, generator=generator, device=raw.device, dtype=raw.dtype)
        draw *= noise
        amounts = raw[..., :2] * torch.exp(draw[..., :2] - noise**2 / 2)
        return torch.cat([amounts, raw[..., 2:] + draw[..., 2:] * self.deviation[..., 2:]], -1)

    def under(self, forcing: xr.Dataset) -> "Drivers":
        """The same variables and standardisation over other forcing, at its time step."""
        return replace(self, values=_values(forcing, self.names), step=float(forcing.attrs["time_step_days"]))

    def select(self, members: Tensor) -> "Drivers":
        """Some of the stacked members alone."""
        chosen = [x[members] for x in (self.center, self.spread, self.deviation)]
        return replace(self, center=chosen[0], spread=chosen[1], deviation=chosen[2])

    def to(self, kind: torch.dtype | torch.device) -> "Drivers":
        """A copy in another precision or on another device."""
        moved = [x.to(kind) for x in (self.values, self.center, self.spread, self.deviation)]
        return Drivers(self.names, *moved, self.step, self.snow)


def drivers(forcing: xr.Dataset, train: Period, snow: bool) -> Drivers:
    """Prepare the forcing of one basin; statistics come from the training period only.

    Parameters
    ----------
    forcing : xarray.Dataset
        Canonical forcing, dim time.
    train : tuple of date
        Training period.
    snow : bool
        Whether snow is wanted; it is used where temperature is there.
    """
    names = tuple(name for name in DRIVERS if name in forcing)
    values = _values(forcing, names)
    inside = torch.from_numpy(in_period(forcing, train))
    features = torch.cat([torch.log1p(values[:, :1]), values[:, 1:]], -1)[inside]
    return Drivers(
        names,
        values,
        features.mean(0),
        features.std(0).clamp_min(1e-6),
        values[inside].std(0),
        float(forcing.attrs["time_step_days"]),
        snow and "temperature" in names,
    )


def _values(forcing: xr.Dataset, names: tuple[str, ...]) -> Tensor:
    return torch.tensor(np.stack([forcing[name].values for name in names], -1), dtype=torch.float32)


def in_period(forcing: xr.Dataset, period: Period) -> np.ndarray:
    """Boolean mask of the steps of a period, both days included."""
    days = forcing["time"].values.astype("datetime64[D]")
    return (days >= np.datetime64(period[0])) & (days <= np.datetime64(period[1]))


@dataclass(frozen=True)
class Windows:
    """Equal windows that cover a period, each with a warm-up before its scored steps.

    Parameters
    ----------
    raw : Tensor
        Forcing, shape (member, window, time, variable).
    observed : Tensor
        Streamflow [mm per step], zero where not scored, shape (member, window, time).
    scored : Tensor
        True where observed, inside the period and after the warm-up; every step of the period at most once.
    sizes : list of (int, int)
        Windows and steps of every member; what lies beyond them is padding.
    """

    raw: Tensor
    observed: Tensor
    scored: Tensor
    sizes: list[tuple[int, int]]

    def inside(self) -> Tensor:
        """1 where a member's window is real, 0 in padding; shape (member, window, time)."""
        mask = torch.zeros_like(self.observed)
        for member, (windows, times) in enumerate(self.sizes):
            mask[member, :windows, :times] = 1
        return mask

    def select(self, members: Tensor) -> "Windows":
        """Some members alone."""
        chosen = (self.raw[members], self.observed[members], self.scored[members])
        return Windows(*chosen, [self.sizes[index] for index in members.tolist()])

    def to(self, device: torch.device) -> "Windows":
        """A copy on another device."""
        return Windows(self.raw.to(device), self.observed.to(device), self.scored.to(device), self.sizes)


def windows(forcing: xr.Dataset, source: Drivers, period: Period, warmup: int, length: int) -> Windows:
    """Cut a period of one basin into windows, as one member.

    Parameters
    ----------
    warmup, length : int
        Steps before the scored part, and scored steps, of each window.
    """
    inside = np.flatnonzero(in_period(forcing, period))
    first, last = inside[0], inside[-1] + 1
    total = min(warmup + length, len(source.values))
    observed = forcing["streamflow"].values.astype("float32")
    rows, flows, masks = [], [], []
    for begin in range(max(first, min(warmup, last - 1)), last, length):
        end = min(begin + length, last)
        start = max(0, end - total)
        index = np.arange(start, start + total)
        scored = (index >= begin) & (index < end) & np.isfinite(observed[index])
        rows.append(source.values[index])
        flows.append(torch.from_numpy(np.where(scored, observed[index], 0.0)))
        masks.append(torch.from_numpy(scored))
    return Windows(
        torch.stack(rows)[None], torch.stack(flows)[None], torch.stack(masks)[None], [(len(rows), int(total))]
    )


def stack_windows(parts: list[Windows]) -> Windows:
    """Windows of several members side by side; the shorter ones are padded with zeros at the end."""
    rows, times = (max(part.raw.shape[axis] for part in parts) for axis in (1, 2))

    def padded(x: Tensor) -> Tensor:
        whole = x.new_zeros(x.shape[0], rows, times, *x.shape[3:])
        whole[:, : x.shape[1], : x.shape[2]] = x
        return whole

    columns = [torch.cat([padded(getattr(part, name)) for part in parts]) for name in ("raw", "observed", "scored")]
    return Windows(*columns, [size for part in parts for size in part.sizes])


def stack_drivers(parts: list[Drivers]) -> Drivers:
    """What standardises the forcing of several members, without their records; shape (member, 1, 1, variable)."""
    columns = [torch.stack([getattr(part, name) for part in parts])[:, None, None] for name in ("center", "spread")]
    deviation = torch.stack([part.deviation for part in parts])[:, None, None]
    first = parts[0]
    return Drivers(first.names, first.values[:0], *columns, deviation, first.step, first.snow)
