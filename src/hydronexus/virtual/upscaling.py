"""Exact catchment-scale laws of field equations under heterogeneous rain or soil."""

import numpy as np
from scipy.special import gamma, gammainc, gammaincc, hyp1f1
from scipy.stats import binom, norm


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


def excess_uniform_rain(rain, capacity, wet_fraction=1.0):
    """Mean rain above a capacity where rain is even over a wetted fraction (oracle O2): (p - mu f)+."""
    return np.maximum(np.asarray(rain) - wet_fraction * capacity, 0.0)


def saturation_excess_exponential_rain(rain, content, mean_capacity, shape):
    """Mean saturation excess of Xinanjiang's curve over exponential storms (oracle O9).

    k - Wm + W0 + Wm (L/im)^(1+b) (L/k)/(2+b) exp(-L/k) 1F1(2+b; 3+b; L/k), L = im - i0, im = Wm (1+b)

    Parameters
    ----------
    rain, content, mean_capacity : array_like
        Mean storm k, water held W0 and mean capacity Wm [mm].
    shape : array_like
        b [-].
    """
    most = mean_capacity * (1 + shape)
    room = most * (1 - content / mean_capacity) ** (1 / (1 + shape))
    scaled = room / np.asarray(rain, float)
    kept = (room / most) ** (1 + shape) * scaled / (2 + shape) * np.exp(-scaled)
    return rain - mean_capacity + content + mean_capacity * kept * hyp1f1(2 + shape, 3 + shape, scaled)


def runoff_ratio_exponential_rain_gamma_soil(intensity, wet_fraction, contrast, mean_saturation, soil_shape):
    """Runoff over rain where rain is exponential and soil saturation gamma distributed (oracle O10).

    1 - g(al, lam) + exp(-mu I (1-v)) (lam / (lam + mu I v))^al g(al, lam + mu I v), lam = al / mean s, g the
    regularised lower incomplete gamma function, for capacities Ks (1 - v + v s) below saturation and none above.

    Parameters
    ----------
    intensity : array_like
        I, saturated conductivity Ks over mean rain [-].
    wet_fraction, contrast : array_like
        mu and v [-].
    mean_saturation, soil_shape : array_like
        Mean s and al of its distribution [-].

    References
    ----------
    Entekhabi and Eagleson 1989.
    """
    rate = soil_shape / mean_saturation
    faster = rate + wet_fraction * intensity * contrast
    dry = np.exp(-wet_fraction * intensity * (1 - contrast)) * (rate / faster) ** soil_shape
    return 1 - gammainc(soil_shape, rate) + dry * gammainc(soil_shape, faster)


def excess_by_time_step(depth, capacity, chance, parts):
    """Mean daily excess of exponential rain over a capacity, by parts of a day and by its sum (oracle O11).

    n w ph exp(-f/ph), and sum over k of Bin(k; n, w) [k ph Q(k+1, n f/ph) - n f Q(k, n f/ph)].

    Parameters
    ----------
    depth, capacity : float
        Mean rain ph of a wet part and capacity f of a part [mm].
    chance : float
        Chance w that a part is wet [-].
    parts : int
        n, of a day.

    Returns
    -------
    fine, coarse : float
        [mm d-1]; coarse is the smaller one, for a day's capacity makes up for its wettest hour.
    """
    wet = np.arange(1, parts + 1)
    limit = parts * capacity / depth
    excess = wet * depth * gammaincc(wet + 1, limit) - parts * capacity * gammaincc(wet, limit)
    fine = parts * chance * depth * np.exp(-capacity / depth)
    return float(fine), float(binom.pmf(wet, parts, chance) @ excess)


def evaporation_ratio_poisson_bucket(aridity, storage):
    """Evaporation over rain of a bucket under Poisson storms of exponential depth (oracle O12).

    (e^x - 1) / (e^x - 1/D), x = al (1 - 1/D)

    Parameters
    ----------
    aridity : array_like
        D, potential evapotranspiration over rain [-], not 1.
    storage : array_like
        al, capacity over mean storm depth [-].

    References
    ----------
    Milly 1993, doi 10.1029/93WR01934
    """
    grown = np.exp(storage * (1 - 1 / np.asarray(aridity, float)))
    return (grown - 1) / (grown - 1 / np.asarray(aridity, float))


def response_of_unlike_reservoirs(time, shape, rate):
    """Impulse response a b^a / (b + t)^(a+1) of parallel linear reservoirs with gamma distributed rates (oracle O13).

    Heterogeneity alone makes a heavy tail: -dQ/dt goes with Q^((a+2)/(a+1)), where each reservoir has exponent 1.

    Parameters
    ----------
    time, rate : array_like
        t and b [d].
    shape : array_like
        a [-].
    """
    return shape * rate**shape / (rate + np.asarray(time)) ** (shape + 1)
