"""All figures of one basin."""

import xarray as xr
from matplotlib.figure import Figure

from hydronexus.config import Periods
from hydronexus.figures.erra import erra
from hydronexus.figures.flow_duration import flow_duration
from hydronexus.figures.hydrograph import hydrograph
from hydronexus.figures.laws import laws
from hydronexus.figures.notice import notice
from hydronexus.figures.pulse_response import pulse_response
from hydronexus.figures.stores_and_fluxes import stores_and_fluxes

CAPTIONS: dict[str, str] = {
    "hydrograph": "Precipitation, observed and simulated streamflow in the test year of median precipitation",
    "flow_duration": "Flow duration curves of the test period",
    "stores_and_fluxes": "Content and fluxes of every store in the test year of median precipitation",
    "laws": "Learned laws with the best-fitting field-scale equations, and the unit hydrograph",
    "pulse_response": "Response of every flux to a removed pulse of rain, by lag and rain intensity",
    "erra": "Response of streamflow by ensemble rainfall-runoff analysis (ERRA) of observations and of the simulation, "
    "with 95 % intervals, and the model's own response to removed rain",
}


def draw_basin(
    forcing: xr.Dataset, simulation: xr.Dataset, baselines: xr.Dataset, response: xr.Dataset, periods: Periods
) -> dict[str, Figure]:
    """Draw a basin.

    Parameters
    ----------
    forcing, simulation, baselines, response : xarray.Dataset
        The basin's stores.
    periods : Periods
        Split.

    Returns
    -------
    dict of matplotlib.figure.Figure
        By the names in `CAPTIONS`; save them with `figure.savefig(path)`, 1200 px wide.
    """
    basin = forcing.attrs["basin"]
    no_laws = "The laws read the encoder's hidden state (law_inputs: hidden): no function of the stores."
    too_short = "The record is too short or too dry for ensemble rainfall-runoff analysis."
    return {
        "hydrograph": hydrograph(forcing, simulation, baselines, periods),
        "flow_duration": flow_duration(forcing, simulation, baselines, periods),
        "stores_and_fluxes": stores_and_fluxes(forcing, simulation, periods),
        "laws": laws(response) if "law" in response else notice(f"{basin}: learned laws\n{no_laws}"),
        "pulse_response": pulse_response(response),
        "erra": erra(response) if "erra" in response else notice(f"{basin}: ERRA\n{too_short}"),
    }
