"""Ingestion of one basin: read, convert, check, fill, and compute what is missing."""

import json
import logging

import xarray as xr

from hydronexus.config import Study
from hydronexus.errors import VariableMissingError
from hydronexus.forcing import catalogue, checks
from hydronexus.forcing.pet import potential_evapotranspiration
from hydronexus.forcing.readers import reader
from hydronexus.forcing.units import convert
from hydronexus.forcing.variables import FORCING, VARIABLES

log = logging.getLogger(__name__)


def ingest(study: Study, basin: str) -> xr.Dataset:
    """Bring one basin's data to the canonical form.

    Parameters
    ----------
    study : Study
    basin : str
        Full name, ``{dataset}_{id}``.

    Returns
    -------
    xarray.Dataset
        Dim time, float32: precipitation, potential_evapotranspiration, streamflow [mm per step], and what else the
        dataset brings; from the warm-up before the first period to the end of the last.

    Raises
    ------
    BasinError
        One of the named errors of :mod:`hydronexus.errors`.
    """
    name, basin_id = catalogue.basins(study)[basin]
    dataset, periods = study.datasets[name], study.periods_of(name)
    notes: list[str] = []
    raw = reader(dataset.format).read(dataset, basin_id, basin)
    step = checks.regular_time(raw, basin)
    for variable in (v for v, facts in VARIABLES.items() if facts.required and v not in raw):
        raise VariableMissingError(basin, f"{variable} is not mapped; the data hold: {', '.join(map(str, raw.data_vars))}")
    truth = {v: raw[v] for v in raw.data_vars if str(v).startswith("true_")}
    area = raw.attrs.get("area_km2")
    data = xr.Dataset(
        {v: convert(raw[v], str(v), step, area, basin) for v in raw.data_vars if v in VARIABLES}, attrs=raw.attrs
    )
    data = checks.streamflow_not_negative(data, notes)
    data = checks.trim(data, periods, study.training.warmup)
    checks.periods_covered(data, periods, study.training.warmup, basin)
    checks.precipitation_not_negative(data, basin)
    checks.not_constant(data[[v for v in (*FORCING, "streamflow") if v in data]], basin)
    data = checks.temperatures_in_order(data, basin, notes)
    checks.runoff_plausible(data, study.quality.max_runoff_ratio, basin)
    data = checks.fill_gaps(data, study.quality.max_filled_gap, basin, notes)
    if "temperature" not in data and "temperature_min" in data and "temperature_max" in data:
        data["temperature"] = (data["temperature_min"] + data["temperature_max"]) / 2
        data["temperature"].attrs = {"units": "degC", "long_name": VARIABLES["temperature"].long_name}
    method = "as given by the data"
    if "potential_evapotranspiration" not in data:
        demand, method = potential_evapotranspiration(data, step, basin)
        facts = VARIABLES["potential_evapotranspiration"]
        data["potential_evapotranspiration"] = demand.assign_attrs(units=facts.units, long_name=facts.long_name)
    if "temperature" not in data:
        notes.append("no temperature in the data: run without snow")
    missing = int(data["streamflow"].isnull().sum())
    if missing:
        notes.append(f"streamflow is missing on {missing} of {data.sizes['time']} steps; they are not scored")
    for note in notes:
        log.info("%s: %s", basin, note)
    data = data.assign({v: array.sel(time=data["time"]) for v, array in truth.items()}).astype("float32")
    kept = {k: v for k, v in raw.attrs.items() if k != "files"}
    data.attrs = kept | {
        "basin": basin,
        "dataset": name,
        "time_step_days": step,
        "pet_method": method,
        "checks": json.dumps(notes),
    }
    return data
