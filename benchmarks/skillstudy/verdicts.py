"""Calibration of the identifiability verdicts on virtual catchments."""

from itertools import product

import numpy as np
import pandas as pd

from hydronexus.evaluation.identifiability import VERDICTS, Limits, truth, verdict

SPREADS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 1.0)
AGREEMENTS = (0.999, 0.998, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8, 0.7, 0.5, 0.0)
RIGHT = 0.9  # of those who are given a verdict, this share must deserve it
TRUSTED = 0.85  # the same in groups held out, or else the verdict is never given
LEAST = 6  # catchments behind a limit

AllLimits = dict[str, dict[str, Limits]]


def calibrate(fluxes: pd.DataFrame, groups: list[str]) -> AllLimits:
    """Widest limits per flux within which nine tenths of the catchments deserve the verdict, where that can be trusted.

    A verdict that is wrong too often in the groups that were held out of the search is struck off: there members
    agree on what is wrong, and the limits were luck.

    Parameters
    ----------
    fluxes : pandas.DataFrame
        Columns variable, spread, agreement, total_error_percent and correlation, and those of `groups`; one row per
        catchment and flux.
    groups : list of str
        Columns whose values name the groups of catchments to hold out, one group at a time.

    Returns
    -------
    dict
        For :func:`hydronexus.evaluation.identifiability.verdict`; a verdict that spread cannot justify has no limits.
    """
    limits = _widest(fluxes)
    judged = _held_out(fluxes, groups, _widest)
    for flux, own in limits.items():
        for name in list(own):
            said = judged[(judged["variable"] == flux) & (judged["verdict"] == name)]
            if len(said) < LEAST or (~_worse(said)).mean() < TRUSTED:
                del own[name]
    return limits


def held_out(fluxes: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Verdicts on each group from :func:`calibrate` on the others alone; adds columns verdict and truth."""
    return _held_out(fluxes, groups, lambda others: calibrate(others, groups))


def confusion(judged: pd.DataFrame) -> pd.DataFrame:
    """Counts of verdict (rows) against truth (columns), over all fluxes."""
    counts = pd.crosstab(judged["verdict"], judged["truth"])
    return counts.reindex(index=VERDICTS, columns=VERDICTS, fill_value=0).rename_axis(None, axis=1).reset_index()


def errors(judged: pd.DataFrame) -> pd.DataFrame:
    """Per flux how often each of the better verdicts was deserved and given, and given where the truth is worse."""
    worse = _worse(judged)
    rows = []
    for flux, own in [("all", judged), *judged.groupby("variable", sort=False)]:
        row = {"flux": flux, "catchments": len(own)}
        for name in VERDICTS[:-1]:
            said = own["verdict"] == name
            wrong = int((said & worse[own.index]).sum())
            row |= {
                f"truly {name}": int((own["truth"] == name).sum()),
                f"said {name}": int(said.sum()),
                f"wrongly {name}": wrong,
                f"wrongly {name} [%]": 100 * wrong / said.sum() if said.any() else np.nan,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def reach(fluxes: pd.DataFrame, limits: AllLimits) -> pd.DataFrame:
    """Every limit, and on how many of the catchments it was set on its verdict is said and is wrong."""
    judged = _judge(fluxes, limits)
    rows = []
    for flux, own in limits.items():
        for name in VERDICTS[:-1]:
            said = judged[(judged["variable"] == flux) & (judged["verdict"] == name)]
            bounds = (own[name].spread, own[name].agreement) if name in own else (np.nan, np.nan)
            row = (flux, name, *bounds, len(said), int(_worse(said).sum()))
            rows.append(dict(zip(("flux", "verdict", "spread", "agreement", "said", "wrongly"), row, strict=True)))
    return pd.DataFrame(rows)


def _widest(fluxes: pd.DataFrame) -> AllLimits:
    """Limits that hold for most catchments while nine tenths of those deserve the verdict."""
    limits: AllLimits = {}
    for flux, own in _with_truth(fluxes).groupby("variable", sort=False):
        limits[str(flux)] = {}
        for rank, name in enumerate(VERDICTS[:-1]):
            deserved = own["truth"].isin(VERDICTS[: rank + 1])
            best = 0
            for spread, agreement in product(SPREADS, AGREEMENTS):
                given = (own["spread"] <= spread) & (own["agreement"] >= agreement)
                if given.sum() >= max(LEAST, best + 1) and deserved[given].mean() >= RIGHT:
                    best = int(given.sum())
                    limits[str(flux)][name] = Limits(spread, agreement)
    return limits


def _held_out(fluxes: pd.DataFrame, groups: list[str], search) -> pd.DataFrame:
    return pd.concat([_judge(own, search(fluxes.drop(own.index))) for _, own in fluxes.groupby(groups)])


def _judge(fluxes: pd.DataFrame, limits: AllLimits) -> pd.DataFrame:
    said = [verdict(*row, limits) for row in fluxes[["variable", "spread", "agreement"]].itertuples(index=False)]
    return _with_truth(fluxes).assign(verdict=said)


def _worse(judged: pd.DataFrame) -> pd.Series:
    """Where the truth is worse than the verdict."""
    rank = {name: index for index, name in enumerate(VERDICTS)}
    return judged["truth"].map(rank) > judged["verdict"].map(rank)


def _with_truth(fluxes: pd.DataFrame) -> pd.DataFrame:
    known = [truth(*row) for row in fluxes[["total_error_percent", "correlation"]].itertuples(index=False)]
    return fluxes.assign(truth=known)
