"""Wet and dry spells of a series of rain."""

import numpy as np
import pandas as pd


def spells(mean: pd.Series, threshold: float) -> pd.DataFrame:
    """Runs of wet and of dry steps.

    Parameters
    ----------
    mean : pandas.Series
        Areal mean [mm per step], NaN where missing, on an even time index.
    threshold : float
        Least areal mean of a wet step [mm per step].

    Returns
    -------
    pandas.DataFrame
        One row per spell in order of time: ``wet``; ``start`` and ``end``, its first and last step; ``steps``;
        ``depth`` [mm]; ``complete``, false where the record's end or a missing step may have cut it short.
    """
    values = mean.to_numpy(float)
    state = np.where(np.isnan(values), -1, values >= threshold)
    first = np.flatnonzero(np.diff(state, prepend=-2))
    last = np.append(first[1:], len(state)) - 1
    around = np.pad(state, 1, constant_values=-1)  # places are one further on in it
    table = pd.DataFrame(
        {
            "wet": state[first] == 1,
            "start": mean.index[first],
            "end": mean.index[last],
            "steps": last - first + 1,
            "depth": np.add.reduceat(values, first) if len(values) else values,
            "complete": (around[first] >= 0) & (around[last + 2] >= 0),
        }
    )
    return table[state[first] >= 0].reset_index(drop=True)
