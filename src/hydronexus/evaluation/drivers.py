"""Does the deformation of laws go with the heterogeneity of rain over basins, whatever else differs between them."""

import math

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

CONTROLS = ("area_km2", "aridity", "snow_fraction", "slope_m_per_km", "cells")
LOGARITHMIC = ("area_km2", "aridity", "slope_m_per_km", "cells")
PROXIES = ("rain_day_cv",)  # of time, named as what they are; rain over space is not in them
OBSERVED = ("conditional_cv", "cv", "wet_fraction")  # of grids
MEASURES = ("deformation", "mixing_gain")
MIN_FREE = 5  # degrees of freedom below which no correlation is given
MIN_TREES = 40  # basins below which no boosted trees are grown
COLUMNS = (
    "process", "measure", "driver", "proxy", "n", "controls", "rho", "low", "high", "p", "p_adjusted", "importance",
    "importance_error",
)  # fmt: skip


def drivers(responses: pd.DataFrame, climate: pd.DataFrame, heterogeneity: pd.DataFrame) -> pd.DataFrame:
    """Partial rank correlation of every process's deformation with every measure of heterogeneity.

    Parameters
    ----------
    responses, climate, heterogeneity : pandas.DataFrame
        Tables of a study; virtual basins left out.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`: Spearman's partial correlation with its 95 % interval (Fisher's z), given the controls that
        are known in every basin compared and vary; `p_adjusted` holds the false discovery rate over the processes of
        one measure and driver; `importance` is the mean loss of R2 on left-out basins when the driver of
        boosted trees is permuted, and its standard error over folds, with 40 basins or more.

    References
    ----------
    Benjamini and Hochberg 1995; Friedman 2001 (boosted trees); Breiman 2001 (permutation importance)
    """
    attributes = _attributes(climate, heterogeneity)
    rows = []
    for measure in MEASURES:
        values = responses.pivot(index="basin", columns="process", values=measure).dropna(axis=1, how="all")
        for driver in (*OBSERVED, *PROXIES):
            if driver not in attributes or attributes[driver].isna().all():
                continue
            found = [
                {"process": process, "measure": measure, "driver": driver, "proxy": driver in PROXIES}
                | _association(values[process], attributes, driver)
                for process in values
            ]
            rows += _adjusted(found)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _attributes(climate: pd.DataFrame, heterogeneity: pd.DataFrame) -> pd.DataFrame:
    """What is known of basins, one row each; heterogeneity over the whole record of their grid."""
    known = climate.set_index("basin")
    if len(heterogeneity):
        whole = heterogeneity[(heterogeneity["season"] == "all") & (heterogeneity["intensity"] == "all")]
        whole = whole.drop_duplicates(["basin", "statistic"])
        own = whole.pivot(index="basin", columns="statistic", values="value")
        known = known.join(own.reindex(columns=[name for name in OBSERVED if name in own]))
        known = known.join(whole.drop_duplicates("basin").set_index("basin")["cells"])
    for name in LOGARITHMIC:
        if name in known:
            known[name] = np.log(known[name].where(known[name] > 0))
    return known


def _association(values: pd.Series, attributes: pd.DataFrame, driver: str) -> dict[str, float | int | str]:
    both = pd.concat([values.rename("value"), attributes[driver].rename("driver")], axis=1, join="inner").dropna()
    controls = [
        name
        for name in CONTROLS
        if name in attributes
        and attributes.loc[both.index, name].notna().all()
        and attributes.loc[both.index, name].nunique() > 1
    ]
    result = {"n": len(both), "controls": ", ".join(controls)} | dict.fromkeys(COLUMNS[6:], math.nan)
    free = len(both) - 2 - len(controls)
    if free < MIN_FREE or (both.nunique() < 2).any():
        return result
    given = attributes.loc[both.index, controls]
    rho = _partial(both["value"], both["driver"], given)
    z, half = np.arctanh(np.clip(rho, -0.999999, 0.999999)), 1.96 / math.sqrt(free - 1)
    t = rho * math.sqrt(free / max(1 - rho**2, 1e-12))
    result |= {"rho": rho, "low": math.tanh(z - half), "high": math.tanh(z + half), "p": 2 * stats.t.sf(abs(t), free)}
    if len(both) >= MIN_TREES:
        result |= _importance(both["value"], both["driver"], given)
    return result


def _partial(one: pd.Series, other: pd.Series, given: pd.DataFrame) -> float:
    """Correlation of what ranks of the controls leave of two ranks."""
    ranks = [stats.rankdata(series) for series in (one, other)]
    design = np.column_stack([np.ones(len(one)), *(stats.rankdata(given[name]) for name in given)])
    left = [rank - design @ np.linalg.lstsq(design, rank, rcond=None)[0] for rank in ranks]
    if min(np.std(series) for series in left) < 1e-9:
        return 0.0
    return float(np.corrcoef(*left)[0, 1])


def _importance(values: pd.Series, driver: pd.Series, given: pd.DataFrame) -> dict[str, float]:
    from sklearn.ensemble import GradientBoostingRegressor  # a second of imports, of use to large studies alone
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import KFold

    table = np.column_stack([driver, given])
    wanted = stats.rankdata(values) / len(values)
    losses = []
    for known, left_out in KFold(5, shuffle=True, random_state=0).split(table):
        trees = GradientBoostingRegressor(max_depth=2, subsample=0.7, random_state=0).fit(table[known], wanted[known])
        found = permutation_importance(trees, table[left_out], wanted[left_out], n_repeats=10, random_state=0)
        losses.append(found.importances_mean[0])
    return {"importance": float(np.mean(losses)), "importance_error": float(stats.sem(losses))}


def _adjusted(rows: list[dict]) -> list[dict]:
    tested = [row for row in rows if math.isfinite(row["p"])]
    if tested:
        for row, p in zip(tested, multipletests([row["p"] for row in tested], method="fdr_bh")[1], strict=True):
            row["p_adjusted"] = float(p)
    return rows
