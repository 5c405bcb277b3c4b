"""Each check ends a basin with its own error, or mends and notes it."""

import json

import numpy as np
import pandas as pd
import pytest

from hydronexus.errors import (
    ConstantSeriesError,
    ForcingGapError,
    IrregularTimeError,
    NegativePrecipitationError,
    PeriodError,
    RunoffRatioError,
    TemperatureOrderError,
    UnitsError,
    VariableMissingError,
)
from hydronexus.forcing.ingest import ingest


def notes(data) -> str:
    return "; ".join(json.loads(data.attrs["checks"]))


def test_a_clean_record_has_nothing_to_note(csv_study, table):
    assert notes(ingest(csv_study(table), "mine_01")) == ""


def test_duplicated_dates_are_named(csv_study, table):
    twice = pd.concat([table.iloc[:100], table.iloc[99:]])
    with pytest.raises(IrregularTimeError, match=r"1 dates stand more than once in .*01.csv, first 2000-04-09"):
        ingest(csv_study(twice), "mine_01")


def test_unsorted_dates_are_named(csv_study, table):
    with pytest.raises(IrregularTimeError, match=r"not sorted .* first at 2000-01-01; sort"):
        ingest(csv_study(pd.concat([table.iloc[5:], table.iloc[:5]])), "mine_01")


def test_missing_dates_are_named(csv_study, table):
    with pytest.raises(IrregularTimeError, match=r"not evenly spaced .* from 2000-01-10 to 2000-01-13"):
        ingest(csv_study(table.drop(table.index[10:12])), "mine_01")


def test_a_row_without_a_date_is_named(csv_study, table):
    table.index = table.index.where(table.index != "2000-01-03")
    with pytest.raises(IrregularTimeError, match="row 3"):
        ingest(csv_study(table), "mine_01")


def test_negative_precipitation_ends_the_basin(csv_study, table):
    table.loc["2001-05-01":"2001-05-02", "precipitation"] = -1.5
    with pytest.raises(
        NegativePrecipitationError, match=r"mine_01: .*2 steps of .*01.csv, first 2001-05-01 \(-1.5 mm\)"
    ):
        ingest(csv_study(table), "mine_01")


def test_noise_of_packing_below_zero_becomes_zero(csv_study, table):
    table.loc["2001-05-01", "precipitation"] = -1e-4
    data = ingest(csv_study(table), "mine_01")
    assert float(data["precipitation"].sel(time="2001-05-01")) == 0
    assert "1 values" in notes(data)


def test_exchanged_minimum_and_maximum_temperature_end_the_basin(csv_study, table):
    table[["temperature_min", "temperature_max"]] = table[["temperature_max", "temperature_min"]].to_numpy()
    with pytest.raises(TemperatureOrderError, match=r"on 1460 of 1460 steps of .*, first 2000-01-02"):
        ingest(csv_study(table), "mine_01")


def test_a_few_crossed_temperatures_are_swapped(csv_study, table):
    table.loc["2001-07-01", ["temperature_min", "temperature_max"]] = [20.0, 19.5]
    data = ingest(csv_study(table), "mine_01")
    assert float(data["temperature_min"].sel(time="2001-07-01")) == 19.5
    assert "swapped on 1 steps" in notes(data)


def test_a_product_without_daily_range_falls_back_to_mean_temperature(csv_study, table):
    table["temperature_min"] = table["temperature_max"] = table["temperature"]
    data = ingest(csv_study(table), "mine_01")
    assert "temperature_min" not in data
    assert data.attrs["pet_method"].startswith("Oudin")


def test_streamflow_far_above_precipitation_points_to_units_and_area(csv_study, table):
    table["streamflow"] *= 30
    with pytest.raises(RunoffRatioError, match=r"times precipitation .*max_runoff_ratio is 2.*area \(120.5 km2\)"):
        ingest(csv_study(table), "mine_01")


@pytest.mark.parametrize("name", ["precipitation", "streamflow", "temperature"])
@pytest.mark.parametrize(("value", "words"), [(1.0, "is 1 on all"), (np.nan, "no value at all")])
def test_a_series_that_never_changes_ends_the_basin(csv_study, table, name, value, words):
    table[name] = value
    with pytest.raises(ConstantSeriesError, match=f"{name} .*{words}"):
        ingest(csv_study(table), "mine_01")


def test_an_extra_variable_without_values_is_left_out(csv_study, table):
    table["relative_humidity"] = np.nan
    units = {name: "degC" if name.startswith("temperature") else "mm" for name in table} | {"relative_humidity": "%"}
    data = ingest(csv_study(table, units=units), "mine_01")
    assert "relative_humidity" not in data
    assert "relative_humidity left out" in notes(data)


def test_a_period_outside_the_record_is_named(csv_study, table):
    with pytest.raises(
        PeriodError, match=r"train period 2003-01-01 to 2003-12-31 lies outside .* 2000-01-01 to 2003-06-01"
    ):
        ingest(csv_study(table[:"2003-06-01"]), "mine_01")


def test_a_period_without_streamflow_is_named(csv_study, table):
    table.loc["2002", "streamflow"] = np.nan
    with pytest.raises(
        PeriodError,
        match=r"no streamflow in the test period .*; it is observed from 2000-01-02 to 2003-12-31",
    ):
        ingest(csv_study(table), "mine_01")


def test_a_record_may_begin_inside_the_warm_up(csv_study, table):
    data = ingest(csv_study(table["2000-10-01":]), "mine_01")
    assert str(data["time"].values[0])[:10] == "2000-10-01"


def test_a_short_gap_is_filled_and_counted(csv_study, table):
    table.loc["2001-07-01":"2001-07-03", ["precipitation", "temperature"]] = np.nan
    before, after = table.loc[["2001-06-30", "2001-07-04"], "temperature"]
    data = ingest(csv_study(table), "mine_01").sel(time=slice("2001-07-01", "2001-07-03"))
    assert (data["precipitation"] == 0).all()
    np.testing.assert_allclose(data["temperature"], np.linspace(before, after, 5)[1:4], rtol=1e-5)
    assert "filled 3 missing steps of temperature by linear interpolation (longest gap 3)" in notes(data)


def test_a_long_gap_ends_the_basin(csv_study, table):
    table.loc["2001-07-01":"2001-07-03", "precipitation"] = np.nan
    with pytest.raises(ForcingGapError, match=r"missing on 3 steps from 2001-07-01 to 2001-07-03 .* at most 2"):
        ingest(csv_study(table, {"max_filled_gap": 2}), "mine_01")


def test_missing_forcing_outside_the_needed_span_is_of_no_concern(csv_study, weather):
    table = weather("1995-01-01", "2006-12-31")
    table.loc[:"1999-06-01", "precipitation"] = np.nan
    table.loc["2004-02-01":, "temperature"] = np.nan
    data = ingest(csv_study(table), "mine_01")
    assert [str(day)[:10] for day in data["time"].values[[0, -1]]] == ["2000-01-02", "2003-12-31"]


def test_missing_forcing_at_the_beginning_of_the_warm_up_is_cut(csv_study, table):
    table.loc[:"2000-03-31", "precipitation"] = np.nan
    data = ingest(csv_study(table), "mine_01")
    assert str(data["time"].values[0])[:10] == "2000-04-01"
    assert "begins on 2000-04-01" in notes(data)


def test_an_extra_variable_with_a_long_gap_is_left_out(csv_study, table):
    table.loc["2001-07-01":"2001-09-01", "temperature_min"] = np.nan
    data = ingest(csv_study(table), "mine_01")
    assert "temperature_min" not in data
    assert "temperature_min left out" in notes(data)


def test_missing_streamflow_survives_and_negative_becomes_missing(csv_study, table):
    table.loc["2001-07-01":"2001-09-08", "streamflow"] = np.nan
    table.loc["2002-07-01", "streamflow"] = -3.0
    data = ingest(csv_study(table), "mine_01")
    assert int(data["streamflow"].isnull().sum()) == 71
    assert "1 negative values taken as missing, first 2002-07-01" in notes(data)


def test_a_missing_variable_lists_what_is_there(csv_study, table):
    with pytest.raises(VariableMissingError, match=r"no streamflow in .*; found: precipitation, temperature"):
        ingest(csv_study(table.drop(columns="streamflow")), "mine_01")


def test_a_mapped_variable_that_is_not_in_the_file_lists_the_columns(csv_study, table):
    with pytest.raises(VariableMissingError, match=r"'rain'.*there are: precipitation"):
        ingest(csv_study(table, variables={"precipitation": "rain"}), "mine_01")


def test_absent_units_are_asked_for(csv_study, table):
    with pytest.raises(UnitsError, match=r"precipitation has no units in .*units: {precipitation"):
        ingest(csv_study(table, units={"streamflow": "mm/d"}), "mine_01")


def test_a_volume_flow_without_area_is_a_units_error(csv_study, table):
    units = dict.fromkeys(table, "degC") | {"precipitation": "mm/d", "streamflow": "m3/s"}
    with pytest.raises(UnitsError, match=r"streamflow .*area.*`attributes`"):
        ingest(csv_study(table, units=units, attributes=None), "mine_01")


def test_the_basins_error_survives_being_sent_between_processes(csv_study, table):
    import copy

    with pytest.raises(VariableMissingError) as caught:
        ingest(csv_study(table.drop(columns="precipitation")), "mine_01")
    assert str(copy.copy(caught.value)) == str(caught.value)
