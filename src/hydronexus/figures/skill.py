"""Test skill of all models over the basins of a study."""

from collections.abc import Collection

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from hydronexus.figures.notice import notice
from hydronexus.figures.style import MODELS, model_look, new_figure, styled

NAMED = 20  # more basins than this are drawn as distributions, not one by one
LOWEST = -0.5  # NSE below this is drawn at the edge


@styled
def skill(metrics: pd.DataFrame, virtual: Collection[str] = ()) -> Figure:
    """NSE of the test period: one row per basin up to 20 basins, cumulative distributions above.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns basin, model, period and nse [-].
    virtual : collection of str
        Virtual basins; they are marked, and left out of medians and distributions unless there are no others.
    """
    test = metrics[(metrics["period"] == "test") & metrics["nse"].notna()]
    if test.empty:
        return notice("Test skill\nNo basin has a score in the test period.")
    nse = test.pivot(index="basin", columns="model", values="nse")
    models = [model for model in MODELS if model in nse] + sorted(set(nse) - set(MODELS))
    nse = nse[models]
    real = nse[~nse.index.isin(virtual)]
    real = nse if real.empty else real
    named = nse.rename(index=lambda basin: f"{basin} (virtual)" if basin in virtual else basin)
    return _one_by_one(named, real) if len(nse) <= NAMED else _distributions(real)


def _one_by_one(nse: pd.DataFrame, real: pd.DataFrame) -> Figure:
    nse = nse.loc[nse.mean(axis=1).sort_values().index]
    figure = new_figure(1.6 + 0.36 * (len(nse) + 2))
    axes = figure.subplots()
    rows = np.arange(len(nse))
    lowest = max(LOWEST, np.floor(10 * nse.min(axis=None)) / 10 - 0.02)
    for model, offset in zip(nse, np.linspace(0.24, -0.24, nse.shape[1]), strict=True):
        label, colour = model_look(model)
        values = nse[model].to_numpy()
        below = values < lowest
        label = f"{label} (median {real[model].median():.2f})"
        look = {"s": 42, "color": colour, "edgecolor": "white", "linewidth": 0.6, "clip_on": False}
        axes.scatter(values[~below], rows[~below] + offset, label=label, **look)
        axes.scatter(np.full(below.sum(), lowest), rows[below] + offset, marker="<", **look)
        for row in rows[below]:
            axes.annotate(
                f"{values[row]:.1f}",
                (lowest, row + offset),
                (8, 0),
                textcoords="offset points",
                va="center",
                fontsize="x-small",
                color=colour,
            )
    axes.set_yticks(rows, nse.index)
    axes.set_ylim(-0.6, len(nse) - 0.4)
    axes.set_xlim(lowest, 1)
    axes.set_xlabel("NSE in the test period [-]")
    axes.set_title(f"Test skill of every basin; medians over {len(real)} of them", loc="left")
    axes.grid(axis="both", alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _distributions(nse: pd.DataFrame) -> Figure:
    figure = new_figure(5.2)
    axes = figure.subplots()
    for model in nse:
        label, colour = model_look(model)
        values = nse[model].dropna()
        label = f"{label} (median {values.median():.2f}, {len(values)} basins)"
        sns.ecdfplot(x=values.clip(lower=LOWEST), ax=axes, color=colour, linewidth=1.8, label=label)
    axes.axhline(0.5, color="#999999", linewidth=0.8, linestyle="--")
    axes.set_xlim(LOWEST, 1)
    axes.set_xlabel(f"NSE in the test period [-]; values below {LOWEST} stand at the left edge")
    axes.set_ylabel("share of basins at or below [-]")
    axes.set_title(f"Test skill over {len(nse)} basins", loc="left")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    return figure
