"""What the models are worth: `python benchmarks/skill.py --data FILE.nc --basins all|N|LIST [--seeds K] --json OUT`.

Trains and judges the nexus model, an LSTM, GR4J and the prescribed-law bucket on every basin, then compares variants of
the nexus model (benchmarks/variants.yaml) on some of them. Results are kept basin by basin: a run that was cut goes on.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
import yaml
from skillstudy import tables
from skillstudy.basin import PERIODS, VIRTUAL, measure, plain, vary

VARIANTS = Path(__file__).with_name("variants.yaml")


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


def each(tasks: Mapping[str, tuple], work: Callable[..., dict], jobs: int, title: str) -> Iterator[tuple[str, dict]]:
    """Results of tasks as they come, with progress; one that fails is told and left out."""
    with ProcessPoolExecutor(jobs) as pool:
        running = {pool.submit(work, *arguments): name for name, arguments in tasks.items()}
        for done, future in enumerate(as_completed(running), 1):
            name = running[future]
            try:
                result = plain(future.result())
            except Exception as error:  # one basin never stops the others
                result = {"left_out": f"{type(error).__name__}: {error}"}
            print(f"{title} {done}/{len(running)}: {name}", result.get("left_out", ""), flush=True)
            yield name, result


def show(title: str, table: pd.DataFrame) -> None:
    print(f"\n## {title}\n\n{table.to_markdown(index=table.index.name is not None, floatfmt='.3g')}", flush=True)


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
    parser.add_argument("--published", type=Path, metavar="CSV", help="test NSE of other models by basin")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes")
    parser.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="results, and what a cut run goes on from"
    )
    options = parser.parse_args()
    data, seeds = str(options.data.resolve()), options.seeds
    settings = {"data": options.data.name, "seeds": seeds, "periods": PERIODS}
    results: dict[str, Any] = {"settings": settings, "basins": {}, "left_out": {}, "variants": {}}
    if options.json.exists():
        kept = json.loads(options.json.read_text())
        if kept["settings"] != settings:
            raise SystemExit(f"{options.json} holds a study with other settings; give another --json")
        results |= kept

    def save() -> None:
        partial = options.json.with_suffix(".partial")
        partial.write_text(json.dumps(results))
        partial.replace(options.json)

    basins = chosen(options.data, options.basins)
    missing = [basin for basin in basins if basin not in results["basins"] and basin not in results["left_out"]]
    for basin, found in each({b: (data, b, seeds) for b in missing}, measure, options.jobs, "basin"):
        place, value = ("left_out", found["left_out"]) if "left_out" in found else ("basins", found)
        results[place][basin] = value
        save()
    judged = {basin: results["basins"][basin] for basin in basins if basin in results["basins"]}
    published = None
    if options.published:
        published = pd.read_csv(options.published, dtype={"basin": str}).set_index("basin").filter(like="NSE_")

    compare_variants(options, data, list(judged), results, save)
    shown = {
        f"Targets ({len(judged)} basins, {seeds} members)": tables.targets(judged),
        "Scores in the test period, median over basins (95 % bootstrap interval)": tables.scores(judged),
        "Closed loop less other models, test NSE": tables.paired(judged, published),
        "Share of basins that pass the physics probes": tables.probes(judged),
        "Intervals in the test years": tables.intervals(judged),
    }
    groups = yaml.safe_load(VARIANTS.read_text())
    for group, names in groups.items():
        found = {name: results["variants"][name] for name in ["default", *names] if results["variants"].get(name)}
        if len(found) > 1:
            shown[f"Variants: {group}"] = tables.variants(found)
    for title, table in shown.items():
        show(title, table)
    for basin, reason in results["left_out"].items():
        print(f"\nleft out: {basin}: {reason}")
    results["tables"] = {title: plain(table.reset_index().to_dict("records")) for title, table in shown.items()}
    save()


def compare_variants(options: argparse.Namespace, data: str, basins: list[str], results: dict, save: Callable) -> None:
    """Train every variant on some of the basins, evenly spread, and on catchments of known truth."""
    some = basins[:: max(1, len(basins) // options.variants)][: options.variants] if options.variants else []
    some += list(VIRTUAL) if some else []
    todo = {}
    for names in yaml.safe_load(VARIANTS.read_text()).values():
        for name, changes in names.items():
            known = results["variants"].setdefault(name, {})
            todo |= {f"{name} | {b}": (data, b, min(options.seeds, 3), changes) for b in some if b not in known}
    for key, found in each(todo, vary, options.jobs, "variant"):
        name, basin = key.split(" | ")
        if "left_out" not in found:
            results["variants"][name][basin] = found
            save()


if __name__ == "__main__":
    main()
