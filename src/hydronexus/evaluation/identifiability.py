"""Whether a process can be told from streamflow: a verdict from how far the members of an ensemble agree."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

VERDICTS = ("identified", "weak", "unidentified")
TRUTH = {"identified": (10.0, 0.9), "weak": (25.0, 0.7)}
"""What the words mean where the truth is known: largest error of the total [%] and least daily correlation [-]."""


@dataclass(frozen=True)
class Limits:
    """How far members may disagree.

    Parameters
    ----------
    spread : float
        Largest coefficient of variation of the total over members [-].
    agreement : float
        Least median correlation of the daily series of two members [-].
    """

    spread: float
    agreement: float

    def hold(self, spread: float, agreement: float) -> bool:
        """Whether an ensemble keeps within the limits."""
        return bool(spread <= self.spread and agreement >= self.agreement)


LIMITS: dict[str, dict[str, Limits]] = {}
"""Per flux the limits of `identified` and `weak`, from `python benchmarks/recovery.py` (docs/benchmarks/recovery.md). A
verdict without limits is never given: there members agree on what is wrong."""


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


def verdict(flux: str, spread: float, agreement: float, limits: dict[str, dict[str, Limits]] = LIMITS) -> str:
    """Verdict on one flux of a basin: identified, weak or unidentified.

    Parameters
    ----------
    flux : str
        Such as `infiltration`.
    spread, agreement : float
        From :func:`concord`.
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
        if name in limits[flux] and limits[flux][name].hold(spread, agreement):
            return name
    return VERDICTS[-1]


def truth(total_error_percent: float, correlation: float) -> str:
    """The same words where the truth is known: from the ensemble mean's error of the total and daily correlation."""
    for name, (error, least) in TRUTH.items():
        if abs(total_error_percent) <= error and correlation >= least:
            return name
    return VERDICTS[-1]
