"""All figures of a study."""

import pandas as pd
from matplotlib.figure import Figure

from hydronexus.figures.climate import climate
from hydronexus.figures.recovery import recovery
from hydronexus.figures.responses import responses
from hydronexus.figures.skill import skill

CAPTIONS: dict[str, str] = {
    "skill": "Nash-Sutcliffe efficiency of every model in the test period",
    "climate": "Test efficiency of the nexus minus that of the best conventional model, by basin and against climate",
    "responses": "Elasticity, mean lag, nonlinearity and deformation of every process in every basin",
    "recovery": "Errors of totals and correlation with the truth of fluxes and stores in virtual basins",
}


def draw_study(tables: dict[str, pd.DataFrame]) -> dict[str, Figure]:
    """Draw a study from its aggregated tables; figures by the names in `CAPTIONS`."""
    metrics, recovered = tables["metrics"], tables["recovery"]
    virtual = set(recovered["basin"])
    return {
        "skill": skill(metrics, virtual),
        "climate": climate(metrics, tables["climate"], virtual),
        "responses": responses(tables["responses"], tables["climate"].set_index("basin")["aridity"]),
        "recovery": recovery(recovered),
    }
