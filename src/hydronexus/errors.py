"""Errors a user can act on: each names the basin or key, what was found, and the cure."""


class HydronexusError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigurationError(HydronexusError):
    """The study's configuration is invalid; the study stops before any job."""


class GridError(HydronexusError):
    """A precipitation grid, or a raster beside it, cannot be read or is not what it should be."""


class DamagedResultError(HydronexusError):
    """A result of an earlier stage is not as it was written."""


class BasinError(HydronexusError):
    """Something is wrong with one basin; that basin is quarantined and the others go on.

    Parameters
    ----------
    basin : str
        Full basin name, ``{dataset}_{id}``.
    problem : str
        What was found, with the variable and the file, and what to do about it.
    """

    def __init__(self, basin: str, problem: str):
        super().__init__(f"basin {basin}: {problem}")
        self.basin = basin
        self.problem = problem

    def __reduce__(self):
        return type(self), (self.basin, self.problem)


class IrregularTimeError(BasinError):
    """Dates are duplicated, unsorted or not evenly spaced."""


class NegativePrecipitationError(BasinError):
    """Precipitation below zero."""


class TemperatureOrderError(BasinError):
    """Minimum temperature above maximum temperature."""


class ImpossibleValueError(BasinError):
    """A value that nature does not reach (infinite, a fill value, in other units), or a place not on Earth."""


class RunoffRatioError(BasinError):
    """Streamflow far above precipitation over years: a unit or area mistake."""


class ConstantSeriesError(BasinError):
    """A series that never changes, or has no value at all."""


class UnknownBasinError(BasinError):
    """The dataset holds no basin of this id."""


class PeriodError(BasinError):
    """A configured period lies outside the record, or holds no observed streamflow."""


class SourceMissingError(BasinError):
    """A file or folder that should hold the basin's data is not there."""


class SourceUnreadableError(BasinError):
    """A file is there but cannot be read as its format."""


class VariableMissingError(BasinError):
    """A variable is not in the file; the message lists what is."""


class UnitsError(BasinError):
    """Units are absent, unknown, or cannot be converted (for example m3/s without an area)."""


class ForcingGapError(BasinError):
    """Missing forcing over more steps than may be filled."""


class TrainingDivergedError(BasinError):
    """The loss or the weights of a member became non-finite."""


class NotDefinedError(HydronexusError):
    """A model cannot be run under some forcing, such as another time step than its own."""
