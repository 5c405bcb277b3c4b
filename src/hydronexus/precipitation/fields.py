"""Virtual rain over a grid whose distribution, correlation and motion are known."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import dask.array as da
import numpy as np
import pandas as pd
import xarray as xr
from scipy import fft, special

MARGIN = 8  # correlation lengths between a field and its periodic image
NODES = 400  # of numerical integrals over the normal distribution
TAIL = 7.0  # standard deviations, beyond which the normal distribution is left out
TERMS = 60  # of the Hermite series of a transformed normal variable


@dataclass(frozen=True)
class VirtualRain:
    """Gamma rain in part of the area, with exponential correlation beneath, that moves unchanged until the storm ends.

    A normal field g with correlation exp(-h / L) becomes rain r = Q((Phi(g) - (1 - mu)) / mu) where Phi(g) > 1 - mu,
    else 0, with Q the quantiles of a gamma distribution.

    Parameters
    ----------
    mean : float
        Areal mean, dry area included [mm per step].
    conditional_cv : float
        CV of rain in the wet area [-]; the gamma distribution's shape is its square's inverse.
    wet_fraction : float
        Wet share of the area [-], above 0 to 1.
    correlation_length : float
        L [km].
    cell_size : float
        [km]
    motion : tuple of float
        Motion along x and y [km per step]; each step's displacement since the storm began is rounded to whole cells.
    duration : int
        Steps of a storm; each is independent of the others. With 1 all steps are.
    seed : int
    """

    mean: float = 1.0
    conditional_cv: float = 1.0
    wet_fraction: float = 1.0
    correlation_length: float = 10.0
    cell_size: float = 1.0
    motion: tuple[float, float] = (0.0, 0.0)
    duration: int = 1
    seed: int = 0

    def field(self, steps: int, rows: int, columns: int, chunks: tuple[int, int, int] | str = "auto") -> xr.DataArray:
        """Rain on a grid, lazily.

        Parameters
        ----------
        steps, rows, columns : int
        chunks : tuple of int or "auto"
            Values do not depend on it; a chunk needs one periodic field in memory.

        Returns
        -------
        xarray.DataArray
            Dims time (hourly), y (ascending) and x, float32 [mm]; y and x are cell centres [km].
        """
        shape = steps, rows, columns
        chunks = da.core.normalize_chunks(chunks, shape, dtype=np.float32)
        values = da.map_blocks(_block, rain=self, shape=(rows, columns), chunks=chunks, dtype=np.float32)
        coordinates = {
            "time": pd.date_range("2000-01-01", periods=steps, freq="h"),
            "y": ("y", self.cell_size * (np.arange(rows) + 0.5), {"units": "km"}),
            "x": ("x", self.cell_size * (np.arange(columns) + 0.5), {"units": "km"}),
        }
        return xr.DataArray(values, coordinates, ("time", "y", "x"), name="precipitation", attrs={"units": "mm"})

    def correlation(self, distance: np.ndarray) -> np.ndarray:
        """Correlation of rain at places so far apart [km].

        The normal field's correlation rho becomes sum over k >= 1 of c_k^2 rho^k / sum of c_k^2, with c_k the Hermite
        coefficients of the transformation (Matheron 1976).
        """
        power = self._hermite**2
        rho = np.exp(-np.asarray(distance, float) / self.correlation_length)
        return np.polynomial.polynomial.polyval(rho, np.append(0, power / power.sum()))

    @property
    def shape(self) -> float:
        """Shape of the gamma distribution of rain in the wet area [-]."""
        return self.conditional_cv**-2

    @property
    def cv(self) -> float:
        """CV of rain, dry area included: 1 + CV^2 = (1 + CVc^2) / mu [-]."""
        return np.sqrt((1 + self.conditional_cv**2) / self.wet_fraction - 1)

    @property
    def gini(self) -> float:
        """Gini index of rain: 1 - mu (1 - Gw), with Gw = Gamma(a + 1/2) / (sqrt(pi) Gamma(a + 1)) [-]."""
        wet = np.exp(special.gammaln(self.shape + 0.5) - special.gammaln(self.shape + 1)) / np.sqrt(np.pi)
        return 1 - self.wet_fraction * (1 - wet)

    @property
    def theil(self) -> float:
        """Theil index of rain: psi(a + 1) - ln a - ln mu [-]."""
        return special.digamma(self.shape + 1) - np.log(self.shape) - np.log(self.wet_fraction)

    def quantile(self, share: np.ndarray) -> np.ndarray:
        """Rain that is not exceeded on a share of the area [mm per step]."""
        among_wet = np.clip((np.asarray(share) - (1 - self.wet_fraction)) / self.wet_fraction, 0, 1)
        return special.gammaincinv(self.shape, among_wet) * self.mean / self.wet_fraction / self.shape

    @cached_property
    def _hermite(self) -> np.ndarray:
        # Gauss-Legendre above the kink where rain sets in, in normalised Hermite polynomials.
        kink = np.clip(special.ndtri(1 - self.wet_fraction), -TAIL, TAIL)
        node, weight = np.polynomial.legendre.leggauss(NODES)
        z = kink + (TAIL - kink) * (node + 1) / 2
        weight = weight * (TAIL - kink) / 2 * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        rain = self.quantile(special.ndtr(z))
        before, polynomial, found = np.zeros_like(z), np.ones_like(z), []
        for k in range(TERMS):
            before, polynomial = polynomial, (z * polynomial - np.sqrt(k) * before) / np.sqrt(k + 1)
            found.append((weight * rain * polynomial).sum())
        return np.array(found)


def variance_factor(ratio: float) -> float:
    """Variance of the mean along a line over the variance at a place, for exponential correlation.

    2 (x - 1 + exp(-x)) / x^2 [-], with x the line's length over the correlation length.

    References
    ----------
    Rodriguez-Iturbe and Mejia 1974, doi 10.1029/WR010i004p00729
    """
    return 2 * (ratio - 1 + np.exp(-ratio)) / ratio**2


@lru_cache(maxsize=4)
def _storm(rain: VirtualRain, shape: tuple[int, int], storm: int) -> np.ndarray:
    """Periodic field of one storm, float32.

    Normal noise filtered so that its covariance is exact but for the period (circulant embedding; Dietrich and Newsam
    1993, doi 10.1029/93WR00070).
    """
    margin = int(np.ceil(MARGIN * rain.correlation_length / rain.cell_size))
    period = [fft.next_fast_len(size + margin) for size in shape]
    y, x = (rain.cell_size * np.minimum(np.arange(size), size - np.arange(size)) for size in period)
    covariance = np.exp(-np.hypot(y[:, None], x) / rain.correlation_length)
    power = np.maximum(fft.rfft2(covariance).real, 0)
    noise = np.random.default_rng([rain.seed, storm]).standard_normal(period)
    normal = fft.irfft2(np.sqrt(power) * fft.rfft2(noise), period)
    return rain.quantile(special.ndtr(normal)).astype(np.float32)


def _block(rain: VirtualRain, shape: tuple[int, int], block_info: dict) -> np.ndarray:
    """Rain of one chunk: the storms' fields, moved."""
    (start, stop), rows, columns = block_info[None]["array-location"]
    found = np.empty((stop - start, rows[1] - rows[0], columns[1] - columns[0]), np.float32)
    for step in range(start, stop):
        storm, age = divmod(step, rain.duration)
        field = _storm(rain, shape, storm)
        moved = [int(np.rint(age * way / rain.cell_size)) for way in rain.motion[::-1]]
        row, column = (
            (np.arange(*span) - shift) % period
            for span, shift, period in zip((rows, columns), moved, field.shape, strict=True)
        )
        found[step - start] = field[row[:, None], column]
    return found
