"""Choice of the year that is shown."""

import numpy as np

from hydronexus.config import Periods
from hydronexus.figures.selection import typical_year
from tests.builders import build_basin

THREE_YEARS = Periods(
    train=("2000-10-01", "2001-09-30"),
    validation=("2001-10-01", "2002-09-30"),
    test=("2002-10-01", "2005-09-29"),
)


def rain(forcing, *amounts):
    """The forcing with the given daily rain in each of three years from October 2002."""
    forcing = forcing.copy(deep=True)
    start = int(np.searchsorted(forcing["time"].values, np.datetime64("2002-10-01")))
    for i, amount in enumerate(amounts):
        forcing["precipitation"][start + 365 * i : start + 365 * (i + 1)] = amount
    return forcing


def test_the_year_of_median_rain_is_chosen():
    year = typical_year(rain(build_basin().forcing, 9, 1, 4), THREE_YEARS)
    assert year.start == np.datetime64("2004-09-30")
    assert (year.stop - year.start) / np.timedelta64(1, "D") == 364


def test_a_year_without_observations_is_passed_over():
    forcing = rain(build_basin().forcing, 9, 1, 4)
    forcing["streamflow"].loc[{"time": slice("2004-09-30", "2005-09-30")}] = np.nan
    assert typical_year(forcing, THREE_YEARS).start != np.datetime64("2004-09-30")


def test_a_test_period_shorter_than_a_year_is_shown_whole():
    short = THREE_YEARS.model_copy(update={"test": (np.datetime64("2004-01-01"), np.datetime64("2004-03-31"))})
    year = typical_year(build_basin().forcing, short)
    assert (year.start, year.stop) == (np.datetime64("2004-01-01"), np.datetime64("2004-03-31"))
