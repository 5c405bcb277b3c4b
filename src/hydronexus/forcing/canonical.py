"""The variables every basin is brought to: name, units and meaning."""

UNITS = {
    "precipitation": "mm",
    "potential_evapotranspiration": "mm",
    "streamflow": "mm",
    "temperature": "degC",
    "temperature_min": "degC",
    "temperature_max": "degC",
    "shortwave_radiation": "W m-2",
    "vapour_pressure": "Pa",
    "relative_humidity": "%",
}
LONG_NAMES = {
    "precipitation": "precipitation per time step, catchment mean",
    "potential_evapotranspiration": "potential evapotranspiration per time step",
    "streamflow": "observed streamflow per time step and catchment area",
    "temperature": "mean air temperature",
    "temperature_min": "minimum air temperature",
    "temperature_max": "maximum air temperature",
    "shortwave_radiation": "incoming shortwave radiation, mean over the whole time step",
    "vapour_pressure": "vapour pressure",
    "relative_humidity": "relative humidity",
}
ESSENTIAL = ("precipitation", "potential_evapotranspiration", "temperature")


def units_of(name: str) -> str | None:
    """Canonical units of a variable, or None for one that keeps its own.

    >>> units_of("precipitation_stdev"), units_of("soil_moisture")
    ('mm', None)
    """
    if name in UNITS:
        return UNITS[name]
    family = name.split("_")[0]
    return {"precipitation": "mm", "temperature": "degC", "true": "mm"}.get(family)


def long_name_of(name: str) -> str:
    """Meaning of a variable in words."""
    return LONG_NAMES.get(name, name.replace("_", " "))


def is_forcing(name: str) -> bool:
    """Whether a model may read the variable: neither the observation nor a virtual basin's truth."""
    return name != "streamflow" and not name.startswith("true_")
