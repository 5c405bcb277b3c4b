"""Figures of one basin: what they show, at the promised size, without touching pyplot."""

import io
import struct
from functools import cache

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from hydronexus.figures.basin import CAPTIONS, draw_basin
from tests.builders import PERIODS, build_basin

KINDS = {
    "real": {"name": "demo_a"},
    "virtual": {"name": "virtual_b", "virtual": True, "snow": False},
    "hourly": {"name": "hourly_c", "step_days": 1 / 24, "seeds": 1},
}


@cache
def drawn(kind="real"):
    """Figures of a basin, shared by the tests that only look at them."""
    return draw(build_basin(**KINDS[kind]))


def draw(basin, **changed):
    stores = {
        name: changed.get(name, getattr(basin, name)) for name in ("forcing", "simulation", "baselines", "response")
    }
    return draw_basin(**stores, periods=PERIODS)


def png_width(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer)
    return struct.unpack(">I", buffer.getvalue()[16:20])[0]


def labels(figure):
    return [text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel()) if text]


def legend_texts(figure):
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()] + figure.legends
    return " ".join(text.get_text() for legend in legends for text in legend.get_texts())


@pytest.mark.parametrize("kind", KINDS)
def test_all_figures_are_drawn_1200_pixels_wide(kind):
    figures = drawn(kind)
    assert set(figures) == set(CAPTIONS)
    assert {png_width(figure) for figure in figures.values()} == {1200}


def test_drawing_leaves_pyplot_and_its_settings_alone():
    before = dict(mpl.rcParams)
    draw(build_basin())
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before


def test_every_axis_label_of_a_quantity_has_a_unit():
    figures = drawn()
    for name, figure in figures.items():
        missing = [label for label in labels(figure) if "[" not in label]
        assert missing == [], name


def test_an_hourly_hydrograph_has_amounts_per_hour():
    hydrograph = drawn("hourly")["hydrograph"]
    assert any("mm/h" in label for label in labels(hydrograph))


def test_the_hydrograph_gives_the_nse_of_every_model():
    text = legend_texts(drawn()["hydrograph"])
    for model in ("nexus, closed loop (NSE 0.", "LSTM (NSE 0.", "GR4J (NSE 0.", "prescribed laws (NSE 0.", "observed"):
        assert model in text


def test_rain_hangs_from_the_top():
    low, high = drawn()["hydrograph"].axes[0].get_ylim()
    assert low > high == 0


def test_the_flow_duration_curve_survives_zero_flow():
    basin = build_basin()
    forcing = basin.forcing.copy(deep=True)
    forcing["streamflow"][::3] = 0
    axes = draw(basin, forcing=forcing)["flow_duration"].axes[0]
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] > 0


@pytest.mark.parametrize(("kind", "shown"), [("virtual", True), ("real", False)])
def test_the_truth_is_drawn_where_it_is_known(kind, shown):
    figures = drawn(kind)
    for name in ("stores_and_fluxes", "laws", "pulse_response"):
        assert ("truth" in legend_texts(figures[name])) is shown, name


def test_every_declared_store_has_a_panel():
    figure = drawn()["stores_and_fluxes"]
    assert {"snow [mm]", "canopy [mm]", "soil [mm]", "ground [mm]", "channel [mm]"} <= set(labels(figure))


def test_laws_are_drawn_in_visited_cells_only():
    basin = build_basin()
    response = basin.response.copy(deep=True)
    response["law_visited"] = response["law_visited"] & (response["law_x"] < 3)
    infiltration = draw(basin, response=response)["laws"].axes[1]
    assert max(line.get_xdata().max() for line in infiltration.lines) < 3


def test_a_process_that_was_never_active_says_so():
    basin = build_basin()
    response = basin.response.copy(deep=True)
    response["law_visited"] = response["law_visited"] & (response["process"] != "recharge")
    recharge = draw(basin, response=response)["laws"].axes[3]
    assert [text.get_text() for text in recharge.texts if "visited" in text.get_text()]


def test_laws_that_read_the_hidden_state_give_a_notice():
    basin = build_basin()
    figure = draw(basin, response=basin.response.drop_dims(["process"]))["laws"]
    assert any("law_inputs: hidden" in text.get_text() for text in figure.texts)


def test_an_empty_bin_of_pulses_does_not_blank_its_intensity():
    basin = build_basin()
    response = basin.response.copy(deep=True)
    response["pulse_count"][2, 1] = 0
    response["pulse"][:, :, 2, 1] = np.nan
    streamflow = draw(basin, response=response)["pulse_response"].axes[0]
    assert all(np.isfinite(line.get_ydata()).all() for line in streamflow.lines)


def test_figures_of_a_study_without_baselines_are_drawn():
    basin = build_basin()
    text = legend_texts(draw(basin, baselines=basin.baselines.drop_vars(["lstm", "gr4j", "prescribed"]))["hydrograph"])
    assert "LSTM" not in text
