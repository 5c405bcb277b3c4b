"""Calibration of the identifiability verdicts on virtual catchments."""

from itertools import product

import pandas as pd

from hydronexus.evaluation.identifiability import VERDICTS, Limits, truth, verdict

SPREADS = (0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 1.0)
AGREEMENTS = (0.99, 0.98, 0.95, 0.9, 0.8, 0.7, 0.5, 0.0)
RIGHT = 0.9  # of those who are given a verdict, this share must deserve it
LEAST = 4  # catchments behind a limit


def calibrate(fluxes: pd.DataFrame) -> dict[str, dict[str, Limits]]:
    """Widest limits per flux within which nine tenths of the catchments deserve the verdict.

    Parameters
    ----------
    fluxes : pandas.DataFrame
        Columns variable, spread, agreement, total_error_percent and correlation, one row per catchment and flux.

    Returns
    -------
    dict
        For :func:`hydronexus.evaluation.identifiability.verdict`; a verdict that spread cannot justify has no limits.
    """
    limits: dict[str, dict[str, Limits]] = {}
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


def held_out(fluxes: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Verdicts on each group of catchments from limits calibrated on the others; adds columns verdict and truth."""
    parts = []
    for _, own in fluxes.groupby(groups):
        limits = calibrate(fluxes.drop(own.index))
        said = [verdict(*row, limits) for row in own[["variable", "spread", "agreement"]].itertuples(index=False)]
        parts.append(_with_truth(own).assign(verdict=said))
    return pd.concat(parts)


def confusion(judged: pd.DataFrame) -> pd.DataFrame:
    """Counts of verdict (rows) against truth (columns), over all fluxes."""
    counts = pd.crosstab(judged["verdict"], judged["truth"])
    return counts.reindex(index=VERDICTS, columns=VERDICTS, fill_value=0).rename_axis(None, axis=1).reset_index()


def errors(judged: pd.DataFrame) -> pd.DataFrame:
    """Per flux how often each of the better verdicts was given, and how often the truth is worse than it."""
    rank = {name: index for index, name in enumerate(VERDICTS)}
    worse = judged["truth"].map(rank) > judged["verdict"].map(rank)
    rows = []
    for flux, own in [("all", judged), *judged.groupby("variable", sort=False)]:
        row = {"flux": flux, "catchments": len(own)}
        for name in VERDICTS[:-1]:
            said = own["verdict"] == name
            row |= {name: int(said.sum()), f"wrongly {name}": int((said & worse[own.index]).sum())}
        rows.append(row)
    return pd.DataFrame(rows)


def _with_truth(fluxes: pd.DataFrame) -> pd.DataFrame:
    known = [truth(*row) for row in fluxes[["total_error_percent", "correlation"]].itertuples(index=False)]
    return fluxes.assign(truth=known)
