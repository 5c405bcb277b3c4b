"""What readers share: finding files, opening tables, and errors that say what is there."""

import difflib
from collections.abc import Iterable
from pathlib import Path

import lazy_loader

from hydronexus.errors import (
    IrregularTimeError,
    SourceMissingError,
    SourceUnreadableError,
    UnknownBasinError,
    VariableMissingError,
)

pd = lazy_loader.load("pandas")


def existing(path: Path, basin: str, what: str) -> Path:
    """The path, if it is there.

    Raises
    ------
    SourceMissingError
    """
    if not path.exists():
        raise SourceMissingError(basin, f"{what} not found at {path}; check `path` and the dataset's layout")
    return path


def unknown(basin: str, basin_id: str, known: Iterable[str], where: Path) -> UnknownBasinError:
    """The error for an id that a dataset does not hold, with the nearest ids it does."""
    known = list(known)
    near = [k for k in known if k.lstrip("0") == basin_id.lstrip("0")] or difflib.get_close_matches(basin_id, known, 3)
    hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return UnknownBasinError(basin, f"no basin {basin_id!r} among the {len(known)} in {where}{hint}")


def select(table, wanted: dict[str, str | list[str]], basin: str, path: Path):
    """Columns by canonical name; several source columns are averaged.

    Parameters
    ----------
    table : pandas.DataFrame
    wanted : dict
        Canonical name to one or several columns.

    Raises
    ------
    VariableMissingError
        Lists the columns that are there.
    """
    chosen = {}
    for name, columns in wanted.items():
        columns = [columns] if isinstance(columns, str) else columns
        missing = [column for column in columns if column not in table]
        if missing:
            raise VariableMissingError(
                basin,
                f"{name}: no column {', '.join(map(repr, missing))} in {path}; there are: {', '.join(map(str, table.columns))}",
            )
        chosen[name] = table[columns].astype("float64").mean(axis=1, skipna=False)
    return pd.DataFrame(chosen, index=table.index)


def read_csv(path: Path, basin: str, **options):
    """Read a text table.

    Raises
    ------
    SourceUnreadableError
    """
    try:
        return pd.read_csv(path, **options)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise SourceUnreadableError(basin, f"{path} cannot be read as a table: {error}") from None


def dated(table, basin: str, path: Path):
    """The table indexed by its time column (`date`, `time` or `datetime`, or the first).

    Raises
    ------
    IrregularTimeError
        The column holds no dates.
    """
    names = {str(column).lower(): column for column in table.columns}
    column = next((names[name] for name in ("date", "time", "datetime") if name in names), table.columns[0])
    try:
        return table.assign(**{column: pd.to_datetime(table[column])}).set_index(column)
    except (ValueError, TypeError) as error:
        raise IrregularTimeError(basin, f"column {column!r} of {path} does not hold dates: {error}") from None


def to_dataset(table, units: dict[str, str], attrs: dict):
    """A dataset with dim time from a table of canonical columns."""
    import xarray as xr

    dataset = xr.Dataset({name: ("time", table[name].to_numpy("float64")) for name in table}, {"time": table.index.values})
    for name, unit in units.items():
        if name in dataset:
            dataset[name].attrs["units"] = unit
    return dataset.assign_attrs({key: value for key, value in attrs.items() if value is not None})
