"""The figure of a storm: what it shows of fields, statistics and streamflow."""

import io
import struct

import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgba

from hydronexus.figures.storm import storm

TIMES = pd.date_range("2014-11-03", periods=48, freq="h")
EVENT = pd.Series({"start": TIMES[10], "end": TIMES[30], "depth": 66.4})
OUTLINE = shapely.box(2, 3, 6, 8)
NORTHWARD = range(10)


def statistics(step=1 / 24, place=True):
    rng = np.random.default_rng(0)
    names = ["mean", "maximum", "cv", "wet_fraction"] + ["delta1"] * place
    data = {name: ("time", rng.random(len(TIMES)).astype("f4")) for name in names}
    attrs = {"basin": "grid_a", "time_step_days": step, "wet_threshold_mm_per_step": 0.5}
    return xr.Dataset(data, {"time": pd.date_range(TIMES[0], periods=48, freq=pd.Timedelta(days=step))}, attrs)


def fields(values=None, units=("km", "km"), north=NORTHWARD):
    values = np.random.default_rng(1).gamma(1, 3, (6, 10, 8)) if values is None else values
    axes = {"y": np.array(north, float), "x": np.arange(8.0)}
    array = xr.DataArray(values, {"time": TIMES[10:28:3]} | axes, ("time", "y", "x"))
    array["x"].attrs = {"long_name": "easting", "units": units[0]}
    array["y"].attrs = {"long_name": "northing", "units": units[1]}
    return array


def streamflow(freq="h", units="m3 s-1", **attrs):
    times = pd.date_range("2014-11-01", "2014-11-09", freq=freq)
    return xr.DataArray(np.arange(float(len(times))), {"time": times}, "time", attrs={"units": units} | attrs)


def maps(figure):
    return [axes for axes in figure.axes if axes.collections and isinstance(axes.collections[0], QuadMesh)][:6]


def labels(figure):
    return [label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel()) if label]


def colours(axes):
    mesh = axes.collections[0]
    return mesh.to_rgba(mesh.get_array())


def test_maps_share_their_colours_and_show_dry_and_missing_cells_apart():
    values = np.full((6, 10, 8), 3.0)
    values[0], values[5, 0, 0] = 0.4, 12
    values[1, 0, 0] = np.nan
    figure = storm(EVENT, statistics(), fields(values), OUTLINE)
    shown = maps(figure)
    assert len(shown) == 6
    assert {axes.collections[0].get_clim() for axes in shown} == {(0.5, 12.0)}
    assert (colours(shown[0]) == to_rgba("white")).all()
    assert colours(shown[1])[0, 0, 3] == 0  # see-through, on the grey of the panel
    assert shown[1].get_facecolor()[:3] == pytest.approx(to_rgba("#bdbdbd")[:3])
    assert not (colours(shown[2]) == to_rgba("white")).all()


@pytest.mark.parametrize("north", [NORTHWARD, NORTHWARD[::-1]])
def test_north_is_up_and_the_basin_is_outlined(north):
    axes = maps(storm(EVENT, statistics(), fields(north=north), OUTLINE))[0]
    low, high = axes.get_ylim()
    assert low < high
    (line,) = axes.lines
    assert (line.get_xdata().min(), line.get_xdata().max()) == (2, 6)
    assert (line.get_ydata().min(), line.get_ydata().max()) == (3, 8)
    assert axes.get_aspect() == 1


def test_a_basin_of_two_parts_has_two_outlines():
    two = shapely.union(OUTLINE, shapely.box(7, 8, 8, 9))
    assert len(maps(storm(EVENT, statistics(), fields(), two))[0].lines) == 2


def test_on_latitude_and_longitude_a_degree_east_is_shorter():
    shown = fields(units=("degrees_east", "degrees_north"), north=range(55, 65))
    figure = storm(EVENT, statistics(), shown, OUTLINE)
    axes = maps(figure)[0]
    assert axes.get_aspect() == pytest.approx(1 / np.cos(np.radians(59.5)))
    assert "[°E]" in axes.get_xlabel()
    assert "[°N]" in axes.get_ylabel()


def test_every_quantity_has_its_unit_and_the_steps_of_maps_are_marked():
    figure = storm(EVENT, statistics(), fields(), OUTLINE, streamflow())
    assert [label for label in labels(figure) if "[" not in label] == []
    assert "streamflow\n[m3 s-1]" in labels(figure)
    assert "precipitation\n[mm/h]" in labels(figure)
    titles = [axes.get_title() for axes in maps(figure)]
    assert titles[:2] == ["a  11-03 10:00", "b  11-03 13:00"]
    rain = next(axes for axes in figure.axes if [text.get_text() for text in axes.texts] == list("abcdef"))
    assert pd.Timestamp(rain.texts[1].xy[0]) == TIMES[13]
    assert "66 mm from 2014-11-03 10:00 to 2014-11-04 06:00" in figure.get_suptitle()


def test_daily_streamflow_in_depth_and_daily_rain_are_rates():
    flow = streamflow("D", "mm", time_step_days=1.0)
    assert "streamflow\n[mm/d]" in labels(storm(EVENT, statistics(), fields(), OUTLINE, flow))
    figure = storm(EVENT, statistics(step=1.0), fields(), OUTLINE)
    assert "precipitation\n[mm/d]" in labels(figure)
    assert maps(figure)[0].get_title() == "a  11-03"
    assert "from 2014-11-03 to 2014-11-04" in figure.get_suptitle()


@pytest.mark.parametrize(
    ("place", "flow", "panels"),
    [
        (True, streamflow(), 4),
        (False, streamflow(), 3),
        (False, None, 2),
        (True, streamflow().assign_coords(time=streamflow().time + np.timedelta64(999, "D")), 3),
        (True, streamflow() * np.nan, 3),
    ],
)
def test_panels_without_anything_to_show_are_left_out(place, flow, panels):
    figure = storm(EVENT, statistics(place=place), fields(), OUTLINE, flow)
    assert len(figure.axes) == 6 + 1 + panels  # maps and their bar
    buffer = io.BytesIO()
    figure.savefig(buffer)
    assert struct.unpack(">I", buffer.getvalue()[16:20])[0] == 1200


def test_variation_in_drizzle_does_not_flatten_the_rest():
    found = statistics()
    found["mean"][5], found["cv"][5] = 1e-4, 40
    figure = storm(EVENT, found, fields(), OUTLINE)
    axes = next(axes for axes in figure.axes if axes.get_ylabel().startswith("unevenness"))
    assert axes.get_ylim()[1] < 1.2


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_fields_without_rain_or_without_values_are_drawn(value):
    figure = storm(EVENT, statistics(), fields(np.full((6, 10, 8), value)), OUTLINE)
    figure.savefig(io.BytesIO())
