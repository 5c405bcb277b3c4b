"""The HTML report."""

import re
import time
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from hydronexus.config import load_study
from hydronexus.evaluation.aggregate import aggregate, notes_of
from hydronexus.evaluation.uneven_rain import COLUMNS
from hydronexus.report.software import versions
from hydronexus.report.write import write_report
from tests.builders import PERIODS, evaluate, evaluate_many

STUDY = load_study(
    {
        "study": "try_out",
        "datasets": {"demo": {"format": "example"}},
        "periods": PERIODS.model_dump(mode="json"),
    }
)
HOSTILE = "</td><script>alert('x')</script>"
FAILED = {"quarantine": {"basin": "demo_x", "stage": "ingest_basin", "error": "UnitsError", "reason": HOSTILE}}
VIRTUAL = ("virtual_b", True)
GRIDS = {"radar": {"path": "example"}, "lost": {"path": "example"}}
SUMMARY = {
    "basin": "radar_1", "grid": "radar", "cells": 383, "cell_size_km": 1.25, "area_km2": 598.4,
    "wet_threshold_mm_per_step": 0.1, "season": "all", "intensity": "all", "steps": 40,
}  # fmt: skip
STORM = {
    "basin": "radar_1",
    "grid": "radar",
    "end": "2014-11-05 18:00:00",
    "peak": 9.1,
    "cv": 0.34,
    "wet_fraction": 0.9,
}


class Page(HTMLParser):
    """Tags, attributes and balance of a page."""

    VOID = ("meta", "img", "br")

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.unbalanced = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)


def on_grid():
    """Tables of a study with gridded precipitation over one basin: rows of the whole, of a season, and four storms."""
    values = {"cv": 0.58, "conditional_cv": 0.51, "wet_fraction": 0.95, "gini": 0.31, "maximum": 7.77}
    rows = [SUMMARY | {"statistic": name, "value": value} for name, value in values.items()]
    rows.append(rows[0] | {"season": "DJF", "value": 6.66})
    storms = [STORM | {"start": f"2014-11-0{day} 04:00:00", "depth": 10.0 * day} for day in (2, 4, 1, 3)]
    return aggregate([evaluate()], [pd.DataFrame(rows)], [pd.DataFrame(storms)])


def with_grids():
    return load_study(STUDY.model_dump(mode="json") | {"precipitation_grids": GRIDS})


def report(tmp_path, evaluations, basins=None, tables=None, study=STUDY):
    tables = tables or aggregate(evaluations)
    if basins is None:
        basins = [*tables["metrics"]["basin"].unique(), *tables["quarantine"]["basin"]]
    path = tmp_path / "report.html"
    write_report(tables, study, "figures", list(basins), path, versions(), notes_of(evaluations))
    return path.read_text(encoding="utf-8")


@pytest.fixture
def page(tmp_path):
    return report(tmp_path, [evaluate(), evaluate(*VIRTUAL, snow=False), FAILED])


def test_the_page_is_balanced_html_in_the_promised_order(page):
    parsed = Page(page)
    assert parsed.unbalanced == []
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    expected = "claims quarantine skill closure probes uncertainty recovery responses basins run"
    assert ids == expected.split()


def test_drivers_of_deformation_are_told_with_proxies_named(tmp_path):
    html = report(tmp_path, evaluate_many(12))
    assert "rain day cv (proxy)" not in html  # the same climate in every basin: no correlation
    evaluations = evaluate_many(12)
    for i, evaluation in enumerate(evaluations):
        evaluation["climate"][0]["rain_day_cv"] = i
        for row in evaluation["responses"]:
            row["deformation"] = i % 5
    html = report(tmp_path, evaluations)
    assert "rain day cv (proxy)" in html
    assert "Deformation and heterogeneity over basins" in html


def test_uneven_rain_is_told_by_basin(tmp_path):
    row = dict.fromkeys(COLUMNS, 0.25) | {"basin": "demo_a", "dataset": "demo", "effect_heterogeneity": np.log(0.7)}
    html = report(tmp_path, [evaluate() | {"uneven_rain": [row]}])
    line = html.split("0.250 ± 0.250")[-1].split("</tr>")[0]
    assert "-30.0" in line
    assert "28.4" in line


def test_nothing_is_fetched_from_anywhere_but_the_figures_folder(page):
    assert not re.search(r"https?://|@import|url\(|<link|<script", page)
    for tag, attributes in Page(page).tags:
        if tag == "img":
            assert attributes["src"].startswith("figures/")


def test_text_of_users_and_errors_is_escaped(tmp_path):
    study = STUDY.model_copy(update={"study": HOSTILE})
    evaluation = evaluate() | {"notes": [HOSTILE]}
    html = report(tmp_path, [evaluation, FAILED], ["demo_a", HOSTILE], study=study)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_images_load_lazily_with_alternative_texts_and_links_that_are_safe(tmp_path):
    html = report(tmp_path, [evaluate()], ["demo_a", "odd #1"])
    images = [attributes for tag, attributes in Page(html).tags if tag == "img"]
    assert len(images) == 4 + 2 * 6
    assert all(image["loading"] == "lazy" and image["alt"] for image in images)
    assert "figures/odd%20%231/laws.png" in {image["src"] for image in images}


def test_a_quarantined_basin_shows_its_reason_in_place_of_figures(page):
    assert "1 of 3 basins quarantined" in page
    assert "figures/demo_x/" not in page
    assert page.count("&lt;script&gt;") == 2


def test_a_study_in_good_health_does_not_mention_quarantine_as_a_section(tmp_path):
    html = report(tmp_path, [evaluate()])
    assert 'id="quarantine"' not in html
    assert "1 basin; 0 quarantined." in html


def test_the_summary_speaks_in_numbers(page):
    lead = re.search(r'<p class="lead">(.*?)</p>', page, re.S).group(1)
    assert "3 basins, 1 of them virtual; 1 quarantined." in lead
    assert re.search(r"nexus closed loop 0\.\d\d, LSTM 0\.\d\d, GR4J 0\.\d\d, prescribed laws 0\.\d\d", lead)
    assert "Of 9 claims: 5 not yet tested, 4 undecided." in lead


def test_medians_of_skill_are_over_real_basins(tmp_path):
    evaluations = [*evaluate_many(3, gr4j=-0.2), evaluate(*VIRTUAL, snow=False)]
    html = report(tmp_path, evaluations)
    row = re.search(r"<td>median of real basins</td>(.*?)</tr>", html, re.S).group(1)
    cells = re.findall(r">([\d.–-]+)</td>", row)
    assert cells[0::2] == ["0.70", "0.70", "0.70", "0.50", "0.70"]


def test_how_it_was_run_is_told_in_full(page):
    assert "python 3." in page
    assert "study: try_out" in page
    assert "no temperature in the source: run without a snow store" in page
    assert "(demo_a, virtual_b)" in page


def test_nan_is_shown_as_a_dash(page):
    text = re.sub(r"<[^>]+>", " ", page)
    assert not re.search(r"\b(nan|None)\b", text.split("Configuration")[0])


def test_a_study_with_no_good_basin_has_a_report(tmp_path):
    html = report(tmp_path, [FAILED])
    assert "No basin was evaluated." in html
    assert "This study has no virtual basin." in html


def test_heterogeneity_of_precipitation_is_shown_by_grid(tmp_path):
    html = report(tmp_path, [evaluate()], tables=on_grid(), study=with_grids())
    page = Page(html)
    assert page.unbalanced == []
    section = html[html.index('<h2 id="precipitation">') : html.index('<h2 id="basins">')]
    images = [attributes["src"] for tag, attributes in Page(section).tags if tag == "img"]
    assert images == ["figures/precipitation/radar.png", "figures/precipitation/lost.png"]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr><td>.*?</tr>", section, re.S)]
    # Means of the whole period; neither flow directions nor a variogram.
    assert rows[0] == ["radar_1", "598", "383", "1.25", "0.10", "0.58", "0.51", "0.95", "0.31", "–", "–"]
    assert [row[1] for row in rows[1:]] == ["2014-11-04 04:00", "2014-11-03 04:00", "2014-11-02 04:00"]
    assert rows[1][2:] == ["2014-11-05 18:00", "40.0", "9.1", "0.34", "0.90", "–"]
    assert "depend on the size of cells" in section
    # A grid whose basins all failed has its notice alone.
    assert "<table>" not in section[section.index("<h3>lost</h3>") :]


def test_a_study_without_a_grid_does_not_mention_it(page):
    assert 'id="precipitation"' not in page
    assert "#precipitation" not in page


def test_tables_read_back_from_csv_give_the_same_page(tmp_path):
    evaluations = [evaluate(), evaluate(*VIRTUAL, snow=False), FAILED]
    direct = report(tmp_path, evaluations)
    tables = aggregate(evaluations)
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    again = {name: pd.read_csv(tmp_path / f"{name}.csv", float_precision="round_trip") for name in tables}
    assert report(tmp_path, evaluations, tables=again) == direct


def test_the_report_of_all_camels_basins_is_quick_and_folded(tmp_path):
    evaluations = evaluate_many(671)
    start = time.perf_counter()
    html = report(tmp_path, evaluations)
    assert time.perf_counter() - start < 20
    assert len(html) < 10_000_000
    assert html.count("<details open>") == 0
