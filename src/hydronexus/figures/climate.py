"""Where the nexus model simulates streamflow better than the best conventional model, and what that goes with."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from hydronexus.evaluation.climate import ATTRIBUTES, advantage, associations
from hydronexus.figures.notice import notice
from hydronexus.figures.style import OBSERVED, model_look, new_figure, plain_numbers, styled

CONVENTIONAL = {"gr4j": "o", "prescribed": "s"}  # marker of each
MIN_BASINS = 5
NAMED = 50  # more basins than this are ranked without names
LARGEST = 0.5  # NSE; larger differences are drawn at the edge, and the outermost twentieth if it lies far out
LOGARITHMIC = ("aridity", "flow_variability", "area_km2")
NOTE = """Above 0 the nexus model is better.
ρ: Spearman's rank correlation over
the n real basins of a panel; p: two-
sided, adjusted for the panels' false
discovery rate."""


@styled
def climate(metrics: pd.DataFrame, attributes: pd.DataFrame, virtual: Collection[str] = ()) -> Figure:
    """Test NSE of the closed loop minus that of the best conventional model: ranked, and against attributes.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns basin, model, period and nse [-].
    attributes : pandas.DataFrame
        Columns basin and those of :data:`hydronexus.evaluation.climate.ATTRIBUTES`.
    virtual : collection of str
        Virtual basins, which are left out.
    """
    ranked = advantage(metrics, "nexus_closed", tuple(CONVENTIONAL))
    ranked = ranked[~ranked.index.isin(virtual)]
    if len(ranked) < MIN_BASINS:
        return notice(
            "Where conventional models fail\n"
            f"Drawn from {MIN_BASINS} real basins on that have a test score of both the nexus model and a conventional "
            f"one; this study has {len(ranked)}."
        )
    attributes = attributes.set_index("basin").reindex(index=ranked.index, columns=list(ATTRIBUTES))
    found = associations(ranked["difference"], attributes)
    limit = min(LARGEST, 1.25 * float(ranked["difference"].abs().quantile(0.95)) + 0.01)

    figure = new_figure(9.5)
    grid = figure.add_gridspec(3, 3, height_ratios=(1.2, 1, 1))
    _rank(figure.add_subplot(grid[0, :]), ranked, limit)
    for i, name in enumerate(ATTRIBUTES):
        axes = figure.add_subplot(grid[1 + i // 3, i % 3])
        _relate(axes, ranked, attributes[name], found.loc[name], limit)
    _explain(figure.add_subplot(grid[2, 2]), ranked, limit)
    return figure


def _points(axes: Axes, x: pd.Series, ranked: pd.DataFrame, limit: float) -> None:
    """One marker per basin by the conventional model it is compared with, a triangle beyond the limits."""
    difference = ranked["difference"]
    look = {
        "s": 26 if len(ranked) <= 2 * NAMED else 12,
        "linewidth": 0.5,
        "edgecolor": "white",
        "clip_on": False,
        "zorder": 3,
    }
    for rival, marker in CONVENTIONAL.items():
        colour = model_look(rival)[1]
        for beyond, shape in ((difference > limit, "^"), (difference < -limit, "v"), (None, marker)):
            inside = difference.abs() <= limit if beyond is None else beyond
            chosen = inside & (ranked["rival"] == rival)
            axes.scatter(x[chosen], difference[chosen].clip(-limit, limit), marker=shape, color=colour, **look)
    axes.axhline(0, color=OBSERVED, linewidth=0.8)
    axes.set_ylim(-limit, limit)
    axes.grid(alpha=0.3)


def _rank(axes: Axes, ranked: pd.DataFrame, limit: float) -> None:
    rank = pd.Series(np.arange(1, len(ranked) + 1), ranked.index)
    _points(axes, rank, ranked, limit)
    axes.vlines(rank, 0, ranked["difference"].clip(-limit, limit), color="#999999", linewidth=0.8)
    axes.set_xlim(0.3, len(ranked) + 0.7)
    axes.set_ylabel("nexus, closed loop, minus best\nconventional model: test NSE [-]")
    if len(ranked) <= NAMED:
        axes.set_xticks(rank, ranked.index, rotation=90, fontsize="x-small" if len(ranked) > 25 else "small")
        for basin, value in ranked["difference"][ranked["difference"].abs() > limit].items():
            side = 1 if value > 0 else -1
            axes.annotate(
                f"{value:+.1f}", (rank[basin], side * limit), (-6 * side, -7 * side), textcoords="offset points",
                ha="right" if value > 0 else "left", va="center", fontsize="x-small",
            )  # fmt: skip
    else:
        axes.set_xlabel("rank of the basin [-]")
    better = int((ranked["difference"] > 0).sum())
    title = f"Better than the best conventional model in {better} of {len(ranked)} basins"
    axes.set_title(f"{title}, median difference {ranked['difference'].median():+.3f}", loc="left")


def _relate(axes: Axes, ranked: pd.DataFrame, attribute: pd.Series, found: pd.Series, limit: float) -> None:
    _points(axes, attribute, ranked, limit)
    if attribute.name in LOGARITHMIC and attribute.min() > 0:
        _log_axis(axes, float(attribute.min()), float(attribute.max()))
    axes.set_xlabel(ATTRIBUTES[str(attribute.name)])
    axes.set_ylabel("difference in NSE [-]")
    known = f"n = {found['n']:.0f}"
    p = "p < 0.001" if found["p_adjusted"] < 0.001 else f"p = {found['p_adjusted']:.3f}"
    title = f"ρ = {found['rho']:+.2f}, {p}, {known}" if np.isfinite(found["rho"]) else known
    axes.set_title(title, loc="left", fontsize="medium", pad=9)


def _log_axis(axes: Axes, lowest: float, highest: float) -> None:
    """Logarithmic x axis with plain numbers that do not run into each other."""
    axes.set_xscale("log")
    axes.set_xlim(lowest / 1.3, highest * 1.3)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if highest < 30 * lowest else (1,)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    plain_numbers(axes.xaxis)


def _explain(axes: Axes, ranked: pd.DataFrame, limit: float) -> None:
    """What markers, ρ and p are, in a panel's place."""
    axes.axis("off")
    markers = {
        f"against {model_look(rival)[0]}": (marker, model_look(rival)[1]) for rival, marker in CONVENTIONAL.items()
    }
    if (ranked["difference"].abs() > limit).any():
        markers[f"beyond ±{limit:.2f}, at the edge"] = ("^", "#777777")
    handles = [
        Line2D([], [], linestyle="none", marker=marker, color=colour, label=label)
        for label, (marker, colour) in markers.items()
    ]
    axes.legend(handles=handles, loc="upper left", borderaxespad=0, handletextpad=0.3)
    axes.text(0, 0.5, NOTE, va="top", fontsize="small", transform=axes.transAxes)
