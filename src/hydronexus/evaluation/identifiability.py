"""Whether a process can be told from streamflow: a verdict from how far members agree and how much a flux carries."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

VERDICTS = ("identified", "weak", "unidentified")
TRUTH = {"identified": (10.0, 0.9), "weak": (25.0, 0.7)}
"""What the words mean where the truth is known: largest error of the total [%] and least daily correlation [-]."""


@dataclass(frozen=True)
class Limits:
    """How far members may disagree, and how much of the rain a flux must carry.

    Parameters
    ----------
    spread : float
        Largest coefficient of variation of the total over members [-].
    agreement : float
        Least median correlation of the daily series of two members [-].
    share : float
        Least share of precipitation [-]: of a flux that carries little, streamflow tells little.
    """

    spread: float
    agreement: float
    share: float = 0.0

    def hold(self, spread: float, agreement: float, share: float) -> bool:
        """Whether an ensemble keeps within the limits."""
        return bool(spread <= self.spread and agreement >= self.agreement and share >= self.share)


LIMITS: dict[str, dict[str, Limits]] = {
    "throughfall": {"weak": Limits(spread=1.0, agreement=0.0)},
    "canopy_evaporation": {},
    "infiltration": {"weak": Limits(spread=1.0, agreement=0.0)},
    "soil_evapotranspiration": {},
    "recharge": {"weak": Limits(spread=1.0, agreement=0.0)},
    "interflow": {"weak": Limits(spread=1.0, agreement=0.0, share=0.1)},
    "baseflow": {"weak": Limits(spread=1.0, agreement=0.0)},
    "surface_runoff": {
        "identified": Limits(spread=1.0, agreement=0.0, share=0.2),
        "weak": Limits(spread=1.0, agreement=0.0),
    },
    "melt": {"weak": Limits(spread=1.0, agreement=0.0)},
}
"""Per flux the limits of `identified` and `weak`, from `python benchmarks/recovery.py` (docs/benchmarks/recovery.md).

Measured on 36 virtual catchments with five members each. On climates held out of the calibration 2 of 29 `identified`
were wrong (7 %; all of surface runoff) and 7 of 115 `weak` (6 %). A verdict without limits is never given: there
members agree on what is wrong. Spread itself told nothing that would have moved a limit; the flux's share of rain did.
"""


def concord(members: np.ndarray) -> tuple[float, float]:
    """Spread of the total and agreement by day of one flux.

    Parameters
    ----------
    members : numpy.ndarray
        Flux [mm per step], shape (seed, time).

    Returns
    -------
    spread : float
        Coefficient of variation of the total over members [-]; NaN for one member or no flux.
    agreement : float
        Median correlation of the series of two members [-]; NaN where a series is constant.
    """
    totals = members.sum(1)
    if len(members) < 2 or totals.mean() <= 0:
        return np.nan, np.nan
    spread = float(totals.std(ddof=1) / totals.mean())
    if (members.std(1) == 0).any():
        return spread, np.nan
    matrix = np.corrcoef(members)
    return spread, float(np.median([matrix[pair] for pair in combinations(range(len(members)), 2)]))


def verdict(
    flux: str, spread: float, agreement: float, share: float = 0.0, limits: dict[str, dict[str, Limits]] = LIMITS
) -> str:
    """Verdict on one flux of a basin: identified, weak or unidentified.

    Parameters
    ----------
    flux : str
        Such as `infiltration`.
    spread, agreement : float
        From :func:`concord`.
    share : float
        Ensemble's flux as a share of precipitation [-]; 0, if it is not known, keeps to limits that ask for none.
    limits : dict
        Per flux the limits of the better verdicts.

    Returns
    -------
    str
        `not assessed` where there is one member, no flux, or no calibration of this flux.
    """
    if flux not in limits or not np.isfinite(spread):
        return "not assessed"
    for name in VERDICTS[:-1]:
        if name in limits[flux] and limits[flux][name].hold(spread, agreement, share):
            return name
    return VERDICTS[-1]


def truth(total_error_percent: float, correlation: float) -> str:
    """The same words where the truth is known: from the ensemble mean's error of the total and daily correlation."""
    for name, (error, least) in TRUTH.items():
        if abs(total_error_percent) <= error and correlation >= least:
            return name
    return VERDICTS[-1]
