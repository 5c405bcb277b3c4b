"""What readers share: finding files, opening tables, and errors that say what is there."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lazy_loader

from hydronexus.errors import (
    BasinError,
    ConfigurationError,
    ImpossibleValueError,
    SourceMissingError,
    SourceUnreadableError,
    UnknownBasinError,
    VariableMissingError,
)

pd = lazy_loader.load("pandas")
xr = lazy_loader.load("xarray")

TIME_NAMES = ("date", "time", "datetime", "timestamp")
EARTHLY = {"latitude": (-90, 90), "longitude": (-360, 360), "area_km2": (1e-6, 1e8)}
MISSING = (-999.0, -9999.0)  # marks for missing values where a generic file does not say


def folder_of(path: Path) -> Path:
    """A dataset's folder, if it is there.

    Raises
    ------
    ConfigurationError
        Says what stands in its place, for the `path` of the configuration.
    """
    if not path.is_dir():
        parent = next(parent for parent in path.parents if parent.is_dir())
        there = ", ".join(sorted(p.name for p in parent.iterdir())[:10]) or "nothing"
        raise ConfigurationError(f"path: no folder {path}; {parent} holds {there}")
    return path


def existing(path: Path, basin: str, what: str) -> Path:
    """The path of a basin's file, if it is there.

    Raises
    ------
    SourceMissingError
    """
    if not path.exists():
        raise SourceMissingError(basin, f"{what} not found at {path}; complete the dataset or leave the basin out")
    return path


def unknown(basin: str, basin_id: str, known: Iterable[str], where: Path | str) -> UnknownBasinError:
    """The error for an id that a dataset does not hold, with the nearest ids it does."""
    known = [str(other) for other in known]
    same = [other for other in known if _digits(other) == _digits(basin_id)]
    near = [] if same else difflib.get_close_matches(basin_id, known, n=3)
    hint = f"; did you mean {' or '.join(map(repr, same or near))}?" if same or near else ""
    lost = " Leading zeros were lost, as spreadsheets do; keep ids as text" if same else ""
    return UnknownBasinError(basin, f"no basin '{basin_id}' among the {len(known)} in {where}{hint}{lost}")


@contextmanager
def reading(path: Path, basin: str, kind: str, cure: str = "get it anew") -> Iterator[None]:
    """Whatever a library stumbles over in a damaged file becomes an error of the basin that names the file.

    Raises
    ------
    SourceUnreadableError
    """
    try:
        yield
    except (BasinError, MemoryError, PermissionError):
        raise
    except Exception as error:  # the libraries for netCDF, Parquet and ZIP raise nearly anything on damage
        raise SourceUnreadableError(
            basin, f"{path} cannot be read as {kind} ({error or type(error).__name__}); it may be damaged: {cure}"
        ) from None


def row_of(table: pd.DataFrame, key: str, basin_id: str, basin: str, path: Path) -> pd.DataFrame:
    """The one row of a basin in a table of attributes.

    Raises
    ------
    SourceUnreadableError
        There is no such column, or the basin stands more than once.
    UnknownBasinError
    """
    if key not in table:
        raise SourceUnreadableError(
            basin, f"{path} has no column '{key}'; there are: {', '.join(map(str, table.columns))}"
        )
    row = table[table[key] == basin_id]
    if row.empty:
        raise unknown(basin, basin_id, table[key].dropna(), path)
    if len(row) > 1:
        raise SourceUnreadableError(basin, f"'{basin_id}' stands {len(row)} times in {path}; keep one row of each")
    return row


def place(
    path: Path, what: str, columns: Mapping[str, str], basin_id: str, basin: str, key: str = "gauge_id"
) -> dict[str, float]:
    """Area, coordinates and so on of one basin from a dataset's table of attributes; empty ones are left out.

    Parameters
    ----------
    what : str
        The table, in words.
    columns : mapping of str
        Column by canonical name.

    Raises
    ------
    SourceMissingError, SourceUnreadableError, UnknownBasinError, VariableMissingError, ImpossibleValueError
    """
    table = read_csv(existing(path, basin, what), basin, dtype={key: str})
    values = select(row_of(table, key, basin_id, basin, path), columns, basin, path).iloc[0].to_dict()
    return on_earth({name: value for name, value in values.items() if math.isfinite(value)}, basin, path)


def on_earth(facts: dict[str, Any], basin: str, path: Path) -> dict[str, Any]:
    """The same facts, where coordinates and area can be those of a catchment.

    Raises
    ------
    ImpossibleValueError
    """
    for name, (low, high) in EARTHLY.items():
        value = facts.get(name)
        if value is not None and not low <= value <= high:
            raise ImpossibleValueError(
                basin, f"{name} is {value:g} in {path}; it should lie between {low:g} and {high:g}: correct it"
            )
    return facts


def _digits(basin_id: str) -> str:
    """An id without leading zeros, as a spreadsheet leaves it."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", basin_id)


def select(table: pd.DataFrame, wanted: Mapping[str, str | list[str]], basin: str, path: Path) -> pd.DataFrame:
    """Columns by canonical name; several source columns are averaged.

    Parameters
    ----------
    table : pandas.DataFrame
    wanted : mapping
        Canonical name to one or several columns.

    Raises
    ------
    VariableMissingError
        Lists the columns that are there.
    SourceUnreadableError
        A column holds text.
    """
    chosen = {}
    for name, columns in wanted.items():
        columns = [columns] if isinstance(columns, str) else columns
        missing = [column for column in columns if column not in table]
        if missing:
            raise VariableMissingError(
                basin,
                f"{name}: no column {', '.join(map(repr, missing))} in {path}; there are: "
                f"{', '.join(map(str, table.columns))}",
            )
        try:
            chosen[name] = table[columns].astype("float64").mean(axis=1, skipna=False)
        except (ValueError, TypeError) as error:
            raise SourceUnreadableError(
                basin, f"{name}: {', '.join(columns)} in {path} is not numeric: {error}"
            ) from None
    return pd.DataFrame(chosen, index=table.index)


def read_csv(path: Path, basin: str, **options) -> pd.DataFrame:
    """Read a text table; its separator, and decimal commas, are told from the first two lines.

    Raises
    ------
    SourceUnreadableError
    """
    try:
        if "sep" not in options:
            with path.open(encoding="utf-8-sig") as file:
                heading, row = file.readline(), file.readline()
            options["sep"] = next((mark for mark in (";", "\t", ",") if mark in heading), ",")
            options["decimal"] = "," if options["sep"] != "," and re.search(r"\d,\d", row) else "."
        return pd.read_csv(path, **options)
    except ValueError as error:
        raise SourceUnreadableError(basin, f"{path} cannot be read as a table: {error}") from None


def dated(table: pd.DataFrame, basin: str, path: Path) -> pd.DataFrame:
    """The table indexed by its time column (one of TIME_NAMES, or the first), without time zone.

    Raises
    ------
    SourceUnreadableError
        The column holds no dates.
    """
    if not len(table.columns):
        raise SourceUnreadableError(basin, f"{path} holds no columns")
    names = {str(column).lower(): column for column in table.columns}
    column = next((names[name] for name in TIME_NAMES if name in names), table.columns[0])
    try:
        if pd.api.types.is_numeric_dtype(table[column]):
            raise ValueError("numbers")
        time = pd.DatetimeIndex(pd.to_datetime(table[column]))
    except (ValueError, TypeError, OverflowError) as error:
        raise SourceUnreadableError(
            basin, f"column {column!r} of {path} does not hold dates such as 2001-12-31: {error}"
        ) from None
    return table.drop(columns=column).set_axis(time.tz_localize(None), axis=0)


def to_dataset(table: pd.DataFrame, units: Mapping[str, str], path: Path, attrs: Mapping) -> xr.Dataset:
    """A dataset with dim time from a table of canonical columns; unknown attributes (None) are left out.

    Parameters
    ----------
    units : mapping
        Units of the columns by canonical name.
    path : Path
        The file, for messages.
    """
    dataset = xr.Dataset(
        {name: ("time", table[name].to_numpy("float64")) for name in table}, {"time": table.index.values}
    )
    for name in dataset.data_vars:
        if name in units:
            dataset[name].attrs["units"] = units[name]
    known = {key: value for key, value in attrs.items() if value is not None}
    return dataset.assign_attrs(known | {"files": str(path)})


def unmark(dataset: xr.Dataset) -> xr.Dataset:
    """Missing where a generic file holds one of the usual marks without declaring it."""
    return dataset.assign({name: array.where(~array.isin(MISSING)) for name, array in dataset.data_vars.items()})
