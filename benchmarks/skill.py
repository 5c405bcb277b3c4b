"""What the models are worth: `python benchmarks/skill.py --data FILE.nc --basins all|N|LIST [--seeds K] --json OUT`.

Trains and judges the nexus model, an LSTM, GR4J and the prescribed-law bucket on every basin, compares the nexus model
with the truth of virtual catchments, and its variants (benchmarks/variants.yaml) on some of the basins. Results are
kept piece by piece: a run that was cut goes on.
"""

import argparse
import os
from pathlib import Path

import pandas as pd
import xarray as xr
import yaml
from skillstudy import tables
from skillstudy.basin import PERIODS, VIRTUAL, measure, plain, vary
from skillstudy.catchments import catchments, recover, recovered, table
from skillstudy.run import Kept, show

VARIANTS = Path(__file__).with_name("variants.yaml")
LOG = Path(__file__).parents[1] / "docs/benchmarks/skill.md"  # its last section


def chosen(data: Path, wanted: str) -> list[str]:
    """Basin ids: all, a list, or N evenly spread over the ids, which go by hydrologic region."""
    with xr.open_dataset(data) as source:
        everything = [str(basin) for basin in source["basin"].values]
    if wanted == "all":
        return everything
    if wanted.isdigit() and len(wanted) < 5:
        count = min(int(wanted), len(everything))
        return [everything[index * len(everything) // count] for index in range(count)]
    basins = wanted.split(",")
    if unknown := sorted(set(basins) - set(everything)):
        raise SystemExit(f"{data} has no basin {', '.join(unknown)}; its first are {', '.join(everything[:3])}")
    return basins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE.nc", help="of the layout of the 432-basin file"
    )
    parser.add_argument("--basins", default="48", metavar="all|N|LIST", help="all, a number, or ids with commas")
    parser.add_argument("--seeds", type=int, default=5, metavar="K", help="members of every ensemble")
    parser.add_argument(
        "--variants", type=int, default=8, metavar="N", help="basins to compare variants on, 0 for none"
    )
    parser.add_argument(
        "--catchments", type=int, default=36, metavar="N", help="virtual catchments of known truth, 0 for none"
    )
    parser.add_argument("--published", type=Path, metavar="CSV", help="test NSE of other models by basin")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes")
    parser.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="results, and what a cut run goes on from"
    )
    options = parser.parse_args()
    data, seeds = str(options.data.resolve()), options.seeds
    settings = {"data": options.data.name, "seeds": seeds, "periods": PERIODS}
    kept = Kept(options.json, settings, ["basins", "variants", "catchments"])

    basins = chosen(options.data, options.basins)
    kept.complete("basins", {basin: (data, basin, seeds) for basin in basins}, measure, options.jobs)
    judged = kept.of("basins", basins)
    grid = catchments(options.catchments)
    kept.complete("catchments", {name: (cell, seeds) for name, cell in grid.items()}, recover, options.jobs)
    some = list(judged)[:: max(1, len(judged) // options.variants)][: options.variants] if options.variants else []
    some += list(VIRTUAL) if some else []
    groups = yaml.safe_load(VARIANTS.read_text())
    changes = {name: own for names in groups.values() for name, own in names.items()}
    tasks = {f"{name} | {b}": (data, b, min(seeds, 3), own) for name, own in changes.items() for b in some}
    kept.complete("variants", tasks, vary, options.jobs)

    published = None
    if options.published:
        published = pd.read_csv(options.published, dtype={"basin": str}).set_index("basin").filter(like="NSE_")
    shown = {
        f"Targets ({len(judged)} basins, {seeds} members)": tables.targets(judged),
        "Scores in the test period, median over basins (95 % bootstrap interval)": tables.scores(judged),
        "Closed loop less other models, test NSE": tables.paired(judged, published),
        "Share of basins that pass the physics probes": tables.probes(judged),
        "Intervals in the test years": tables.intervals(judged),
    }
    if truth := kept.of("catchments", grid):
        shown |= recovered(table(truth))
    for group, names in groups.items():
        found = {name: {b: kept.values["variants"].get(f"{name} | {b}") for b in some} for name in ["default", *names]}
        found = {name: {b: row for b, row in rows.items() if row} for name, rows in found.items()}
        if some:
            shown[f"Variants: {group}"] = tables.variants({name: rows for name, rows in found.items() if rows})
    for title, content in shown.items():
        show(title, content)
    print("\n" + LOG.read_text().partition("\n## What was tried")[2].strip())
    for name, reason in kept.values["left_out"].items():
        print(f"\nleft out: {name}: {reason}")
    kept.values["tables"] = {title: plain(content.reset_index().to_dict("records")) for title, content in shown.items()}
    kept.save()


if __name__ == "__main__":
    main()
