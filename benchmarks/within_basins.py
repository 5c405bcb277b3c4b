"""Two small cases of uneven rain within a basin, from data at hand.

`python benchmarks/within_basins.py moselle GRID.nc OUT.csv` writes the Moselle's mean forcing and streamflow for
config/shared_sample.yaml; its grid gives the heterogeneity.
`python benchmarks/within_basins.py cance RESULTS` says what four months of radar over the Cance show, from the
statistics of the default study (results/default).
"""

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

from hydronexus import archive
from hydronexus.precipitation import example
from hydronexus.precipitation.events import events
from hydronexus.precipitation.summary import averaged
from hydronexus.precipitation.unlikeness import spatial_cv
from hydronexus.response.contrast import contrast

HOURS = 3  # summed; at one hour, ten days of responses would have far more terms than there are storms
THRESHOLD = 0.1  # mm h-1 of a storm
DEPENDENT = np.timedelta64(10, "D")  # after a storm


def moselle(source: Path, out: Path) -> None:
    """Means over the cells' shares in the basin, and streamflow in mm."""
    grid = xr.open_dataset(source)
    mean = grid[["precip", "tavg", "pet"]].fillna(0).weighted(grid["frac"].fillna(0)).mean(("y", "x"))
    names = {"precip": "precipitation", "tavg": "temperature", "pet": "potential_evapotranspiration"}
    mean = mean.rename(names).assign(streamflow=grid["q_m3s"] * 86.4 / grid.attrs["area_km2"])
    out.parent.mkdir(parents=True, exist_ok=True)
    mean.to_dataframe()[[*names.values(), "streamflow"]].to_csv(out, index_label="date")


def cance(results: Path) -> None:
    """Observed runoff of uneven less even rain by gauge, with and without each of the largest storms."""
    for path in sorted((results / "precipitation").glob("cance_*.zarr.zip")):
        statistics = archive.read(path)
        sums = averaged(statistics[["mean", "cv"]], f"{HOURS}h")
        rain = sums["mean"].rename("precipitation").fillna(0)
        cv = spatial_cv(xr.Dataset({"precipitation": rain}, attrs={"time_step_days": HOURS / 24}), path)
        flow = example.streamflow()[path.name.removeprefix("cance_").removesuffix(".zarr.zip")]
        depth = flow.sel(time=slice(*statistics["time"][[0, -1]].values)) * 3.6 / statistics.attrs["area_km2"]
        summed = depth.resample(time=f"{HOURS}h").sum(min_count=HOURS).reindex(time=rain["time"])
        storms = events(statistics, THRESHOLD)
        print(f"{path.name}: {len(storms)} storms, {int(cv.notnull().sum())} rainy steps of {HOURS} h")
        _tell("all storms", rain, cv, summed)
        for storm in storms.nlargest(3, "depth").itertuples():
            near = (summed["time"] >= storm.start) & (summed["time"] <= storm.end + DEPENDENT)
            _tell(f"without {storm.start:%d %b}, {storm.depth:.0f} mm", rain, cv, summed.where(~near))


def _tell(title: str, rain: xr.DataArray, cv: xr.DataArray, flow: xr.DataArray) -> None:
    found = contrast(rain, cv, flow.values, np.zeros(flow.size), HOURS / 24)
    if found is None:
        print(f"  {title}: fewer rainy steps than a contrast needs")
        return
    value, error = (float(found[name][0]) for name in ("contrast_volume", "contrast_volume_error"))
    even, _, uneven = found["contrast_cv"].values
    print(f"  {title}: uneven (CV {uneven:.2f}) less even ({even:.2f}) {value:+.2f} ± {error:.2f} of rain")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cases = parser.add_subparsers(required=True, dest="case")
    first = cases.add_parser("moselle")
    first.add_argument("source", type=Path)
    first.add_argument("out", type=Path)
    cases.add_parser("cance").add_argument("results", type=Path)
    options = parser.parse_args()
    if options.case == "moselle":
        moselle(options.source, options.out)
    else:
        cance(options.results)
