"""Hydrograph of one test year with rain on top."""

import xarray as xr
from matplotlib.figure import Figure

from hydronexus.config import Periods
from hydronexus.evaluation.skill import nse
from hydronexus.figures.selection import day, test_steps, typical_year
from hydronexus.figures.style import (
    COLOURS,
    OBSERVED,
    band,
    date_axis,
    model_look,
    new_figure,
    rate_unit,
    styled,
)


@styled
def hydrograph(forcing: xr.Dataset, simulation: xr.Dataset, baselines: xr.Dataset, periods: Periods) -> Figure:
    """Observed and simulated streamflow of the test year of median precipitation.

    Parameters
    ----------
    forcing, simulation, baselines : xarray.Dataset
        The basin's stores, amounts in mm per step. The closed loop is shown with the range of its members;
        the legend gives the NSE of each model over the whole test period.
    periods : Periods
        Split.
    """
    year = typical_year(forcing, periods)
    shown = forcing.sel(time=year)
    time, unit = shown["time"].values, rate_unit(forcing.attrs["time_step_days"])
    observed = test_steps(forcing, periods)["streamflow"]

    figure = new_figure(5.6)
    rain, flow = figure.subplots(2, 1, sharex=True, height_ratios=(1, 3))
    rain.fill_between(time, 0, shown["precipitation"], step="mid", color=COLOURS[9], linewidth=0.8)
    rain.set_ylabel(f"precipitation\n[{unit}]")
    rain.set_ylim(max(float(shown["precipitation"].max()) * 1.05, 1e-3), 0)
    rain.spines["bottom"].set_visible(False)
    rain.tick_params(axis="x", bottom=False)
    rain.set_title(
        f"{forcing.attrs['basin']}: the test year of median precipitation, {day(time[0])} to {day(time[-1])}",
        loc="left",
    )

    for name in baselines.data_vars:
        label, colour = model_look(str(name))
        mean = _mean(baselines[name])
        score = nse(observed, _mean(test_steps(baselines, periods)[name]))
        flow.plot(
            time,
            mean.sel(time=year),
            color=colour,
            linewidth=1,
            alpha=0.7,
            label=f"{label} (NSE {score:.2f})",
        )
    closed = simulation["streamflow"].sel(loop="closed")
    label, colour = model_look("nexus_closed")
    score = nse(observed, _mean(test_steps(simulation, periods)["streamflow"].sel(loop="closed")))
    label = f"{label} (NSE {score:.2f}), range of {closed.sizes['seed']} members"
    band(flow, time, closed.sel(time=year), colour, linewidth=1.6, label=label)
    flow.plot(time, shown["streamflow"], color=OBSERVED, linewidth=1.2, label="observed")
    flow.set_ylabel(f"streamflow [{unit}]")
    flow.set_ylim(bottom=0)
    flow.set_xlim(time[0], time[-1])
    flow.legend(title="NSE of the whole test period", alignment="left", reverse=True)
    date_axis(flow)
    return figure


def _mean(flow: xr.DataArray) -> xr.DataArray:
    return flow.mean("seed") if "seed" in flow.dims else flow
