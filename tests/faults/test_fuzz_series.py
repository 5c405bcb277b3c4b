"""Series with gaps, doubled days, floods and nonsense: what comes out is what the file says, or a named error."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from hydronexus.config import load_study
from hydronexus.errors import BasinError
from hydronexus.forcing.ingest import ingest
from tests.faults.datasets import ATTRIBUTES, PERIODS, WARMUP, weather
from tests.faults.jobs import fuzzed, within
from tests.forcing.conftest import UNITS

pytestmark = pytest.mark.faults
LONGEST_GAP = 5
VALUES = {
    "missing": np.nan, "zero": 0.0, "negative": -0.5, "noise": -1e-4, "flood": 400.0, "infinite": np.inf,
    "minus_infinite": -np.inf, "mark": -999.0, "fill": 9.96921e36, "beyond": 1e300, "tiny": 1e-320,
}  # fmt: skip
ROWS = ("drop", "repeat", "swap")
EDITS = st.lists(
    st.tuples(
        st.sampled_from([*VALUES, *ROWS]),
        st.sampled_from(["precipitation", "temperature", "temperature_min", "streamflow"]),
        st.integers(0, 455),
        st.one_of(st.integers(1, 12), st.integers(1, 456)),
    ),
    min_size=1,
    max_size=4,
)


def edited(table: pd.DataFrame, edits: list[tuple[str, str, int, int]]) -> pd.DataFrame:
    """The table after some edits; those of rows come last, so that places mean the same in all."""
    table = table.copy()
    for kind, column, start, length in edits:
        if kind in VALUES:
            table.iloc[start : start + length, table.columns.get_loc(column)] = VALUES[kind]
    for kind, _, start, length in edits:
        rows = list(range(len(table)))
        match kind:
            case "drop":
                del rows[start : start + length]
            case "repeat":
                rows[start:start] = rows[start : start + length]
            case "swap":
                rows[start : start + length] = rows[start : start + length][::-1]
        table = table.iloc[rows]
    return table


def save(table: pd.DataFrame, format: str, folder: Path) -> None:
    path = folder / "data" / f"01.{'nc' if format == 'netcdf' else format}"
    path.parent.mkdir()
    match format:
        case "csv":
            table.to_csv(path)
        case "parquet":
            table.to_parquet(path)
        case "netcdf":
            data = table.rename_axis("time").reset_index(drop=False)
            arrays = data.set_index("time").to_xarray() if not data.empty else data.to_xarray()
            arrays.to_netcdf(path)
    (folder / "a.csv").write_bytes(ATTRIBUTES)


@pytest.mark.parametrize("format", ["csv", "parquet", "netcdf"])
@fuzzed
@given(edits=EDITS)
def test_nothing_is_invented(format, edits):
    table = edited(weather(), edits)
    with tempfile.TemporaryDirectory() as name, within(60):
        folder = Path(name)
        save(table, format, folder)
        dataset = {"format": format, "path": f"{folder}/data", "attributes": f"{folder}/a.csv", "units": UNITS}
        study = {"study": "s", "periods": PERIODS, "datasets": {"d": dataset}, "training": {"warmup": WARMUP}}
        study["quality"] = {"max_filled_gap": LONGEST_GAP}
        try:
            data = ingest(load_study(study), "d_01")
        except BasinError as error:
            assert error.basin == "d_01"
            assert str(folder) in error.problem
            event(type(error).__name__)
            return
    event("read")
    notes = json.loads(data.attrs["checks"])
    there = table.replace(VALUES["mark"], np.nan).reindex(data.indexes["time"]).astype("float32")
    flow = there["streamflow"].where(there["streamflow"] >= 0)
    np.testing.assert_allclose(data["streamflow"], flow, rtol=1e-5, atol=1e-6)
    rain = there["precipitation"]
    np.testing.assert_allclose(data["precipitation"], rain.clip(lower=0).fillna(0), rtol=1e-5, atol=1e-6)
    assert any("missing steps of precipitation" in note for note in notes) == rain.isna().any()
    warm = there["temperature"]
    known = warm.notna().to_numpy()
    np.testing.assert_allclose(data["temperature"].values[known], warm[known], rtol=1e-5, atol=1e-4)
    assert warm.min() <= data["temperature"].min()
    assert data["temperature"].max() <= warm.max()
    for column in (rain, warm):
        blocks = column.isna().groupby(column.notna().cumsum()).sum()
        assert blocks.max() <= LONGEST_GAP
