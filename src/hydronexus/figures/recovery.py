"""Recovery of the known fluxes and stores of virtual basins."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hydronexus.figures.notice import notice
from hydronexus.figures.style import COLOURS, OBSERVED, legend_below, new_figure, styled

LARGEST = 100.0  # percent; larger errors of totals are drawn at the edge
LOOPS = {"closed": "full", "open": "none"}  # marker fill
SIZES = {"closed": 6, "open": 10}  # so that one shows around the other
MARKERS = "osD^vP*X"


@styled
def recovery(table: pd.DataFrame) -> Figure:
    """Error of the total and correlation with the truth of every flux and store, in both loops.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns basin, variable, loop, total_error_percent [%] and correlation [-].
    """
    if table.empty:
        return notice("Recovery of the truth\nThis study has no virtual basin.")
    variables = list(dict.fromkeys(table["variable"]))
    basins = list(dict.fromkeys(table["basin"]))
    rows = {variable: len(variables) - 1 - i for i, variable in enumerate(variables)}
    offsets = dict(zip(basins, np.linspace(0.25, -0.25, len(basins)) if len(basins) > 1 else [0.0], strict=True))

    figure = new_figure(1.9 + 0.36 * len(variables))
    total, correlation = figure.subplots(1, 2, sharey=True)
    for i, basin in enumerate(basins):
        for loop, fill in LOOPS.items():
            part = table[(table["basin"] == basin) & (table["loop"] == loop)]
            y = part["variable"].map(rows) + offsets[basin]
            look = {
                "linestyle": "none", "marker": MARKERS[i % len(MARKERS)], "color": COLOURS[i % len(COLOURS)],
                "fillstyle": fill, "markersize": SIZES[loop], "clip_on": False,
            }  # fmt: skip
            total.plot(part["total_error_percent"].clip(-LARGEST, LARGEST), y, **look)
            correlation.plot(part["correlation"].clip(lower=0), y, **look)
    total.axvline(0, color=OBSERVED, linewidth=0.8)
    limit = min(LARGEST, 1.1 * max(1.0, float(table["total_error_percent"].abs().max(skipna=True))))
    total.set_xlim(-limit, limit)
    edge = f"\nerrors above {LARGEST:.0f} % stand at the edge" if limit == LARGEST else ""
    total.set_xlabel(f"error of the total (flux) or mean (store) [%]{edge}")
    total.set_yticks(list(rows.values()), [variable.replace("_", " ") for variable in rows])
    total.set_ylim(-0.6, len(variables) - 0.4)
    lowest = np.nan_to_num(table["correlation"].min())
    correlation.set_xlim(max(0.0, np.floor(10 * lowest) / 10 - 0.1), 1.01)
    correlation.set_xlabel("correlation with the truth [-], below 0 at 0")
    for axes in (total, correlation):
        axes.grid(alpha=0.3)
    figure.suptitle("Recovery of the truth in virtual basins, test period, ensemble mean")
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=MARKERS[i % len(MARKERS)],
            color=COLOURS[i % len(COLOURS)],
            label=basin,
        )
        for i, basin in enumerate(basins)
    ]
    handles += [
        Line2D([], [], linestyle="none", marker="o", fillstyle=fill, color="#777777", label=f"{loop} loop")
        for loop, fill in LOOPS.items()
    ]
    legend_below(figure, handles, min(len(handles), 5))
    return figure
