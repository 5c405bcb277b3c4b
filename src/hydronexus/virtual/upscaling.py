"""Exact catchment-scale laws of field equations under heterogeneous rain or soil."""

import numpy as np
from scipy.special import gamma, gammaincc
from scipy.stats import norm


def excess_exponential_rain(rain, capacity, wet_fraction=1.0):
    """Mean rain above a capacity where point rain is exponential over a wetted fraction.

    E[(P-f)+] = p exp(-mu f / p)

    Parameters
    ----------
    rain : array_like
        Areal mean rain p [mm d-1].
    capacity : array_like
        Infiltration capacity f of every point [mm d-1].
    wet_fraction : array_like
        Wetted fraction mu of the area [-].

    References
    ----------
    Entekhabi and Eagleson 1989.

    Examples
    --------
    >>> round(float(excess_exponential_rain(10.0, 10.0)), 4)
    3.6788
    """
    rain = np.asarray(rain, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(rain > 0, rain * np.exp(-wet_fraction * capacity / rain), 0.0)


def excess_gamma_rain(rain, capacity, cv):
    """Mean rain above a capacity where point rain is gamma distributed (oracle O3).

    E[(P-f)+] = p Q(a+1, a f/p) - f Q(a, a f/p), a = 1/CV^2, Q the regularised upper incomplete gamma function.

    Parameters
    ----------
    rain : array_like
        Areal mean rain p [mm d-1].
    capacity : array_like
        Capacity f of every point [mm d-1].
    cv : float
        Spatial coefficient of variation of rain [-]; 0 is uniform rain.

    Examples
    --------
    >>> round(float(excess_gamma_rain(10.0, 10.0, 1.0)), 4)
    3.6788
    >>> float(excess_gamma_rain(12.0, 10.0, 0.0))
    2.0
    """
    rain = np.asarray(rain, float)
    if cv == 0:
        return np.maximum(rain - capacity, 0.0)
    shape = 1 / cv**2
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = shape * capacity / rain
        excess = rain * gammaincc(shape + 1, scaled) - capacity * gammaincc(shape, scaled)
    return np.where(rain > 0, excess, 0.0)


def excess_lognormal_rain(rain, capacity, cv):
    """Mean rain above a capacity where point rain is lognormal (oracle O4).

    p Phi(d1) - f Phi(d1 - s), s^2 = ln(1 + CV^2), d1 = (ln(p/f) + s^2/2)/s

    Parameters
    ----------
    rain, capacity : array_like
        [mm d-1], above zero.
    cv : float
        Above zero [-].
    """
    spread = np.sqrt(np.log1p(cv**2))
    d1 = (np.log(np.asarray(rain) / capacity) + spread**2 / 2) / spread
    return rain * norm.cdf(d1) - capacity * norm.cdf(d1 - spread)


def infiltration_exponential_capacity(rain, capacity):
    """Mean infiltration of uniform rain where capacities are exponential (oracle O5): f (1 - exp(-p/f)).

    Parameters
    ----------
    rain, capacity : array_like
        Rain p and mean capacity f [mm d-1].
    """
    return capacity * (1 - np.exp(-np.asarray(rain) / capacity))


def infiltration_gamma_rain_exponential_capacity(rain, capacity, cv, wet_fraction=1.0):
    """Mean infiltration of gamma rain over exponential capacities (oracle O7).

    mu f [1 - (1 + p/(mu a f))^-a], a = 1/CV^2. At CV 0 it is O5, at CV 1 the hyperbola p f/(p + f) (O6).

    Parameters
    ----------
    rain, capacity : array_like
        Areal mean rain p and mean capacity f [mm d-1].
    cv : float
        Spatial coefficient of variation of rain over the wet part [-].
    wet_fraction : float
        Wetted fraction mu [-].

    Examples
    --------
    >>> float(infiltration_gamma_rain_exponential_capacity(10.0, 10.0, 1.0))
    5.0
    """
    if cv == 0:
        return wet_fraction * infiltration_exponential_capacity(np.asarray(rain) / wet_fraction, capacity)
    shape = 1 / cv**2
    return wet_fraction * capacity * (1 - (1 + np.asarray(rain) / (wet_fraction * shape * capacity)) ** -shape)


def mean_power_gamma_rain(rain, exponent, cv):
    """Mean of P^n where P is gamma distributed (oracle O8): (p/a)^n Gamma(a+n)/Gamma(a), a = 1/CV^2.

    Parameters
    ----------
    rain : array_like
        Mean p.
    exponent : float
        n [-].
    cv : float
        Coefficient of variation above zero [-].

    Examples
    --------
    >>> round(float(mean_power_gamma_rain(3.0, 2.0, 1.0)), 6)
    18.0
    """
    shape = 1 / cv**2
    return (np.asarray(rain) / shape) ** exponent * gamma(shape + exponent) / gamma(shape)
