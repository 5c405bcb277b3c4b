"""Responses of streamflow and every flux to a pulse of rain."""

import numpy as np
import seaborn as sns
import xarray as xr
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
    weights = response["pulse_count"]
    pulse = response["pulse"].weighted(weights).mean("wetness_bin")
    truth = response["pulse_true"].weighted(weights).mean("wetness_bin") if "pulse_true" in response else None
    lag, intensity = response["lag"].values, response["intensity"].values
    # Ordered bins need an ordered palette; this one suits colour-blind readers. Its pale end is left out.
    colours = sns.color_palette("viridis_r", len(intensity) + 1)[1:]

    columns = 3 if len(fluxes) > 4 else 2
    rows = -(-len(fluxes) // columns)
    figure = new_figure(1.2 + 2.5 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for flux, axes in zip(fluxes, panels, strict=False):
        for i, colour in enumerate(colours):
            band(axes, lag, pulse.sel(flux=flux).isel(intensity_bin=i), colour, linewidth=1.5)
            if truth is not None:
                axes.plot(
                    lag,
                    truth.sel(flux=flux).isel(intensity_bin=i),
                    color=colour,
                    linestyle=":",
                    linewidth=1.8,
                )
        axes.axhline(0, color="#999999", linewidth=0.8)
        axes.set_title(flux.replace("_", " "), loc="left")
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(0, lag[-1])
        ticks = [t for t in (0, 1, 3, 10, 30, 100, 300) if t <= lag[-1]]
        axes.set_xticks(ticks, [str(t) for t in ticks])
        axes.tick_params(axis="x", labelbottom=True)
    for axes in panels[max(0, len(fluxes) - columns) : len(fluxes)]:
        axes.set_xlabel("lag after the rain [d]")
    for axes in panels[len(fluxes) :]:
        axes.remove()
    figure.supylabel("response per mm of removed rain [1/d]")
    figure.suptitle(f"{response.attrs['basin']}: pulse-removal responses, closed loop, mean and range of members")
    handles = [
        Line2D([], [], color=colour, linewidth=1.8, label=f"pulses of {value:.3g} mm/d")
        for colour, value in zip(colours, intensity, strict=True)
        if np.isfinite(value)
    ]
    if truth is not None:
        handles.append(Line2D([], [], color=OBSERVED, linestyle=":", linewidth=1.8, label="truth"))
    legend_below(figure, handles, len(handles))
    return figure
