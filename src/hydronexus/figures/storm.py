"""A storm over a basin: fields of precipitation, their statistics, and the gauge's response."""

from string import ascii_lowercase

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from hydronexus.figures.style import COLOURS, OBSERVED, date_axis, new_figure, rate_unit, styled

CAPTION = (
    "The deepest storm over any of the grid's basins: precipitation at six of its steps with the outline of the "
    "basin's cells; areal mean and largest cell; coefficient of variation (CV, which runs off its panel in drizzle) "
    "and wet fraction; place of the rain along the flow path (δ1) and streamflow, where they are known"
)
OUTLINE, MISSING = COLOURS[3], "#bdbdbd"
UNITS = {"degrees_east": "°E", "degrees_north": "°N"}
BESIDE = {"loc": "upper left", "bbox_to_anchor": (1, 1), "handlelength": 1.2}
DRIZZLE = 0.05  # of the largest areal mean; below it the coefficient of variation may run off its panel


@styled
def storm(
    event: pd.Series,
    statistics: xr.Dataset,
    fields: xr.DataArray,
    outline: shapely.Geometry,
    streamflow: xr.DataArray | None = None,
) -> Figure:
    """Maps of precipitation through a storm, above series of its statistics and of streamflow.

    Parameters
    ----------
    event : pandas.Series
        ``start`` and ``end``, and ``depth`` [mm].
    statistics : xarray.Dataset
        Of the basin around the storm, dim time: ``mean`` and ``maximum`` [mm per step], ``cv``, ``wet_fraction`` and,
        where known, ``delta1`` [-]; attributes basin, time_step_days and wet_threshold_mm_per_step.
    fields : xarray.DataArray
        Precipitation, shape (time, y, x) [mm per step]; x and y with ``long_name`` and ``units``. NaN is missing.
    outline : shapely.Geometry
        Of the basin, in the coordinates of the fields.
    streamflow : xarray.DataArray, optional
        Observed, dim time, with ``units``, and ``time_step_days`` if these are mm per step. Left out where it has no
        value on the steps of the statistics.
    """
    time = statistics["time"].to_numpy()
    panels = [_rain, _unevenness]
    if "delta1" in statistics:
        panels.append(_place)
    if streamflow is not None:
        streamflow = streamflow.sel(time=slice(time[0], time[-1]))
    gauged = streamflow is not None and bool(streamflow.notnull().any())

    count = len(panels) + gauged
    figure = new_figure(2.7 + 1.35 * count)
    top, bottom = figure.subfigures(2, 1, height_ratios=(2.3, 1.35 * count))
    _maps(top, fields, outline, statistics.attrs)
    series = bottom.subplots(count, 1, sharex=True)
    for draw, axes in zip(panels, series, strict=False):
        draw(axes, statistics)
    if gauged:
        _flow(series[-1], streamflow)
    for letter, shown in zip(ascii_lowercase, fields["time"].to_numpy(), strict=False):
        for axes in series:
            axes.axvline(shown, color="#999999", linewidth=0.8, linestyle=":", zorder=0)
        place = {"xy": (shown, 1), "xycoords": ("data", "axes fraction"), "xytext": (0, 2)}
        series[0].annotate(letter, **place, textcoords="offset points", ha="center", va="bottom", weight="bold")
    for axes in series:
        axes.grid(alpha=0.3)
    series[-1].set_xlim(time[0], time[-1])
    date_axis(series[-1])
    bottom.align_ylabels(series)
    start, end = (_stamp(event[side], statistics.attrs["time_step_days"], year=True) for side in ("start", "end"))
    figure.suptitle(f"{statistics.attrs['basin']}: {event['depth']:.0f} mm from {start} to {end}")
    return figure


def _maps(figure: SubFigure, fields: xr.DataArray, outline: shapely.Geometry, attrs: dict) -> None:
    step, threshold = attrs["time_step_days"], attrs["wet_threshold_mm_per_step"]
    colours = colormaps["mako_r"].with_extremes(under="white")
    # A dry or missing field still needs an interval of colours.
    largest = max(float(fields.max().fillna(0)), 2 * threshold)
    geographic = fields["x"].attrs["units"] in UNITS
    panels = figure.subplots(1, fields.sizes["time"], sharex=True, sharey=True, squeeze=False)[0]
    for letter, field, axes in zip(ascii_lowercase, fields, panels, strict=False):
        mesh = axes.pcolormesh(
            field["x"], field["y"], field.to_masked_array(), cmap=colours, vmin=threshold, vmax=largest
        )
        axes.set_facecolor(MISSING)
        for ring in shapely.get_rings(shapely.get_parts(outline)):
            axes.plot(*shapely.get_coordinates(ring).T, color=OUTLINE, linewidth=1.4)
        axes.set_aspect(1 / np.cos(np.radians(float(field["y"].mean()))) if geographic else 1)
        axes.set_title(f"{letter}  {_stamp(field['time'].values, step)}", fontsize="medium")
        axes.spines[:].set_visible(True)
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=not geographic))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=not geographic))
        axes.tick_params(labelsize="small")
        axes.set_xlabel(_axis_label(fields["x"]))
    panels[0].set_ylabel(_axis_label(fields["y"]))
    bar = figure.colorbar(mesh, ax=panels, extend="min", pad=0.01, shrink=0.8, aspect=12)
    bar.set_label(f"precipitation\n[{rate_unit(step)}]")


def _rain(axes: Axes, statistics: xr.Dataset) -> None:
    time = statistics["time"].to_numpy()
    axes.fill_between(time, 0, statistics["mean"], step="mid", color=COLOURS[9], linewidth=0, label="areal mean")
    axes.plot(time, statistics["maximum"], drawstyle="steps-mid", color=COLOURS[0], linewidth=1.2, label="largest cell")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"precipitation\n[{rate_unit(statistics.attrs['time_step_days'])}]")
    axes.legend(**BESIDE)


def _unevenness(axes: Axes, statistics: xr.Dataset) -> None:
    for name, label, colour in (("cv", "CV", COLOURS[4]), ("wet_fraction", "wet fraction", COLOURS[2])):
        axes.plot(statistics["time"], statistics[name], ".-", color=colour, linewidth=1.2, markersize=4, label=label)
    raining = statistics["mean"] > DRIZZLE * statistics["mean"].max()
    axes.set_ylim(0, 1.15 * max(1.0, float(statistics["cv"].where(raining).max().fillna(0))))
    axes.set_ylabel("unevenness\n[-]")
    axes.legend(**BESIDE)


def _place(axes: Axes, statistics: xr.Dataset) -> None:
    axes.axhline(1, color=OBSERVED, linewidth=0.8)
    axes.plot(statistics["time"], statistics["delta1"], ".-", color=COLOURS[1], linewidth=1.2, markersize=4)
    axes.set_ylabel("δ1\n[-]")
    meaning = "above 1: rain falls\nfar from the outlet,\nbelow: near it"
    axes.text(1.02, 1, meaning, va="top", fontsize="small", transform=axes.transAxes)


def _flow(axes: Axes, streamflow: xr.DataArray) -> None:
    units = streamflow.attrs["units"]
    if units == "mm":
        units = rate_unit(streamflow.attrs["time_step_days"])
    axes.plot(streamflow["time"], streamflow, ".-", color=OBSERVED, linewidth=1.2, markersize=3)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"streamflow\n[{units}]")


def _axis_label(axis: xr.DataArray) -> str:
    units = axis.attrs["units"]
    return f"{axis.attrs['long_name']} [{UNITS.get(units, units)}]"


def _stamp(time: np.datetime64 | pd.Timestamp, step: float, year: bool = False) -> str:
    """A time as text; days alone where steps are days."""
    date = "%Y-%m-%d" if year else "%m-%d"
    return pd.Timestamp(time).strftime(date if step >= 1 else f"{date} %H:%M")
