"""Canonical variables: their units inside the package and how they may be filled."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """A canonical variable.

    Parameters
    ----------
    units : str
        Inside the package; `mm` stands for millimetres per time step.
    long_name : str
    required : bool
        Whether a basin without it ends.
    """

    units: str
    long_name: str
    required: bool = False


VARIABLES: dict[str, Variable] = {
    "precipitation": Variable("mm", "precipitation per time step", True),
    "potential_evapotranspiration": Variable("mm", "potential evapotranspiration per time step"),
    "streamflow": Variable("mm", "streamflow per time step", True),
    "temperature": Variable("degC", "mean air temperature"),
    "temperature_min": Variable("degC", "minimum air temperature"),
    "temperature_max": Variable("degC", "maximum air temperature"),
    "shortwave_radiation": Variable("W m-2", "incoming shortwave radiation"),
    "vapour_pressure": Variable("Pa", "vapour pressure"),
    "precipitation_stdev": Variable("mm", "standard deviation of precipitation over the catchment"),
    "precipitation_min": Variable("mm", "minimum of precipitation over the catchment"),
    "precipitation_median": Variable("mm", "median of precipitation over the catchment"),
    "precipitation_max": Variable("mm", "maximum of precipitation over the catchment"),
}
FORCING = (
    "precipitation", "potential_evapotranspiration", "temperature", "temperature_min", "temperature_max",
    "shortwave_radiation", "vapour_pressure",
)  # fmt: skip
