"""Where conventional models fail: ranked differences, and their relation to climate."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from hydronexus.evaluation.climate import ATTRIBUTES
from hydronexus.figures.climate import MIN_BASINS, NAMED, climate


def tables(count: int, difference=lambda aridity: 0.1 * np.log(aridity)) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Metrics and attributes of basins whose difference is a function of aridity; GR4J is best in every second."""
    rng = np.random.default_rng(2)
    basins = [f"camels_us_{i:08d}" for i in range(count)]
    attributes = pd.DataFrame({name: np.exp(rng.standard_normal(count)) for name in ATTRIBUTES})
    attributes.insert(0, "basin", basins)
    rows = []
    for i, basin in enumerate(basins):
        worse, better = 0.55, 0.7
        rows += [
            {"basin": basin, "model": "nexus_closed", "nse": better + difference(attributes["aridity"][i])},
            {"basin": basin, "model": "gr4j", "nse": (worse, better)[i % 2]},
            {"basin": basin, "model": "prescribed", "nse": (better, worse)[i % 2]},
        ]
    return pd.DataFrame(rows).assign(period="test"), attributes


def words(figure) -> str:
    axes = [text for a in figure.axes for text in (*a.texts, a.title, a._left_title)]
    return " ".join(text.get_text() for text in (*figure.texts, *axes))


def panel(figure, name):
    return next(axes for axes in figure.axes if axes.get_xlabel() == ATTRIBUTES[name])


def test_every_attribute_has_a_panel_with_its_unit_and_correlation():
    figure = climate(*tables(40))
    assert "ρ = +1.00, p < 0.001, n = 40" in panel(figure, "aridity")._left_title.get_text()
    for name in ATTRIBUTES:
        assert "n = 40" in panel(figure, name)._left_title.get_text()
    assert all("[-]" in axes.get_ylabel() for axes in figure.axes if axes.axison)


def test_basins_are_ranked_by_name_without_overlap():
    figure = climate(*tables(NAMED))
    figure.draw_without_rendering()
    labels = figure.axes[0].get_xticklabels()
    assert len(labels) == NAMED
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


def test_many_basins_are_ranked_without_names():
    axes = climate(*tables(NAMED + 1)).axes[0]
    assert axes.get_xlabel() == "rank of the basin [-]"
    assert not any("camels" in label.get_text() for label in axes.get_xticklabels())


@pytest.mark.parametrize("count", [6, 40, 300])
def test_numbers_of_an_axis_do_not_overlap(count):
    metrics, attributes = tables(count)
    attributes["area_km2"] = np.geomspace(3.0, 30000.0, count)
    attributes["flow_variability"] = np.linspace(1.1, 1.9, count)
    figure = climate(metrics, attributes)
    figure.draw_without_rendering()
    for name in ATTRIBUTES:
        axes = panel(figure, name)
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
        boxes = sorted((tick.label1.get_window_extent() for tick in ticks), key=lambda box: box.x0)
        assert len(boxes) >= 2
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes)), name


def test_a_far_basin_stands_at_the_edge_with_its_number():
    metrics, attributes = tables(30, difference=lambda aridity: 0.02)
    metrics.loc[0, "nse"] = -3.0
    figure = climate(metrics, attributes)
    assert figure.axes[0].get_ylim()[0] > -0.6
    assert "-3.7" in [text.get_text() for text in figure.axes[0].texts]
    assert "29 of 30 basins, median difference +0.020" in words(figure)


def test_virtual_basins_are_left_out():
    metrics, attributes = tables(10)
    figure = climate(metrics, attributes, {"camels_us_00000003"})
    assert "of 9 basins" in words(figure)


def test_an_attribute_unknown_everywhere_leaves_an_empty_panel():
    metrics, attributes = tables(10)
    figure = climate(metrics, attributes.assign(area_km2=np.nan))
    assert panel(figure, "area_km2")._left_title.get_text() == "n = 0"


@pytest.mark.parametrize("count", [0, MIN_BASINS - 1])
def test_few_basins_get_a_notice(count):
    metrics, attributes = tables(6)
    few = attributes["basin"][:count]
    figure = climate(metrics[metrics["basin"].isin(few)], attributes)
    assert "Where conventional models fail" in words(figure)
    assert f"this study has {count}" in " ".join(words(figure).split())
