"""Calibration of the identifiability verdicts on virtual catchments."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd

from hydronexus.evaluation.identifiability import VERDICTS, Limits, truth, verdict

SPREADS = (1.0, 0.2, 0.1, 0.05, 0.02)  # few steps: fine ones find limits that are luck
AGREEMENTS = (0.0, 0.9, 0.95, 0.98, 0.995)
SHARES = (0.0, 0.05, 0.1, 0.2)
MEASURES = ["spread", "agreement", "share_of_rain"]
RIGHT = 0.9  # of those who are given a verdict, this share must deserve it
TRUSTED = 0.9  # the same in groups held out, or else the verdict is never given
LEAST = 8  # catchments behind a limit

AllLimits = dict[str, dict[str, Limits]]


def calibrate(fluxes: pd.DataFrame, groups: list[str]) -> AllLimits:
    """Widest limits per flux within which nine tenths of the catchments deserve the verdict, where that can be trusted.

    A verdict that is wrong too often in the groups that were held out of the search is struck off: there members
    agree on what is wrong, and the limits were luck.

    Parameters
    ----------
    fluxes : pandas.DataFrame
        Columns variable, spread, agreement, share_of_rain, total_error_percent and correlation, and those of `groups`;
        one row per catchment and flux.
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
        here = judged[judged["variable"] == flux]
        for rank, name in enumerate(VERDICTS[:-1]):
            said = here[here["verdict"].isin(VERDICTS[: rank + 1])]  # who is identified is weakly so as well
            if len(said) < LEAST or said["truth"].isin(VERDICTS[: rank + 1]).mean() < TRUSTED:
                own.pop(name, None)
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
            bounds = (own[name].spread, own[name].agreement, own[name].share) if name in own else (np.nan,) * 3
            row = (flux, name, *bounds, len(said), int(_worse(said).sum()))
            rows.append(
                dict(zip(("flux", "verdict", "spread", "agreement", "share", "said", "wrongly"), row, strict=True))
            )
    return pd.DataFrame(rows)


def literal(limits: AllLimits) -> str:
    """The limits as Python source."""
    entries = (
        f'"{flux}": {{{", ".join(f"{chr(34)}{name}{chr(34)}: {limit}" for name, limit in own.items())}}}'
        for flux, own in limits.items()
    )
    return "LIMITS = {\n" + "".join(f"    {entry},\n" for entry in entries) + "}"


def _widest(fluxes: pd.DataFrame) -> AllLimits:
    """Limits that hold for most catchments while nine tenths of those deserve the verdict."""
    limits: AllLimits = {}
    for flux, own in _with_truth(fluxes).groupby("variable", sort=False):
        limits[str(flux)] = {}
        for rank, name in enumerate(VERDICTS[:-1]):
            deserved = own["truth"].isin(VERDICTS[: rank + 1])
            best = 0
            for share, spread, agreement in product(SHARES, SPREADS, AGREEMENTS):
                given = (own["spread"] <= spread) & (own["agreement"] >= agreement) & (own["share_of_rain"] >= share)
                if given.sum() >= max(LEAST, best + 1) and deserved[given].mean() >= RIGHT:
                    best = int(given.sum())
                    limits[str(flux)][name] = Limits(spread, agreement, share)
    return limits


def _held_out(fluxes: pd.DataFrame, groups: list[str], search: Callable[[pd.DataFrame], AllLimits]) -> pd.DataFrame:
    return pd.concat([_judge(own, search(fluxes.drop(own.index))) for _, own in fluxes.groupby(groups)])


def _judge(fluxes: pd.DataFrame, limits: AllLimits) -> pd.DataFrame:
    said = [verdict(*row, limits) for row in fluxes[["variable", *MEASURES]].itertuples(index=False)]
    return _with_truth(fluxes).assign(verdict=said)


def _worse(judged: pd.DataFrame) -> pd.Series:
    """Where the truth is worse than the verdict."""
    rank = {name: index for index, name in enumerate(VERDICTS)}
    return judged["truth"].map(rank) > judged["verdict"].map(rank)


def _with_truth(fluxes: pd.DataFrame) -> pd.DataFrame:
    known = [truth(*row) for row in fluxes[["total_error_percent", "correlation"]].itertuples(index=False)]
    return fluxes.assign(truth=known)
