"""Learned laws of every process, with field-scale equations and the truth where it is known."""

import json
import textwrap

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hydronexus.figures.style import COLOURS, OBSERVED, band, legend_below, new_figure, styled

LEVELS = {"low": (0.1, COLOURS[1]), "median": (0.5, COLOURS[2]), "high": (0.9, COLOURS[0])}
LEGEND_SHARE = 0.25  # height added above the lines for the legend
EQUATION_WIDTH = 46  # letters in a line of a field-scale equation
LEAST_CELLS = 3  # visited cells that make a line worth drawing


@styled
def laws(response: xr.Dataset) -> Figure:
    """Flux against its drive at a low, a median and a high state of its store, and the routing.

    Parameters
    ----------
    response : xarray.Dataset
        Response store with `law` [mm d-1] (process, seed, x, y); only cells the basin has visited are drawn.
    """
    axes_labels = json.loads(response["law"].attrs["axes"])
    processes = [str(process) for process in response["process"].values]
    columns = 3
    figure = new_figure(1.0 + 3.1 * -(-(len(processes) + 1) // columns))
    panels = figure.subplots(-(-(len(processes) + 1) // columns), columns, squeeze=False).ravel()
    for process, axes in zip(processes, panels, strict=False):
        _law(axes, response.sel(process=process), axes_labels[process])
    _routing(panels[len(processes)], response)
    # Titles stand above the equation, which takes one line or two.
    room = max(len(_lines(text)) for text in response["field_equation"].values)
    for title, axes in zip([*processes, "routing"], panels, strict=False):
        axes.set_title(title, loc="left", pad=6 + 11 * room)
    for axes in panels[len(processes) + 1 :]:
        axes.remove()
    figure.suptitle(f"{response.attrs['basin']}: learned laws where the basin has been")
    handles = law_handles("mixed" in response)
    if "law_true" in response:
        handles.append(Line2D([], [], color=OBSERVED, linestyle=":", linewidth=1.8, label="truth"))
    legend_below(figure, handles, len(handles))
    return figure


def store_levels(visited: np.ndarray) -> dict[str, int]:
    """Rows of a law's grid at a low, a median and a high store.

    Parameters
    ----------
    visited : numpy.ndarray
        Whether the basin has been at each cell, shape (x, y).

    Returns
    -------
    dict of int
        Index along y by level: quantiles of the visited cells, so of the states between which the basin moves most;
        empty where no row has enough of them.
    """
    cells = visited.sum(0)
    usable = np.flatnonzero(cells >= LEAST_CELLS)
    share = np.cumsum(cells[usable]) / max(1, cells[usable].sum())
    return {level: int(usable[np.argmax(share >= quantile)]) for level, (quantile, _) in LEVELS.items() if len(usable)}


def curves(axes: Axes, law: xr.Dataset) -> bool:
    """Draw one law at every level of its store beside its equations and the truth; False if it was never visited."""
    visited = law["law_visited"].transpose("x", "y").values.astype(bool)
    levels = store_levels(visited)
    for level, row in levels.items():
        colour = LEVELS[level][1]
        at = law.isel(y=row, x=np.flatnonzero(visited[:, row]))
        x = at["law_x"].values
        band(axes, x, at["law"], colour, linewidth=1.8, label=f"{float(at['law_y']):.3g}")
        axes.plot(x, at["field"], color=colour, linestyle="--", linewidth=1.2)
        if "mixed" in at and np.isfinite(at["mixed"]).any():
            axes.plot(x, at["mixed"], color=colour, linestyle="-.", linewidth=1.2)
        if "law_true" in at:
            axes.plot(x, at["law_true"], color=colour, linestyle=":", linewidth=1.8)
    return bool(levels)


def law_handles(mixed: bool) -> list[Line2D]:
    """Lines for a legend: levels of the store, and the field-scale equation, by itself and `mixed` by rain."""
    levels = [Line2D([], [], color=c, linewidth=1.8, label=f"{level} store") for level, (_, c) in LEVELS.items()]
    equations = {"field-scale equation": "--"} | ({"mixed by rain": "-."} if mixed else {})
    black = {"color": OBSERVED, "linewidth": 1.2}
    return levels + [Line2D([], [], linestyle=style, label=label, **black) for label, style in equations.items()]


def _law(axes: Axes, law: xr.Dataset, labels: dict[str, str]) -> None:
    if curves(axes, law):
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + LEGEND_SHARE * (high - low))
        legend = {"handlelength": 1, "columnspacing": 1, "borderaxespad": 0, "fontsize": "small"}
        axes.legend(
            title=labels["y"],
            loc="upper left",
            ncols=len(LEVELS),
            alignment="left",
            title_fontsize="small",
            **legend,
        )
    else:
        axes.text(0.5, 0.5, "never visited", ha="center", va="center", transform=axes.transAxes)
    axes.set_xlabel("\n".join(textwrap.wrap(labels["x"], 32)))
    axes.set_ylabel("\n".join(textwrap.wrap(labels["flux"], 26)))
    equation = "\n".join(_lines(law["field_equation"].item()))
    axes.text(0, 1.02, equation, transform=axes.transAxes, fontsize="x-small", color="#555555", va="bottom")


def _routing(axes: Axes, response: xr.Dataset) -> None:
    lag = response["routing_lag"].values
    band(axes, lag, response["routing"], OBSERVED, linewidth=1.8, marker="o", markersize=4)
    if "routing_equation" in response:
        equation = "\n".join(_lines(response["routing_equation"].item()))
        axes.text(0, 1.02, equation, transform=axes.transAxes, fontsize="x-small", color="#555555", va="bottom")
    axes.set_xlabel("lag [d]")
    axes.set_ylabel("unit hydrograph [-]")
    axes.set_ylim(bottom=0)


def _lines(equation: str) -> list[str]:
    return textwrap.wrap(str(equation), EQUATION_WIDTH)
