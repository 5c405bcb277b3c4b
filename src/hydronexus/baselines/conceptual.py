"""GR4J (hourly: GR4H) through hydrogr, with CemaNeige where there is temperature, calibrated on the training period."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from hydrogr import InputDataHandler, ModelGr4h, ModelGr4j

from hydronexus.baselines.calibration import Bounds, search
from hydronexus.baselines.snow import cemaneige
from hydronexus.config import Periods
from hydronexus.errors import BasinError, NotDefinedError

# X2 is the only one that may be negative, so it is not searched in logarithms.
BOUNDS: Bounds = {
    "X1": (10.0, 3000.0, True),
    "X2": (-10.0, 10.0, False),
    "X3": (1.0, 1000.0, True),
    "X4": (0.5, 10.0, True),
    "thermal": (0.0, 1.0, False),
    "melt": (0.5, 15.0, True),
}
SEARCH = {"popsize": 8, "maxiter": 80, "polish": False}


@dataclass(frozen=True)
class Conceptual:
    """GR4 with CemaNeige for one basin.

    Parameters
    ----------
    forcing : xarray.Dataset
        Canonical forcing, daily or hourly.
    snow : float
        Mean yearly snowfall [mm], a constant of the basin.
    """

    forcing: xr.Dataset
    snow: float

    @property
    def names(self) -> list[str]:
        """Parameters to calibrate; the last two are CemaNeige's."""
        return list(BOUNDS) if "temperature" in self.forcing else list(BOUNDS)[:4]

    def run(self, parameters: dict[str, float]) -> np.ndarray:
        """Streamflow of the whole record [mm per step]."""
        step = float(self.forcing.attrs["time_step_days"])
        rain = self.forcing["precipitation"].values.astype(float)
        if "temperature" in self.forcing:
            temperature = self.forcing["temperature"].values.astype(float)
            rain = cemaneige(rain, temperature, step, parameters["thermal"], parameters["melt"], self.snow)
        table = pd.DataFrame(
            {
                "precipitation": rain,
                "evapotranspiration": self.forcing["potential_evapotranspiration"].values.astype(float),
            },
            index=pd.DatetimeIndex(self.forcing["time"].values, freq="D" if step == 1 else "h"),
        )
        kind = ModelGr4j if step == 1 else ModelGr4h
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = kind({name: parameters[name] for name in ("X1", "X2", "X3", "X4")})
            return model.run(InputDataHandler(kind, table).data)["flow"].to_numpy()


def yearly_snow(forcing: xr.Dataset) -> float:
    """Mean yearly snowfall [mm] as CemaNeige parts precipitation; 0 without temperature."""
    if "temperature" not in forcing:
        return 0.0
    share = np.clip((3 - forcing["temperature"].values.astype(float)) / 4, 0, 1)
    years = forcing.sizes["time"] * float(forcing.attrs["time_step_days"]) / 365.25
    return float((share * forcing["precipitation"].values).sum() / years)


def calibrate(
    forcing: xr.Dataset, periods: Periods, warmup: int, basin: str
) -> tuple[Callable[[xr.Dataset], np.ndarray], dict[str, str]]:
    """Calibrate on the NSE of the training period by differential evolution.

    Parameters
    ----------
    forcing : xarray.Dataset
        Canonical forcing, daily or hourly.
    warmup : int
        Steps at the start of the record that are not scored.

    Returns
    -------
    run : callable
        Streamflow [mm per step], shape (1, time), under other forcing of the same time step; raises
        :class:`NotDefinedError` under another.
    facts : dict
        `parameters` and `calibration` (JSON).

    Raises
    ------
    BasinError
        The time step is neither a day nor an hour.

    References
    ----------
    Perrin et al. 2003 (GR4J); Valery et al. 2014 (CemaNeige).
    """
    if round(float(forcing.attrs["time_step_days"]) * 24) not in (1, 24):
        raise BasinError(basin, "GR4J needs daily or hourly data; take gr4j out of `baselines`")
    snow = yearly_snow(forcing)
    model = Conceptual(forcing, snow)
    best, facts = search(model.run, {name: BOUNDS[name] for name in model.names}, forcing, periods, warmup, SEARCH)

    def run(other: xr.Dataset) -> np.ndarray:
        if other.attrs["time_step_days"] != forcing.attrs["time_step_days"]:
            raise NotDefinedError("GR4 has its own parameters for every time step")
        return Conceptual(other, snow).run(best)[None]

    return run, facts
