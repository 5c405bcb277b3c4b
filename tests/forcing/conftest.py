"""Small files in the layouts of real datasets, and studies that point at them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hydronexus.config import Study, load_study

PERIODS = {
    "validation": ["2001-01-01", "2001-12-31"],
    "test": ["2002-01-01", "2002-12-31"],
    "train": ["2003-01-01", "2003-12-31"],
}
UNITS = {
    "precipitation": "mm/d", "potential_evapotranspiration": "mm/d", "streamflow": "mm/d",
    "temperature": "degC", "temperature_min": "degC", "temperature_max": "degC",
}  # fmt: skip


def make_weather(start: str = "2000-01-01", end: str = "2003-12-31", freq: str = "D", seed: int = 1) -> pd.DataFrame:
    """A plausible record: rain, temperatures [degC], and flow, in mm per step."""
    time = pd.date_range(start, pd.Timestamp(end) + pd.Timedelta(days=1), freq=freq, inclusive="left", name="date")
    random = np.random.default_rng(seed)
    part = (time[1] - time[0]) / pd.Timedelta(days=1)
    rain = random.gamma(0.4, 12.0, time.size) * (random.random(time.size) < 0.4) * part
    flow = 0.5 * pd.Series(rain).ewm(halflife=6 / part).mean().to_numpy() + 0.1 * part
    mean = 10 - 9 * np.cos(2 * np.pi * (time.dayofyear - 20) / 365.25) + random.normal(0, 1, time.size)
    mean = mean - 4 * np.cos(2 * np.pi * (time.hour - 3) / 24) * (part < 1)
    columns = {
        "precipitation": rain,
        "temperature": mean,
        "temperature_min": mean - 4,
        "temperature_max": mean + 5,
    }
    return pd.DataFrame(columns | {"streamflow": flow}, time).round(4)


@pytest.fixture
def table() -> pd.DataFrame:
    """Four years of daily weather and flow."""
    return make_weather()


@pytest.fixture
def csv_study(tmp_path: Path):
    """Write a table as the CSV of basin 01 and return a study of it; keywords go to the dataset."""

    def build(table: pd.DataFrame, quality: dict | None = None, **settings) -> Study:
        folder = tmp_path / "csv"
        folder.mkdir(exist_ok=True)
        table.to_csv(folder / "01.csv")
        attributes = tmp_path / "attributes.csv"
        attributes.write_text("basin,area_km2,latitude,elevation_m\n01,120.5,47.5,600\n")
        dataset = {
            "format": "csv",
            "path": str(folder),
            "units": UNITS,
            "attributes": str(attributes),
        } | settings
        return load_study({"study": "s", "periods": PERIODS, "datasets": {"mine": dataset}, "quality": quality or {}})

    return build


@pytest.fixture
def weather():
    """The maker of records, for other spans and steps."""
    return make_weather


@pytest.fixture
def periods() -> dict:
    """The split of all small studies."""
    return PERIODS
