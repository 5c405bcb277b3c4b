"""Responses of streamflow and every flux to a pulse of rain."""

import numpy as np
import seaborn as sns
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hydronexus.figures.style import OBSERVED, band, legend_below, new_figure, styled


@styled
def pulse_response(response: xr.Dataset) -> Figure:
    """What each flux would lack per mm had one day's rain not fallen, by lag and intensity of the rain.

    Parameters
    ----------
    response : xarray.Dataset
        Response store with `pulse` [d-1] (seed, flux, intensity_bin, wetness_bin, lag); bins of antecedent
        wetness are averaged by their number of pulses.
    """
    fluxes = [str(flux) for flux in response["flux"].values]
    columns = 3 if len(fluxes) > 4 else 2
    rows = -(-len(fluxes) // columns)
    figure = new_figure(1.2 + 2.5 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for flux, axes in zip(fluxes, panels, strict=False):
        pulses(axes, response, flux)
        axes.set_title(flux.replace("_", " "), loc="left")
        axes.tick_params(axis="x", labelbottom=True)
    for axes in panels[max(0, len(fluxes) - columns) : len(fluxes)]:
        axes.set_xlabel("lag after the rain [d]")
    for axes in panels[len(fluxes) :]:
        axes.remove()
    figure.supylabel("response per mm of removed rain [1/d]")
    figure.suptitle(f"{response.attrs['basin']}: pulse-removal responses, closed loop, mean and range of members")
    intensity = response["intensity"].values
    handles = [
        Line2D([], [], color=colour, linewidth=1.8, label=f"pulses of {value:.3g} mm/d")
        for colour, value in zip(ordered_colours(len(intensity)), intensity, strict=True)
        if np.isfinite(value)
    ]
    if "pulse_true" in response:
        handles.append(truth_handle())
    legend_below(figure, handles, len(handles))
    return figure


def ordered_colours(classes: int) -> list[tuple[float, float, float]]:
    """Colours from light to heavy rain."""
    # Ordered bins need an ordered palette; this one suits colour-blind readers. Its pale end is left out.
    return sns.color_palette("viridis_r", classes + 1)[1:]


def truth_handle() -> Line2D:
    """Line for a legend: the truth of a virtual basin."""
    return Line2D([], [], color=OBSERVED, linestyle=":", linewidth=1.8, label="truth")


def pulses(axes: Axes, response: xr.Dataset, flux: str) -> None:
    """Draw the response of one flux by lag, a line for each class of intensity."""
    at = response.sel(flux=flux)
    weights = response["pulse_count"]
    pulse = at["pulse"].weighted(weights).mean("wetness_bin")
    truth = at["pulse_true"].weighted(weights).mean("wetness_bin") if "pulse_true" in at else None
    lag = response["lag"].values
    for i, colour in enumerate(ordered_colours(pulse.sizes["intensity_bin"])):
        band(axes, lag, pulse.isel(intensity_bin=i), colour, linewidth=1.5)
        if truth is not None:
            axes.plot(lag, truth.isel(intensity_bin=i), color=colour, linestyle=":", linewidth=1.8)
    axes.axhline(0, color="#999999", linewidth=0.8)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(0, lag[-1])
    ticks = [t for t in (0, 1, 3, 10, 30, 100, 300) if t <= lag[-1]]
    axes.set_xticks(ticks, [str(t) for t in ticks])
