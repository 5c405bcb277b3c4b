"""Response functions of all basins and processes at a glance."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from hydronexus.figures.notice import notice
from hydronexus.figures.style import new_figure, styled

PROCESSES = (
    "interception", "infiltration", "surface_runoff", "evapotranspiration", "recharge", "interflow", "baseflow",
    "streamflow",
)  # fmt: skip
PANELS = {  # label, palette, centre of a diverging one, whether its scale is logarithmic
    "elasticity": ("elasticity to rain [-]", "vlag", 1.0, False),
    "centroid": ("mean lag of the response [d]", "mako_r", None, True),
    "nonlinearity": ("nonlinearity NL [-]", "rocket_r", None, False),
    "deformation": ("deformation of the law [-]", "rocket_r", None, False),
}
NAMED = 40  # basins that still have room for their names
GREY = "#dddddd"  # where a measure does not apply, or nothing is known


@styled
def responses(table: pd.DataFrame, order: pd.Series) -> Figure:
    """Heat maps of elasticity, memory, nonlinearity and deformation, basins by processes.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns basin, process, and the names in `PANELS`.
    order : pandas.Series
        Aridity by basin [-], which basins are sorted by; those without one come last.
    """
    if table.empty:
        return notice("Response functions\nNo basin was evaluated.")
    basins = order.reindex(table["basin"].unique()).sort_values(na_position="last").index
    processes = [process for process in PROCESSES if process in set(table["process"])]
    figure = new_figure(float(np.clip(2.6 + 0.3 * len(basins), 4.5, 12)))
    panels = figure.subplots(1, len(PANELS), sharey=True)
    named = len(basins) <= NAMED
    for axes, (measure, look) in zip(panels, PANELS.items(), strict=True):
        grid = table.pivot(index="basin", columns="process", values=measure).reindex(basins)[processes]
        # Names are taken away here, not after: seaborn draws them all to see whether they overlap, at gigabytes.
        _map(axes, grid.astype(float), grid.index.tolist() if named else False, *look)
    panels[0].set_ylabel("" if named else f"{len(basins)} basins, humid above, arid below")
    figure.suptitle("Responses of all basins, closed loop; humid above, arid below; grey: not defined")
    return figure


def _map(
    axes: Axes,
    grid: pd.DataFrame,
    names: list[str] | bool,
    label: str,
    palette: str,
    centre: float | None,
    logarithmic: bool,
) -> None:
    axes.set_facecolor(GREY)
    known = grid.to_numpy()[np.isfinite(grid.to_numpy())]
    limits = {}
    if len(known) and logarithmic:
        limits["norm"] = LogNorm(max(known.min(), 0.1), max(known.max(), 1.0))
    elif len(known):
        low, high = np.quantile(known, [0.02, 0.98])  # a few extremes do not bleach all others
        limits = {"vmin": low, "vmax": max(high, low + 1e-6)}
        if centre is not None:
            reach = max(abs(limits["vmin"] - centre), abs(limits["vmax"] - centre), 0.1)
            limits = {"vmin": centre - reach, "vmax": centre + reach}
    sns.heatmap(
        grid.clip(lower=0.1) if logarithmic else grid,
        ax=axes,
        cmap=palette,
        mask=grid.isna(),
        cbar_kws={"location": "bottom", "label": label, "aspect": 12, "pad": 0.02},
        xticklabels=[name.replace("_", " ") for name in grid.columns],
        yticklabels=names,
        **limits,
    )
    if len(known) and logarithmic:
        # Labels in plain text: those of the default are formulas, which this style shows as they are written.
        scale = axes.collections[0].colorbar.ax.xaxis
        scale.set_major_formatter(LogFormatter())
        scale.set_minor_formatter(LogFormatter())
    axes.set_xlabel("")
    axes.set_ylabel("")
    axes.tick_params(axis="x", rotation=90, length=0)
    axes.tick_params(axis="y", rotation=0, length=0)
    axes.xaxis.tick_top()
