"""Figures of a study, and notices."""

import io

import pytest

from hydronexus.evaluation.aggregate import aggregate
from hydronexus.figures.notice import notice
from hydronexus.figures.study import CAPTIONS
from hydronexus.figures.study import draw_study as draw
from tests.builders import build_basin, evaluate, evaluate_many


def draw_study(tables):
    return draw(tables, lambda basin: build_basin(basin, basin.startswith("virtual")).response)


def texts(figure):
    return " ".join(text.get_text() for text in figure.texts)


def test_up_to_twenty_basins_stand_by_name_and_virtual_ones_are_marked():
    tables = aggregate([*evaluate_many(19), evaluate("virtual_b", virtual=True, snow=False)])
    figures = draw_study(tables)
    assert set(figures) == set(CAPTIONS)
    names = [label.get_text() for label in figures["skill"].axes[0].get_yticklabels()]
    assert "demo_000" in names
    assert "virtual_b (virtual)" in names


def test_more_basins_become_distributions():
    figure = draw_study(aggregate(evaluate_many(21)))["skill"]
    assert figure.axes[0].get_ylabel().startswith("share of basins")


def test_medians_leave_virtual_basins_out():
    evaluations = evaluate_many(2, nexus_closed=0.1)
    figure = draw_study(aggregate([*evaluations, evaluate("virtual_b", virtual=True, snow=False)]))["skill"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "nexus, closed loop (median 0.80)" in labels


def test_very_bad_skill_stands_at_the_edge_with_its_number():
    axes = draw_study(aggregate(evaluate_many(3, gr4j=-9)))["skill"].axes[0]
    assert axes.get_xlim()[0] >= -0.6
    assert "-8.3" in [text.get_text() for text in axes.texts]


def test_responses_stand_by_name_and_as_numbers_where_there_are_many():
    few = draw_study(aggregate([*evaluate_many(3), evaluate("virtual_b", virtual=True, snow=False)]))["responses"]
    assert [label.get_text() for label in few.axes[0].get_yticklabels()].count("virtual_b") == 1
    processes = [label.get_text() for label in few.axes[3].get_xticklabels()]
    assert processes[0] == "interception"
    assert processes[-1] == "streamflow"
    deformation = few.axes[3].collections[0].get_array()
    assert deformation.mask[:, -1].all()  # streamflow has no law
    many = draw_study(aggregate(evaluate_many(60)))["responses"]
    assert many.axes[0].get_ylabel().startswith("60 basins")


def test_a_study_with_no_good_basin_gets_notices():
    figures = draw_study(aggregate([]))
    assert "No basin" in texts(figures["skill"])
    assert "no virtual basin" in texts(figures["recovery"])
    assert "No basin" in texts(figures["responses"])
    assert "this study has 0" in " ".join(texts(figures["climate"]).split())


@pytest.mark.parametrize("text", ["a $\\frac$ b\nreason with $ and <b> & \\alpha", "title only"])
def test_a_notice_shows_any_text_literally(text):
    figure = notice(text)
    figure.savefig(io.BytesIO())
    assert text.splitlines()[-1] in texts(figure)
