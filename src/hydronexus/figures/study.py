"""All figures of a study."""

from collections.abc import Callable

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from hydronexus.figures.climate import climate
from hydronexus.figures.recovery import recovery
from hydronexus.figures.response_functions import representative, response_functions
from hydronexus.figures.responses import responses
from hydronexus.figures.skill import skill

CAPTIONS: dict[str, str] = {
    "skill": "Nash-Sutcliffe efficiency of every model in the test period",
    "climate": "Test efficiency of the nexus minus that of the best conventional model, by basin and against climate",
    "response_functions": "Laws of infiltration, evapotranspiration and recharge, and the pulse response of streamflow "
    "in up to six basins from humid to arid",
    "responses": "Elasticity, mean lag, nonlinearity and deformation of every process in every basin",
    "recovery": "Errors of totals and correlation with the truth of fluxes and stores in virtual basins",
}


def draw_study(tables: dict[str, pd.DataFrame], response_of: Callable[[str], xr.Dataset]) -> dict[str, Figure]:
    """Draw a study.

    Parameters
    ----------
    tables : dict of pandas.DataFrame
        From :func:`hydronexus.evaluation.aggregate.aggregate`.
    response_of : callable
        Reads the response store of a basin; asked for a few representative ones.

    Returns
    -------
    dict of matplotlib.figure.Figure
        By the names in `CAPTIONS`.
    """
    metrics, recovered = tables["metrics"], tables["recovery"]
    virtual = set(recovered["basin"])
    aridity = representative(tables["climate"])
    return {
        "skill": skill(metrics, virtual),
        "climate": climate(metrics, tables["climate"], virtual),
        "response_functions": response_functions({basin: response_of(basin) for basin in aridity.index}, aridity),
        "responses": responses(tables["responses"], tables["climate"].set_index("basin")["aridity"]),
        "recovery": recovery(recovered),
    }
