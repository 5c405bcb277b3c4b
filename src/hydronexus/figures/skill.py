"""Test skill of all models over the basins of a study."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from hydronexus.figures.notice import notice
from hydronexus.figures.style import MODELS, model_look, new_figure, styled

NAMED = 20  # more basins than this are drawn as distributions, not one by one
LOWEST = -0.5  # NSE below this is drawn at the edge


@styled
def skill(metrics: pd.DataFrame) -> Figure:
    """NSE of the test period: one row per basin up to 20 basins, cumulative distributions above.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns basin, model, period and nse [-].
    """
    test = metrics[(metrics["period"] == "test") & metrics["nse"].notna()]
    if test.empty:
        return notice("Test skill", "No basin has a score in the test period.")
    nse = test.pivot(index="basin", columns="model", values="nse")
    models = [model for model in MODELS if model in nse] + sorted(set(nse) - set(MODELS))
    return _one_by_one(nse, models) if len(nse) <= NAMED else _distributions(nse, models)


def _one_by_one(nse: pd.DataFrame, models: list[str]) -> Figure:
    nse = nse.loc[nse[models].mean(axis=1).sort_values().index]
    figure = new_figure(1.6 + 0.36 * (len(nse) + 2))
    axes = figure.subplots()
    rows = np.arange(len(nse))
    lowest = max(LOWEST, np.floor(10 * nse.to_numpy()[np.isfinite(nse)].min()) / 10 - 0.02)
    offsets = np.linspace(0.24, -0.24, len(models)) if len(models) > 1 else [0.0]
    for model, offset in zip(models, offsets, strict=True):
        label, colour = model_look(model)
        values = nse[model].to_numpy()
        below = values < lowest
        label = f"{label} (median {np.nanmedian(values):.2f})"
        axes.scatter(
            values[~below],
            rows[~below] + offset,
            s=42,
            color=colour,
            edgecolor="white",
            linewidth=0.6,
            label=label,
        )
        axes.scatter(
            np.full(below.sum(), lowest), rows[below] + offset, s=42, marker="<", color=colour, clip_on=False
        )
        for row in rows[below]:
            axes.annotate(f"{values[row]:.1f}", (lowest, row + offset), (8, 0), textcoords="offset points",
                          va="center", fontsize="x-small", color=colour)  # fmt: skip
    axes.set_yticks(rows, nse.index)
    axes.set_ylim(-0.6, len(nse) - 0.4)
    axes.set_xlim(lowest, 1)
    axes.set_xlabel("NSE in the test period [-]")
    axes.set_title("Test skill of every basin", loc="left")
    axes.grid(axis="both", alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _distributions(nse: pd.DataFrame, models: list[str]) -> Figure:
    figure = new_figure(5.2)
    axes = figure.subplots()
    for model in models:
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
