"""Which basins a study has, and a cheap fingerprint of the files each comes from."""

import hashlib

from hydronexus.config import Study
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
            known = readers.reader(dataset.format).list_basins(dataset)
            chosen = ids.configured(dataset) or known
        except ConfigurationError as error:
            raise ConfigurationError(f"datasets.{name}.{error}") from None
        if not chosen:
            raise ConfigurationError(f"datasets.{name}.path: no basin found at {dataset.path} for format {dataset.format}")
        for basin_id in chosen:
            full = f"{name}_{basin_id}"
            if full in catalogue:
                other = catalogue[full]
                raise ConfigurationError(
                    f"datasets.{name}: basin '{basin_id}' and basin '{other[1]}' of datasets.{other[0]} would both be "
                    f"called {full}; rename one of the datasets"
                )
            catalogue[full] = (name, basin_id)
    return catalogue


def fingerprint(study: Study, basin: str) -> str:
    """Digest of name, size and modification time of a basin's files; a file that is absent counts as such.

    Parameters
    ----------
    basin : str
        Full name.
    """
    name, basin_id = _split(study, basin)
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


def _split(study: Study, basin: str) -> tuple[str, str]:
    """Dataset and id of a full name; the longest dataset name wins, as one may be the beginning of another."""
    names = [name for name in study.datasets if basin.startswith(f"{name}_")]
    if not names:
        raise KeyError(f"basin {basin} belongs to no dataset of the study")
    return max(names, key=len), ""
