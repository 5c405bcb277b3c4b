"""Ingestion of one basin: read, convert, check, fill, and compute what is missing."""

import json
import logging

import xarray as xr

from hydronexus.config import Dataset, Study
from hydronexus.errors import UnitsError, VariableMissingError
from hydronexus.forcing import catalogue, checks, gaps, radiation
from hydronexus.forcing.pet import potential_evapotranspiration
from hydronexus.forcing.readers import reader
from hydronexus.forcing.readers.files import unknown
from hydronexus.forcing.units import convert
from hydronexus.forcing.variables import REQUIRED, long_name_of, units_of

log = logging.getLogger(__name__)


def ingest(study: Study, basin: str) -> xr.Dataset:
    """Bring one basin's data to the canonical form.

    Parameters
    ----------
    study : Study
        Its datasets, periods, quality limits and warm-up.
    basin : str
        Full name, ``{dataset}_{id}``.

    Returns
    -------
    xarray.Dataset
        Dim time, regular, from the warm-up before the first period to the end of the last; float32.
        `precipitation`, `potential_evapotranspiration`, `streamflow` [mm per step], `temperature` [degC]
        where known, and what else the dataset brings. Forcing has no gaps; streamflow is NaN where missing.

    Raises
    ------
    BasinError
        One of the named errors of :mod:`hydronexus.errors`.
    """
    name, basin_id = catalogue.locate(study, basin)
    dataset, periods, quality = study.datasets[name], study.periods_of(name), study.quality
    notes: list[str] = []
    source = reader(dataset.format)
    known = source.list_basins(dataset)
    if basin_id not in known:
        raise unknown(basin, basin_id, known, dataset.path or dataset.format)
    raw = source.read(dataset, basin_id, basin)
    step = checks.regular_time(raw, basin)
    data = _canonical(raw, dataset, step, basin).assign_attrs(time_step_days=step)
    checks.periods_in_record(data, periods, basin)
    data = gaps.needed(data, periods, study.training.warmup)
    data = checks.streamflow_not_negative(data, notes)
    data = checks.possible(data, basin, notes)
    data = checks.precipitation_not_negative(data, basin, notes)
    data = checks.not_constant(data, basin, notes)
    data = _mean_temperature(data)
    data = checks.temperatures_in_order(data, basin, notes)
    checks.runoff_plausible(data, quality.max_runoff_ratio, basin)
    data = gaps.fill(data, quality.max_filled_gap, notes)
    data = gaps.complete(data, periods, quality.max_filled_gap, basin, notes)
    checks.periods_observed(data, periods, study.training.warmup, basin)
    data = radiation.whole_day(data, step, notes)
    method = "given by the dataset"
    if "potential_evapotranspiration" not in data:
        data["potential_evapotranspiration"], method = potential_evapotranspiration(data, step, basin)
    negative = int((data["potential_evapotranspiration"] < 0).sum())
    if negative:
        notes.append(f"potential_evapotranspiration: {negative} negative values (condensation) set to 0")
        data["potential_evapotranspiration"] = data["potential_evapotranspiration"].clip(min=0)
    if "temperature" not in data:
        notes.append("no temperature: the basin is run without snow")
    missing = int(data["streamflow"].isnull().sum())
    if missing:
        notes.append(f"streamflow is missing on {missing} of {data.sizes['time']} steps; they are not scored")
    for note in notes:
        log.info("%s: %s", basin, note)
    facts = {key: value for key, value in data.attrs.items() if key != "files"}
    facts |= {"basin": basin, "dataset": name, "pet_method": method, "checks": json.dumps(notes)}
    result = _labelled(data.astype("float32"))
    result.attrs = facts
    return result


def _canonical(raw: xr.Dataset, dataset: Dataset, step: float, basin: str) -> xr.Dataset:
    """All variables in canonical units; daily data are stamped at midnight."""
    for name in REQUIRED:
        if name not in raw:
            there = ", ".join(map(str, raw.data_vars)) or "nothing"
            raise VariableMissingError(
                basin, f"no {name} in {raw.attrs['files']}; found: {there}; name it in `variables`"
            )
    data = raw.copy()
    for name in map(str, raw.data_vars):
        target = units_of(name)
        units = dataset.units.get(name, raw[name].attrs.get("units"))
        file = raw[name].attrs.get("file", raw.attrs["files"])
        if target is None:
            data[name].attrs["units"] = units or "1"
            continue
        if not units:
            raise UnitsError(
                basin, f"{name} has no units in {file}; give them as `units: {{{name}: ...}}` of the dataset"
            )
        try:
            values = convert(raw[name].values, units, target, step, raw.attrs.get("area_km2"))
        except ValueError as error:
            raise UnitsError(
                basin, f"{name} in {file}: {error}; set `units: {{{name}: ...}}`{_area_cure(error)}"
            ) from None
        data[name] = raw[name].copy(data=values)
    if step == 1:
        data = data.assign_coords(time=data["time"].values.astype("datetime64[D]").astype("datetime64[ns]"))
    return data


def _area_cure(error: ValueError) -> str:
    return ", or area_km2 in a CSV given as `attributes`" if "area" in str(error) else " of the dataset"


def _mean_temperature(data: xr.Dataset) -> xr.Dataset:
    if "temperature" in data or "temperature_min" not in data or "temperature_max" not in data:
        return data
    mean = (data["temperature_min"] + data["temperature_max"]) / 2
    return data.assign(temperature=mean.assign_attrs(data["temperature_min"].attrs))


def _labelled(data: xr.Dataset) -> xr.Dataset:
    """Units and meaning on every variable, and nothing else."""
    for name in map(str, data.data_vars):
        units = units_of(name) or data[name].attrs["units"]
        data[name].attrs = {"units": units, "long_name": long_name_of(name)}
    data["time"].attrs = {"standard_name": "time", "long_name": "beginning of the time step"}
    return data
