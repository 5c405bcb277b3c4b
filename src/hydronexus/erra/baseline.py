"""Slow flow taken out of streamflow before the analysis."""

from typing import TYPE_CHECKING, TypeVar

import dask
import numpy as np
import pandas as pd
import xarray as xr

if TYPE_CHECKING:
    import dask.array as da

Series = TypeVar("Series", np.ndarray, "da.Array", xr.DataArray)


def remove_baseline(streamflow: Series, window: int, quantile: float) -> Series:
    """Streamflow less its running quantile, so that responses longer than the window do not bend short ones.

    Parameters
    ----------
    streamflow : numpy.ndarray, dask.array.Array or xarray.DataArray
        Shape (time,); NaN where missing.
    window : int
        Steps over which the quantile is taken, odd, around every step.
    quantile : float
        Between 0 and 1; small values leave most of a flood.

    Returns
    -------
    numpy.ndarray, dask.array.Array or xarray.DataArray
        As given; NaN stays NaN. Quantiles are of the values there are.

    Raises
    ------
    ValueError
        If the window is even.
    """
    if window % 2 == 0:
        raise ValueError(f"window {window} is even; take {window + 1}, so that it lies evenly around every step")

    def above(values: np.ndarray) -> np.ndarray:
        rolling = pd.Series(values).rolling(window, center=True, min_periods=1)
        return values - rolling.quantile(quantile).to_numpy()

    if isinstance(streamflow, xr.DataArray):
        return streamflow.copy(data=remove_baseline(streamflow.data, window, quantile))
    if dask.is_dask_collection(streamflow):
        return streamflow.map_overlap(above, depth=window // 2, boundary="none", dtype=float)
    return above(np.asarray(streamflow, float))
