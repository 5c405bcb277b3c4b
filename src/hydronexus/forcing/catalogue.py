"""Which basins a study has, and a cheap fingerprint of the files each comes from."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from hydronexus.config import Study, fit_for_files
from hydronexus.errors import ConfigurationError
from hydronexus.forcing import ids, readers


def basins(study: Study) -> dict[str, tuple[str, str]]:
    """Full name of every basin, to its dataset and its id there.

    Raises
    ------
    ConfigurationError
        If a dataset's path or file of basins is missing, or two basins would share a name.
    """
    catalogue: dict[str, tuple[str, str]] = {}
    for name, dataset in study.datasets.items():
        try:
            root = dataset.path and _root(dataset.path)
            if root and not root.exists():
                raise ConfigurationError(f"path: no file or folder {root}; it should hold {dataset.format} data")
            known = readers.reader(dataset.format).list_basins(dataset)
            chosen = ids.configured(dataset) or [_usable(own, dataset.path) for own in known]
        except ConfigurationError as error:
            raise ConfigurationError(f"datasets.{name}.{error}") from None
        except OSError as error:  # a name that is too long, a folder that may not be listed
            raise ConfigurationError(f"datasets.{name}.path: {error}") from None
        if not chosen:
            raise ConfigurationError(
                f"datasets.{name}.path: no basin found at {dataset.path} for format {dataset.format}"
            )
        for basin_id in chosen:
            full = f"{name}_{basin_id}"
            if full in catalogue:
                other = catalogue[full]
                raise ConfigurationError(
                    f"datasets.{name}: basin '{basin_id}' and basin '{other[1]}' of datasets.{other[0]} "
                    f"would both be "
                    f"called {full}; rename one of the datasets"
                )
            catalogue[full] = (name, basin_id)
    return catalogue


def _usable(basin_id: str, path: Path | None) -> str:
    """An id that a dataset's files bring, if files can be named after it."""
    try:
        return fit_for_files(basin_id)
    except ValueError as error:
        raise ConfigurationError(f"path: in {path}: {error}; rename it, or name the ids you want in `basins`") from None


def cohorts(names: Iterable[str], count: int) -> dict[str, list[str]]:
    """Basins that train together: by a hash of their name, so that a new basin moves no other.

    Parameters
    ----------
    names : iterable of str
    count : int
        Cohorts; those that no basin falls into are left out.
    """
    members: dict[str, list[str]] = {}
    for name in sorted(names) if count else []:
        place = int(hashlib.sha256(name.encode()).hexdigest(), 16) % count
        members.setdefault(str(place), []).append(name)
    return members


def _root(path: Path) -> Path:
    """The part of a path before any `{basin}`."""
    return next((parent for parent in (path, *path.parents) if "{basin}" not in str(parent)), path)


def locate(study: Study, basin: str) -> tuple[str, str]:
    """Dataset and id of a full name, without listing the datasets unless the name is ambiguous.

    Raises
    ------
    KeyError
        If the study has no such basin.
    """
    names = [name for name in study.datasets if basin.startswith(f"{name}_")]
    if len(names) == 1:
        return names[0], basin.removeprefix(f"{names[0]}_")
    return basins(study)[basin]


def fingerprint(study: Study, basin: str) -> str:
    """Digest of name, size and modification time of a basin's files; a file that is absent counts as such.

    Parameters
    ----------
    basin : str
        Full name.

    Raises
    ------
    KeyError
        If the study has no such basin.
    """
    name, basin_id = locate(study, basin)
    dataset = study.datasets[name]
    digest = hashlib.sha256()
    for path in readers.reader(dataset.format).sources(dataset, basin_id):
        try:
            facts = path.stat()
            seen = f"{path}|{facts.st_size}|{facts.st_mtime_ns}\n"
        except OSError:
            seen = f"{path}|absent\n"
        digest.update(seen.encode())
    return digest.hexdigest()[:16]
