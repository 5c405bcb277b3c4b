"""Response functions of a few basins side by side."""

import io

import numpy as np
import pandas as pd
import pytest

from hydronexus.figures.response_functions import representative, response_functions
from tests.builders import build_basin


def climate(*aridity):
    return pd.DataFrame({"basin": [f"b{i}" for i in range(len(aridity))], "aridity": aridity})


def test_six_basins_are_spread_over_the_ranks_of_aridity():
    chosen = representative(climate(*np.random.default_rng(0).permutation(np.arange(11) ** 3.0)))
    assert list(chosen) == [0, 8, 64, 216, 512, 1000]


@pytest.mark.parametrize(
    ("aridity", "expected"),
    [((2.0, 1.0), ["b1", "b0"]), ((1.0, np.nan), ["b0"]), ((np.nan, np.nan), ["b0", "b1"]), ((), [])],
)
def test_few_basins_are_all_shown_and_unknown_aridity_only_where_there_is_no_other(aridity, expected):
    assert list(representative(climate(*aridity)).index) == expected


def test_a_row_for_each_basin_with_units_on_every_axis():
    responses = {"demo_a": build_basin().response, "virtual_b": build_basin("virtual_b", True, snow=False).response}
    figure = response_functions(responses, pd.Series({"demo_a": 0.5, "virtual_b": np.nan}))
    figure.savefig(io.BytesIO())
    axes = np.array(figure.axes).reshape(2, 4)
    assert axes[0, 0].get_ylabel() == "demo a\naridity 0.50"
    assert axes[1, 0].get_ylabel() == "virtual b"
    assert [panel.get_title(loc="left").replace("\n", " ") for panel in axes[0]] == [
        "infiltration [mm/d]", "soil evapotranspiration [mm/d]", "recharge [mm/d]",
        "response of streamflow per mm of rain [1/d]",
    ]  # fmt: skip
    assert all(panel.get_xlabel().endswith("d]") for panel in axes[1])
    # Three levels of a learned law, the field-scale and the mixed equation, and in virtual basins the truth.
    assert [len(panel.lines) for panel in axes[0]] == [9, 6, 6, 5]
    assert [len(panel.lines) for panel in axes[1]] == [12, 9, 9, 9]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[3:] == [
        "field-scale equation", "mixed by rain", "lightest rain", "rain class 2 of 4", "rain class 3 of 4",
        "heaviest rain", "truth",
    ]  # fmt: skip


def test_laws_of_a_hidden_state_are_said_to_be_none():
    response = build_basin().response.drop_vars("law")
    figure = response_functions({"demo_a": response}, pd.Series({"demo_a": 0.5}))
    assert [text.get_text() for text in figure.axes[0].texts] == ["no function\nof the stores"]
    assert len(figure.axes[3].lines) == 5
