"""Long records: the same numbers from Dask, from any blocks, without the design matrix in memory."""

import tracemalloc

import dask.array as da
import numpy as np
import xarray as xr

from hydronexus.erra import erra, split_by
from tests.erra.synthetic import AR2, kernel, noise, rain, respond


def test_dask_gives_the_same_numbers():
    precipitation = np.stack([rain(4000, 1), rain(4000, 2)])
    streamflow = respond(precipitation[0], kernel(10)) + noise(4000, 1, AR2)
    precipitation[1, 100], streamflow[2000] = np.nan, np.nan
    options = {"lags": 10, "knots": [5.0], "regularisation": "gcv", "robust": True, "bootstrap": 20}
    expected = erra(precipitation, streamflow, **options)
    lazy = erra(da.from_array(precipitation, chunks=(1, 700)), da.from_array(streamflow, chunks=900), **options)
    xr.testing.assert_allclose(lazy, expected, rtol=1e-12)


def test_lazy_classes_give_the_same_numbers():
    time = {"time": np.arange(3000)}
    precipitation = xr.DataArray(rain(3000, 3), time, "time", "precipitation")
    streamflow = xr.DataArray(respond(precipitation.values, kernel(10)) + noise(3000, 3), time, "time", "streamflow")
    eager, lazy = (
        erra(split_by(p, q, [3.0]), q, lags=10)
        for p, q in ((precipitation, streamflow), (precipitation.chunk(time=500), streamflow.chunk(time=500)))
    )
    xr.testing.assert_allclose(lazy, eager, rtol=1e-12)


def test_blocks_do_not_matter():
    precipitation = rain(3000, 4)
    streamflow = respond(precipitation, kernel(10)) + noise(3000, 4, AR2)
    few, many = (erra(precipitation, streamflow, lags=10, knots=[5.0], block=block) for block in (3000, 37))
    xr.testing.assert_allclose(many, few, rtol=1e-7, atol=1e-9)


def test_the_design_matrix_is_never_held():
    steps, lags = 200_000, 60
    precipitation = rain(steps, 5)
    streamflow = respond(precipitation, kernel(lags)) + noise(steps, 5)
    lazy = [da.from_array(values, chunks=20_000) for values in (precipitation, streamflow)]
    tracemalloc.start()
    found = erra(*lazy, lags=lags, ar_order=1, block=2000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(found["rrd"][0], kernel(lags), atol=0.002)
    assert peak < steps * lags * 8 / 3
