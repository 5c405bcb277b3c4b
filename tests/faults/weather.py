"""Extreme weather and flow of made-up catchments: years of a plain one, and what is changed in it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

Table = pd.DataFrame
FIRST, LAST = "2000-01-01", "2004-12-31"
VALIDATION, TEST, TRAIN = slice("2001", "2001"), slice("2002", "2002"), slice("2003", "2004")


def plain(first: str = FIRST, last: str = LAST, step: str = "1D") -> Table:
    """Weather of every step [mm per day, degC], with the flow it leads to."""
    rng = np.random.default_rng(1)
    time = pd.date_range(first, f"{last} 23:59", freq=step, name="date")
    rain = np.where(rng.random(len(time)) < 0.4, rng.exponential(8, len(time)), 0.0)
    warm = 8 + 10 * np.sin((time.dayofyear - 100) * 2 * np.pi / 365.25) + rng.standard_normal(len(time))
    return flowing(Table({"precipitation": rain, "temperature": warm}, time))


def flowing(table: Table) -> Table:
    """The table with the flow [mm per day] of a reservoir that loses half of all rain."""
    days = (table.index[1] - table.index[0]) / pd.Timedelta("1D")
    flow, store = np.zeros(len(table)), 20.0
    for t, rain in enumerate(table["precipitation"]):
        flow[t] = 0.05 * store + 0.1 * rain
        store += (0.4 * rain - 0.05 * store) * days
    return table.assign(streamflow=flow)


def put(table: Table, column: str, where: slice | list[str], value: object) -> Table:
    """The table with other values on some days of one column."""
    table = table.copy()
    table.loc[where, column] = value
    return table


def raining(where: slice, value: float) -> Callable[[Table], Table]:
    """Other rain on some days, with the flow it leads to."""
    return lambda table: flowing(put(table, "precipitation", where, value))


def wetter(factor: float) -> Callable[[Table], Table]:
    """All rain times a factor, with the flow it leads to."""
    return lambda table: flowing(scaled("precipitation", factor)(table))


def flood(day: str) -> Callable[[Table], Table]:
    """Ten times the largest rain and flow of the record on one day."""

    def changed(table: Table) -> Table:
        for column in ("precipitation", "streamflow"):
            table = put(table, column, [day], 10 * table[column].max())
        return table

    return changed


def gap(column: str, *where: slice) -> Callable[[Table], Table]:
    """A block of missing values."""

    def changed(table: Table) -> Table:
        for days in where:
            table = put(table, column, days, np.nan)
        return table

    return changed


def only(column: str, *days: str) -> Callable[[Table], Table]:
    """All missing but some days."""
    return lambda table: table.assign(**{column: table[column].where(table.index.isin(pd.to_datetime(list(days))))})


def dry(*where: slice) -> Callable[[Table], Table]:
    """No flow on some days."""

    def changed(table: Table) -> Table:
        for days in where:
            table = put(table, "streamflow", days, 0.0)
        return table

    return changed


def ephemeral(table: Table) -> Table:
    """Flow after the largest twentieth of rains only."""
    rain = table["precipitation"]
    return table.assign(streamflow=0.2 * rain.where(rain > rain.quantile(0.95), 0.0))


def scaled(column: str, factor: float, shift: float = 0.0) -> Callable[[Table], Table]:
    """A column times a factor, and shifted."""
    return lambda table: table.assign(**{column: table[column] * factor + shift})
