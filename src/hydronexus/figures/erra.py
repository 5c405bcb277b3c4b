"""ERRA of observed and of simulated streamflow, and the model's own response, on one axis."""

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hydronexus.figures.style import COLOURS, OBSERVED, band, legend_below, new_figure, styled

ERRORS = 1.96  # standard errors of a 95 % interval
LINES = {"observed": (OBSERVED, "-"), "simulated": (COLOURS[0], "--")}


@styled
def erra(response: xr.Dataset) -> Figure:
    """Response of streamflow per mm of rain by lag, one panel per class of intensity.

    Parameters
    ----------
    response : xarray.Dataset
        Response store with `erra` and `erra_error` (series, intensity_bin, erra_lag) [d-1] and `pulse`.
    """
    own = response["pulse"].sel(flux="streamflow").weighted(response["pulse_count"]).mean("wetness_bin")
    lag, intensity = response["erra_lag"].values, response["intensity"].values
    own = own.isel(lag=slice(len(lag)))
    columns = 2
    rows = -(-len(intensity) // columns)
    figure = new_figure(1.2 + 2.7 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for i, axes in enumerate(panels[: len(intensity)]):
        for series, (colour, style) in LINES.items():
            at = response.sel(series=series).isel(intensity_bin=i)
            values, error = at["erra"].values, ERRORS * at["erra_error"].values
            axes.fill_between(lag, values - error, values + error, color=colour, alpha=0.15, linewidth=0)
            axes.plot(lag, values, color=colour, linestyle=style, linewidth=1.5)
        band(axes, lag, own.isel(intensity_bin=i), COLOURS[2], linewidth=1.8)
        axes.axhline(0, color="#999999", linewidth=0.8)
        axes.set_title(f"rain of {intensity[i]:.3g} mm/d", loc="left")
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(0, lag[-1])
        ticks = [t for t in (0, 1, 2, 5, 10, 20) if t <= lag[-1]]
        axes.set_xticks(ticks, [str(t) for t in ticks])
        axes.tick_params(axis="x", labelbottom=True)
    for axes in panels[max(0, len(intensity) - columns) : len(intensity)]:
        axes.set_xlabel("lag after the rain [d]")
    for axes in panels[len(intensity) :]:
        axes.remove()
    figure.supylabel("response of streamflow per mm of rain [1/d]")
    figure.suptitle(f"{response.attrs['basin']}: ensemble rainfall-runoff analysis (ERRA) and the model's pulses")
    names = {"observed": "ERRA of observations", "simulated": "ERRA of the simulation"}
    handles = [
        Line2D([], [], color=colour, linestyle=style, linewidth=1.5, label=names[series])
        for series, (colour, style) in LINES.items()
    ]
    handles.append(Line2D([], [], color=COLOURS[2], linewidth=1.8, label="removed rain, closed loop"))
    legend_below(figure, handles, len(handles))
    return figure
