"""Response functions of a few basins between humid and arid, side by side."""

import json
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hydronexus.figures.laws import curves, law_handles
from hydronexus.figures.notice import notice
from hydronexus.figures.pulse_response import ordered_colours, pulses, truth_handle
from hydronexus.figures.style import legend_below, new_figure, styled

MOST = 6  # basins
LAWS = ("infiltration", "evapotranspiration", "recharge")
NAME_WIDTH = 20  # letters in a line of a basin's name


def representative(climate: pd.DataFrame) -> pd.Series:
    """Aridity [-] of up to six basins spread evenly over the ranks of aridity, humid first.

    Parameters
    ----------
    climate : pandas.DataFrame
        Columns basin and aridity; basins without aridity are passed over where others have one.
    """
    order = climate.set_index("basin")["aridity"].sort_values(kind="stable")
    order = order.dropna() if order.notna().any() else order
    return order.iloc[np.unique(np.linspace(0, max(0, len(order) - 1), min(MOST, len(order))).round().astype(int))]


@styled
def response_functions(responses: Mapping[str, xr.Dataset], aridity: pd.Series) -> Figure:
    """Laws of infiltration, evapotranspiration and recharge, and the pulse response of streamflow; a row per basin.

    Parameters
    ----------
    responses : mapping of xarray.Dataset
        Response stores of the basins in `aridity`.
    aridity : pandas.Series
        From :func:`representative`.
    """
    if aridity.empty:
        return notice("Response functions\nNo basin was evaluated.")
    figure = new_figure(1.6 + 1.75 * len(aridity))
    rows = figure.subplots(len(aridity), len(LAWS) + 1, sharex="col", squeeze=False)
    for axes, (basin, value) in zip(rows, aridity.items(), strict=True):
        response = responses[str(basin)]
        for panel, process in zip(axes, LAWS, strict=False):
            _law(panel, response, process)
        pulses(axes[-1], response, "streamflow")
        _name(axes[0], str(basin), value)
    _label(rows, next(iter(responses.values())))
    figure.suptitle("Response functions of basins from humid to arid, mean and range of members; scales differ")
    legend_below(figure, _handles(list(responses.values())), 4)
    return figure


def _law(axes: Axes, response: xr.Dataset, process: str) -> None:
    drawn = "law" in response and curves(axes, response.sel(process=process))
    if not drawn:
        said = "never visited" if "law" in response else "no function\nof the stores"
        axes.text(0.5, 0.5, said, ha="center", va="center", transform=axes.transAxes)


def _name(axes: Axes, basin: str, aridity: float) -> None:
    name = "\n".join(textwrap.wrap(basin.replace("_", " "), NAME_WIDTH))
    axes.set_ylabel(f"{name}\naridity {aridity:.2f}" if np.isfinite(aridity) else name)


def _handles(responses: Sequence[xr.Dataset]) -> list[Line2D]:
    """Lines of the legend; what a class of rain is in mm/d differs between basins."""
    classes = max(response.sizes["intensity_bin"] for response in responses)
    names = {1: "lightest rain", classes: "heaviest rain"}
    rain = [
        Line2D([], [], color=colour, linewidth=1.8, label=names.get(i, f"rain class {i} of {classes}"))
        for i, colour in enumerate(ordered_colours(classes), 1)
    ]
    truth = [truth_handle()] if any("pulse_true" in own for own in responses) else []
    return [*law_handles(any("mixed" in own for own in responses)), *rain, *truth]


def _label(rows: np.ndarray, response: xr.Dataset) -> None:
    """What the columns show, above them, and what it is drawn against, below."""
    labels = json.loads(response["law"].attrs["axes"]) if "law" in response else {}
    for top, bottom, process in zip(rows[0], rows[-1], LAWS, strict=False):
        shown = labels.get(process, {"flux": process, "x": ""})
        top.set_title("\n".join(textwrap.wrap(shown["flux"], 26)), loc="left")
        bottom.set_xlabel("\n".join(textwrap.wrap(shown["x"], 26)))
    rows[0, -1].set_title("response of streamflow\nper mm of rain [1/d]", loc="left")
    rows[-1, -1].set_xlabel("lag after the rain [d]")
