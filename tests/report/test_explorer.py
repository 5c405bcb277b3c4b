"""The explorer in a real browser."""

import json
import re

import pytest

from hydronexus.report.explorer.page import write_explorer
from hydronexus.report.explorer.payload import basin_payload
from tests.builders import PERIODS, build_basin, evaluate
from tests.report.pages import opened

HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)><b>&amp;</b>"
FAILED = {"basin": "demo_x", "stage": "ingest_basin", "error": "UnitsError", "reason": HOSTILE}
READY = "main[aria-busy=false]"
PLACES = {"demo_a": (7.5, 47.0), "demo_b": (9.0, 48.5), "virtual_b": (8.0, 46.0), "odd_a": (10.0, 47.5)}


def payload(name, nse=None, lacking=(), **options):
    basin = build_basin(name, **options)
    place = dict(zip(("longitude", "latitude"), PLACES.get(name, (None, None)), strict=True))
    forcing = basin.forcing.assign_attrs({key: value for key, value in place.items() if value is not None})
    evaluation = evaluate(name, **options)
    for row in evaluation["metrics"]:
        if row["model"] == "nexus_closed" and nse is not None:
            row["nse"] = nse
    return basin_payload(forcing, basin.simulation, basin.response.drop_vars(lacking), evaluation, PERIODS)


PAYLOADS = {
    "demo_a": lambda: payload("demo_a", 0.5),
    "demo_b": lambda: payload("demo_b", 0.9),
    "demo_c": lambda: payload("demo_c", 0.7, ("law", "erra")),
    "virtual_b": lambda: payload("virtual_b", None, virtual=True, snow=False),
    f"odd {HOSTILE}": lambda: payload("odd_a", -0.2),
    "demo_x": lambda: {"quarantine": FAILED},
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "explorer.html"
    write_explorer(f"try {HOSTILE}", ((name, build()) for name, build in PAYLOADS.items()), path)
    return path


@pytest.fixture(scope="module")
def tab(chromium, path):
    with opened(chromium) as (page, wrong):
        page.goto(path.as_uri())
        page.wait_for_selector(READY)
        yield page, wrong


@pytest.fixture
def page(tab):
    """The page at its first basin, as if just opened; nothing may go wrong in it."""
    page, wrong = tab
    page.fill("#search", "")
    page.select_option("#order", "")
    visit(page, "basin=demo_a")
    yield page
    assert wrong == []


def visit(page, address):
    page.evaluate(
        "address => { document.querySelector('main').ariaBusy = 'true'; location.hash = address; show(); }", address
    )
    page.wait_for_selector(READY)


def press(page, place, key):
    page.press(place, key)
    page.wait_for_selector(READY)


def shown(page):
    return [
        option.inner_text().split("\n")[0] for option in page.query_selector_all("#basins [role=option]:not([hidden])")
    ]


def chosen(page):
    return page.inner_text("#name")


def traces(page, place):
    """Traces of every chart in a part of the page, and the titles of its axes."""
    return page.evaluate(
        """place => [...document.querySelectorAll(`${place} .js-plotly-plot`)].map((chart) => ({
          traces: chart.data.length, lines: chart.querySelectorAll(".scatterlayer .js-line").length,
          axes: [...chart.querySelectorAll(".xtitle, .ytitle, .y2title")].map((title) => title.textContent),
        }))""",
        place,
    )


def test_the_page_is_whole_and_asks_nobody(path):
    html = path.read_text()
    assert not re.search(r"<link|@import|<script[^>]+src=|<img", html.split("<body>")[0])
    assert html.count('<script id="basin-') == 5  # the quarantined basin has none
    assert "alert('x')" not in re.sub(r"<script id=\"(index|basin).*?</script>", "", html, flags=re.S).replace(
        "&#39;", ""
    )
    index = json.loads(re.search(r'<script id="index"[^>]*>(.*?)</script>', html, re.S).group(1))
    assert index["basins"][-1]["quarantine"]["reason"] == HOSTILE


def test_text_of_users_is_shown_and_not_run(page):
    assert page.inner_text("h1") == f"try {HOSTILE}"
    assert f"odd {HOSTILE}" in shown(page)
    visit(page, "basin=demo_x")
    assert chosen(page) == "demo_x"
    assert HOSTILE in page.inner_text("#failed")
    assert "Quarantined at ingest_basin (UnitsError)" in page.inner_text("#failed")
    assert page.is_hidden("#results")
    assert page.query_selector("img, script[src]") is None


def test_quarantined_basins_are_counted_and_listed_last(page):
    assert page.inner_text("#count") == "6 basins, 1 quarantined"
    assert shown(page)[-1] == "demo_x"
    assert page.inner_text("#basins li:last-child .value") == "quarantined"


def test_searching_leaves_the_basins_that_match(page):
    page.fill("#search", "DEMO_")
    assert shown(page) == ["demo_a", "demo_b", "demo_c", "demo_x"]
    assert page.inner_text("#count") == "4 of 6 basins, 1 quarantined"
    page.fill("#search", "b")
    press(page, "#search", "ArrowDown")
    assert chosen(page) == "demo_b"
    press(page, "#search", "Escape")
    assert len(shown(page)) == 6


def test_enter_in_the_search_takes_the_first_match(page):
    page.fill("#search", "virt")
    press(page, "#search", "Enter")
    assert chosen(page) == "virtual_b"


def test_basins_are_sorted_by_a_measure_both_ways(page):
    page.select_option("#order", label="NSE, nexus closed loop [-]")
    ranks = {name: shown(page).index(name) for name in shown(page)}
    assert ranks["demo_b"] < ranks["demo_c"] < ranks["demo_a"] < ranks[f"odd {HOSTILE}"] < ranks["demo_x"]
    assert page.inner_text("#option-1 .value") == "0.90"
    page.click("#direction")
    assert shown(page)[0] == f"odd {HOSTILE}"
    assert shown(page)[-1] == "demo_x"
    page.select_option("#order", label="deformation of infiltration [-]")
    assert shown(page)[-1] == "demo_x"


def test_arrow_keys_choose_and_the_slash_finds_the_search(page):
    page.focus("#basins")
    press(page, "#basins", "ArrowDown")
    assert chosen(page) == "demo_b"
    assert page.get_attribute("#basins", "aria-activedescendant") == "option-1"
    assert page.get_attribute("#option-1", "aria-selected") == "true"
    press(page, "#basins", "End")
    assert chosen(page) == "demo_x"
    press(page, "#basins", "Home")
    assert chosen(page) == "demo_a"
    press(page, "#basins", "ArrowUp")
    assert chosen(page) == "demo_a"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    assert page.input_value("#search") == ""


def test_the_hydrograph_shows_a_year_with_units_on_every_axis(page):
    (all_years,) = traces(page, "figure:has(#hydrograph)")
    assert all_years["traces"] == 5  # a band is two
    assert sorted(all_years["axes"]) == ["date", "precipitation[mm/d]", "streamflow [mm/d]"]
    assert page.evaluate("byId('hydrograph').data[0].x.length") == 731
    page.select_option("#year", "2004")
    page.wait_for_selector(READY)
    days = page.evaluate("byId('hydrograph').data[3].x")
    assert (days[0], days[-1], len(days)) == ("2004-01-01", "2004-12-31", 366)
    assert "year=2004" in page.url
    page.check("#logarithmic")
    page.wait_for_selector(READY)
    assert page.evaluate("byId('hydrograph').layout.yaxis.type") == "log"
    # The year stays when another basin is chosen.
    page.click("#option-1")
    page.wait_for_selector(READY)
    assert (chosen(page), page.input_value("#year"), page.is_checked("#logarithmic")) == ("demo_b", "2004", True)


def test_laws_stand_beside_field_scale_and_mixed_equations(page):
    panels = traces(page, "#laws")
    # Three levels of a band (two traces), its line and the field-scale equation; of two processes also the mixed one.
    assert [panel["traces"] for panel in panels] == [15, 15, 12, 12, 12, 3]
    titles = page.eval_on_selector_all("#laws figcaption", "all => all.map((one) => one.innerText)")
    assert "infiltration" in titles[1]
    assert "test equation; parameters 40" in titles[1]
    assert "soil store [mm]: low" in titles[1]
    assert panels[1]["axes"] == ["water at the surface [mm/d]", "infiltration [mm/d]"]
    assert all(re.search(r"\[.+\]$", axis) for panel in panels for axis in panel["axes"])
    key = page.inner_text("#laws .key")
    assert "mixed by rain" in key
    assert "truth" not in key
    visit(page, "basin=virtual_b")
    assert "truth" in page.inner_text("#laws .key")
    assert traces(page, "#laws")[1]["traces"] == 18


def test_tabs_show_pulses_erra_and_tables_by_click_and_by_key(page):
    page.click("#tab-pulses")
    page.wait_for_selector(READY)
    panels = traces(page, "#pulses")
    assert [panel["traces"] for panel in panels] == [12] * 8
    assert panels[0]["axes"] == ["lag after the rain [d]", "response per mm of rain [1/d]"]
    assert page.is_hidden("#laws")
    press(page, "#tab-pulses", "ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-erra"
    assert [panel["traces"] for panel in traces(page, "#erra")] == [9] * 4
    key = page.inner_text("#erra .key")
    assert all(name in key for name in ("observations", "simulation", "removed rain"))
    press(page, "#tab-erra", "End")
    assert page.get_attribute("#tab-indices", "aria-selected") == "true"
    skill, indices = (table.inner_text() for table in page.query_selector_all("#indices table"))
    assert re.search(r"nexus closed loop\s+0\.50\s", skill)
    assert all(
        word in indices for word in ("elasticity [-]", "T50 [d]", "identifiability", "test equation", "recharge")
    )
    press(page, "#tab-indices", "ArrowRight")
    assert page.get_attribute("#tab-laws", "aria-selected") == "true"


def test_markers_and_dashes_tell_lines_apart_without_colour(page):
    visit(page, "basin=demo_a&tab=erra")
    dashes = page.evaluate(
        "document.querySelector('#erra .chart').data.filter((one) => one.line.width).map((one) => one.line.dash)"
    )
    assert dashes == ["solid", "dash", "dashdot"]
    visit(page, "basin=demo_a&tab=pulses")
    symbols = page.evaluate(
        "document.querySelector('#pulses .chart').data.filter((one) => one.line.width).map((one) => one.marker.symbol)"
    )
    assert len(set(symbols)) == 4


def test_a_basin_that_is_unpacked_late_does_not_replace_the_one_chosen_after_it(page):
    page.evaluate(
        """async () => {
          const quick = unpack, late = new Promise((done) => setTimeout(done, 300));
          unpack = (position) => (position === 3 ? late : Promise.resolve()).then(() => quick(position));
          choose({ basin: "virtual_b" });
          choose({ basin: "demo_b" });
          await late;
          await new Promise((done) => setTimeout(done, 100));
          unpack = quick;
        }"""
    )
    assert chosen(page) == "demo_b"
    assert "truth" not in page.inner_text("#laws .key")


def test_what_a_basin_lacks_is_said(page):
    visit(page, "basin=demo_c&tab=erra")
    assert "too short or too dry" in page.inner_text("#erra .missing")
    assert traces(page, "#erra") == []
    page.click("#tab-laws")
    page.wait_for_selector(READY)
    assert "no function of the stores" in page.inner_text("#laws .missing")
    assert len(traces(page, "#laws")) == 1  # routing
    # And what was drawn of this basin is gone when the next one is chosen.
    page.click("#option-0")
    page.wait_for_selector(READY)
    assert page.inner_text("#laws .missing") == ""
    assert len(traces(page, "#laws")) == 6


def test_the_map_shows_places_and_a_click_chooses(page):
    assert page.evaluate("byId('map').data[0].x") == [7.5, 9.0, 8.0, 10.0]
    page.select_option("#order", label="NSE, nexus closed loop [-]")
    colours = page.evaluate("byId('map').data[0].marker.color")
    assert colours[:2] == [0.5, 0.9]
    page.locator("#map .scatterlayer .trace:first-child .point").nth(1).hover(force=True)
    page.wait_for_selector("#map .hoverlayer .hovertext")
    assert "demo_b: 0.9" in page.text_content("#map .hoverlayer")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_selector("#option-1[aria-selected=true]")
    page.wait_for_selector(READY)
    assert chosen(page) == "demo_b"
    assert page.evaluate("byId('map').data[1].x") == [9.0]


def test_a_name_that_looks_like_html_is_text_on_the_map(page):
    page.locator("#map .scatterlayer .trace:first-child .point").nth(3).hover(force=True)
    page.wait_for_selector("#map .hoverlayer .hovertext")
    assert f"odd {HOSTILE}" in page.text_content("#map .hoverlayer")


def test_a_link_opens_basin_tab_and_year(chromium, path):
    with opened(chromium) as (page, wrong):
        page.goto(f"{path.as_uri()}#basin=virtual_b&tab=pulses&year=2005&scale=log")
        page.wait_for_selector(READY)
        assert chosen(page) == "virtual_b"
        assert page.is_visible("#pulses")
        assert page.input_value("#year") == "2005"
        assert page.is_checked("#logarithmic")
        assert "virtual_b" in page.title()
        assert wrong == []


def test_an_unknown_basin_in_a_link_falls_back_to_the_first(page):
    visit(page, "basin=nowhere&tab=nothing&year=1066")
    assert chosen(page) == "demo_a"
    assert page.input_value("#year") == "all"
    assert page.is_visible("#laws")


def test_a_narrow_page_needs_no_sideways_scrolling(chromium, path):
    with opened(chromium, width=400) as (page, wrong):
        for tab in ("laws", "indices"):
            page.goto(f"{path.as_uri()}#basin=demo_a&tab={tab}")
            page.wait_for_selector(READY)
            assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert wrong == []


def test_without_places_there_is_no_map_and_without_good_basins_still_a_page(chromium, tmp_path):
    write_explorer("lost", [("demo_x", {"quarantine": FAILED})], tmp_path / "explorer.html")
    with opened(chromium) as (page, wrong):
        page.goto((tmp_path / "explorer.html").as_uri())
        page.wait_for_selector(READY)
        assert page.is_hidden("#map")
        assert HOSTILE in page.inner_text("#failed")
        assert [option.inner_text() for option in page.query_selector_all("#order option")] == ["name"]
        assert wrong == []
