"""Flow duration curves of the test period."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from hydronexus.config import Periods
from hydronexus.figures.selection import test_steps
from hydronexus.figures.style import BAND, OBSERVED, model_look, new_figure, plain_numbers, rate_unit, styled


@styled
def flow_duration(forcing: xr.Dataset, simulation: xr.Dataset, baselines: xr.Dataset, periods: Periods) -> Figure:
    """Flow against the share of time it is exceeded, on the test steps with an observation.

    Parameters
    ----------
    forcing, simulation, baselines : xarray.Dataset
        The basin's stores, streamflow in mm per step.
    periods : Periods
        Split.
    """
    observed = test_steps(forcing, periods)["streamflow"].values
    present = np.isfinite(observed)
    exceeded = 100 * (np.arange(present.sum()) + 0.5) / max(present.sum(), 1)

    def curve(flow: xr.DataArray) -> np.ndarray:
        """Flow in falling order of shape ([seed,] step)."""
        return np.sort(flow.values[..., present], axis=-1)[..., ::-1]

    figure = new_figure(5.2)
    axes = figure.subplots()
    for name in baselines.data_vars:
        label, colour = model_look(str(name))
        members = test_steps(baselines, periods)[name]
        mean = members.mean("seed") if "seed" in members.dims else members
        axes.plot(exceeded, curve(mean), color=colour, linewidth=1.2, alpha=0.8, label=label)
    closed = test_steps(simulation, periods)["streamflow"].sel(loop="closed").transpose("seed", "time")
    label, colour = model_look("nexus_closed")
    members = curve(closed)
    axes.fill_between(exceeded, members.min(0), members.max(0), color=colour, **BAND)
    axes.plot(exceeded, curve(closed.mean("seed")), color=colour, linewidth=1.8, label=f"{label}, range of members")
    axes.plot(
        exceeded,
        curve(test_steps(forcing, periods)["streamflow"]),
        color=OBSERVED,
        linewidth=1.4,
        label="observed",
    )

    axes.set_yscale("log")
    plain_numbers(axes.yaxis)
    positive = observed[present & (observed > 0)]
    if len(positive):
        # Models may go many decades below what is measured; that would flatten everything else.
        axes.set_ylim(np.quantile(positive, 0.002) / 3, positive.max() * 2)
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of test steps on which the flow is exceeded [%]")
    axes.set_ylabel(f"streamflow [{rate_unit(forcing.attrs['time_step_days'])}]")
    axes.set_title(f"{forcing.attrs['basin']}: flow duration in the test period", loc="left")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
