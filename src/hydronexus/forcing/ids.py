"""Basin ids as configured: a list, a file of ids, or all that a dataset holds."""

import csv
from pathlib import Path

from hydronexus.config import Dataset
from hydronexus.errors import ConfigurationError

HEADINGS = {"basin", "basin_id", "id", "gauge", "gauge_id", "station", "station_id", "site_no", "catchment"}


def configured(dataset: Dataset) -> list[str] | None:
    """Ids the configuration names, or None for all.

    Raises
    ------
    ConfigurationError
        If `basins` is neither a list, nor ``all``, nor a file of ids.
    """
    if not isinstance(dataset.basins, str):
        return list(dataset.basins)
    return None if dataset.basins == "all" else read_ids(Path(dataset.basins))


def read_ids(path: Path) -> list[str]:
    """Ids in the first column of a CSV or TXT file, as text; a heading and lines of # are skipped.

    Raises
    ------
    ConfigurationError
        If there is no such file, or an id in it is not allowed.
    """
    if not path.is_file():
        raise ConfigurationError(
            f"basins: found '{path}', which is neither `all` nor a list nor an existing CSV or TXT file"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
        delimiter = next((mark for mark in (";", "\t", ",") if mark in text), ",")
        rows = list(csv.reader(text.splitlines(), delimiter=delimiter))
    except (ValueError, csv.Error) as error:
        raise ConfigurationError(f"basins: {path} cannot be read as a table of ids: {error}") from None
    ids = [row[0].strip() for row in rows if row and row[0].strip() and not row[0].lstrip().startswith("#")]
    if ids and ids[0].lower() in HEADINGS:
        ids = ids[1:]
    if not ids:
        raise ConfigurationError(f"basins: no id in {path}; give one per line, in the first column")
    # The rules for ids in a list are the configuration's own.
    try:
        return list(Dataset(format="virtual", basins=ids).basins)
    except ValueError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"basins: in {path}: {message}") from None
