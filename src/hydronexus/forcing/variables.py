"""Canonical variables: their units inside the package, what they mean, and what may happen to their gaps."""

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
    "precipitation": "precipitation per time step",
    "precipitation_stdev": "standard deviation of precipitation over the catchment",
    "precipitation_min": "minimum of precipitation over the catchment",
    "precipitation_median": "median of precipitation over the catchment",
    "precipitation_max": "maximum of precipitation over the catchment",
    "potential_evapotranspiration": "potential evapotranspiration per time step",
    "streamflow": "observed streamflow per time step and catchment area",
    "temperature": "mean air temperature",
    "temperature_min": "minimum air temperature",
    "temperature_max": "maximum air temperature",
    "shortwave_radiation": "incoming shortwave radiation, mean over the whole time step",
}
REQUIRED = ("precipitation", "streamflow")
ESSENTIAL = (
    "precipitation",
    "potential_evapotranspiration",
    "temperature",
)  # a model cannot go without these


def units_of(name: str) -> str | None:
    """Canonical units of a variable, or None for one that keeps its own; `mm` is per time step.

    >>> units_of("precipitation_stdev"), units_of("soil_moisture")
    ('mm', None)
    """
    family = {"precipitation": "mm", "temperature": "degC", "true": "mm"}
    return UNITS.get(name, family.get(name.split("_")[0]))


def long_name_of(name: str) -> str:
    """Meaning of a variable in words."""
    return LONG_NAMES.get(name, name.replace("_", " "))


def is_forcing(name: str) -> bool:
    """Whether a model may read the variable: it is neither the observation nor a virtual basin's truth."""
    return name != "streamflow" and not name.startswith("true_")
