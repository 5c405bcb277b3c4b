"""Stores and their fluxes over one test year."""

import json

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hydronexus.config import Periods
from hydronexus.figures.selection import typical_year
from hydronexus.figures.style import (
    COLOURS,
    OBSERVED,
    band,
    date_axis,
    legend_below,
    new_figure,
    plain_numbers,
    styled,
)

LINEAR = 1.0  # mm/d; the flux axis is logarithmic beyond


@styled
def stores_and_fluxes(forcing: xr.Dataset, simulation: xr.Dataset, periods: Periods) -> Figure:
    """Content of every declared store beside what flows in (upwards) and out (downwards), closed loop.

    Parameters
    ----------
    forcing : xarray.Dataset
        With `true_*` [mm, mm per step] where the truth is known; it is drawn dashed.
    simulation : xarray.Dataset
        Stores [mm] and fluxes [mm per step] with dims seed, loop, time, and the attribute `ledger` that names
        them.
    periods : Periods
        Split.
    """
    year = typical_year(forcing, periods)
    closed = _daily(simulation.sel(loop="closed", time=year))
    truth = _daily(forcing.sel(time=year))
    time, step = closed["time"].values, forcing.attrs["time_step_days"]
    ledger = json.loads(simulation.attrs["ledger"])

    figure = new_figure(1.0 + 2.1 * len(ledger))
    panels = figure.subplots(len(ledger), 2, sharex=True, width_ratios=(2, 3))
    for (store, sides), (content, exchange) in zip(ledger.items(), panels, strict=True):
        band(content, time, closed[store], COLOURS[0], linewidth=1.5)
        if f"true_{store}" in truth:
            content.plot(time, truth[f"true_{store}"], color=OBSERVED, linestyle="--", linewidth=1)
        content.set_ylabel(f"{store} [mm]")
        content.set_ylim(bottom=0)
        signed = [(flux, 1) for flux in sides["inflows"]] + [(flux, -1) for flux in sides["outflows"]]
        for i, (flux, sign) in enumerate(signed):
            colour, arrow = COLOURS[i % len(COLOURS)], "in" if sign > 0 else "out"
            label = f"{arrow}: {flux.replace('_', ' ')}"
            band(exchange, time, sign * closed[flux] / step, colour, linewidth=1.2, label=label)
            if f"true_{flux}" in truth:
                exchange.plot(time, sign * truth[f"true_{flux}"] / step, color=OBSERVED, linestyle="--", linewidth=0.8)
        exchange.axhline(0, color="#999999", linewidth=0.8)
        # Rain and evaporation differ too much for one linear axis.
        exchange.set_yscale("symlog", linthresh=LINEAR)
        plain_numbers(exchange.yaxis)
        exchange.set_ylabel("[mm/d]")
        exchange.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.2)
    for axes in panels[-1]:
        axes.set_xlim(time[0], time[-1])
        date_axis(axes)
    panels[0, 0].set_title("content of the store", loc="left")
    panels[0, 1].set_title(f"inflows (up), outflows (down), logarithmic beyond {LINEAR:g} mm/d", loc="left")
    figure.align_ylabels(panels)
    figure.suptitle(f"{forcing.attrs['basin']}: stores and fluxes in the test year of median precipitation")
    members = f"nexus, closed loop: mean and range of {closed.sizes['seed']} members"
    handles = [Line2D([], [], color=COLOURS[0], linewidth=1.5, label=members)]
    if any(str(name).startswith("true_") for name in truth.data_vars):
        handles.append(Line2D([], [], color=OBSERVED, linestyle="--", linewidth=1, label="truth"))
    legend_below(figure, handles, 2)
    return figure


def _daily(data: xr.Dataset) -> xr.Dataset:
    """Daily means, because a year of hours fills its panel; steps of a day or more stay as they are."""
    steps = max(1, round(1 / float((data["time"][1] - data["time"][0]) / np.timedelta64(1, "D"))))
    return data.coarsen(time=steps, boundary="trim").mean()
