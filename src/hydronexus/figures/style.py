"""Look shared by all figures: size, fonts, colours and names of models."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

WIDTH, DPI = 10.0, 120  # inches and dots per inch: 1200 px wide
COLOURS = sns.color_palette("colorblind")
OBSERVED = "#1a1a1a"
BAND = {"alpha": 0.2, "linewidth": 0}
MODELS: dict[str, tuple[str, Any]] = {
    "nexus": ("nexus, open loop", COLOURS[9]),
    "nexus_closed": ("nexus, closed loop", COLOURS[0]),
    "lstm": ("LSTM", COLOURS[1]),
    "gr4j": ("GR4J", COLOURS[2]),
    "prescribed": ("prescribed laws", COLOURS[4]),
}


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Run a drawing function under this project's style, leaving matplotlib's own settings as they were."""

    @wraps(draw)
    def wrapper(*args: Any, **kwargs: Any) -> Figure:
        settings = sns.axes_style("ticks") | sns.plotting_context("notebook", font_scale=0.9)
        extra = {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "text.parse_math": False,
        }
        with mpl.rc_context(settings | extra):
            return draw(*args, **kwargs)

    return wrapper


def new_figure(height: float) -> Figure:
    """An empty figure 1200 px wide and `height` inches high, tied to no pyplot window."""
    return Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")


def model_look(model: str) -> tuple[str, Any]:
    """Label and colour of a model; one without a line in `MODELS` is shown under its own name in grey."""
    return MODELS.get(model, (model, "#777777"))


def rate_unit(step_days: float) -> str:
    """Unit of an amount per time step [-]: mm/d, mm/h or mm per step."""
    if np.isclose(step_days, 1):
        return "mm/d"
    return "mm/h" if np.isclose(step_days * 24, 1) else "mm per step"


def band(axes: Axes, x: np.ndarray, members: xr.DataArray, colour: Any, **line: Any) -> None:
    """Ensemble mean as a line and the range of all members as a band, from dims (seed, one other)."""
    axes.fill_between(x, members.min("seed"), members.max("seed"), color=colour, **BAND)
    axes.plot(x, members.mean("seed"), color=colour, **line)


def legend_below(figure: Figure, handles: list[Any], columns: int) -> None:
    """One legend for all panels, under them."""
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def plain_numbers(axis: Axis) -> None:
    """Ticks as 0.1, 1, 10 in place of powers of ten."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def date_axis(axes: Axes) -> None:
    """Month and year ticks without overlap."""
    locator = AutoDateLocator(minticks=5, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
