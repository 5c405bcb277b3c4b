"""What is recovered where the truth is known: `python benchmarks/recovery.py [--seeds K] [--catchments N] --json OUT`.

Trains the nexus model with its default settings on a grid of virtual catchments, compares every flux and store of the
closed loop with the truth in the test years, and calibrates the identifiability verdicts on the ensembles' spread.
"""

import argparse
import json
import os
from pathlib import Path

from skillstudy.basin import VIRTUAL_PERIODS, plain
from skillstudy.catchments import NOISE, RAIN, catchments, recover, table, tables_of
from skillstudy.run import Kept, show


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, metavar="K", help="members of every ensemble")
    parser.add_argument("--catchments", type=int, default=36, metavar="N", help="of the 36, spread over the grid")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes")
    parser.add_argument(
        "--json",
        type=Path,
        required=True,
        metavar="OUT",
        help="tables; OUT's .catchments is what a cut run goes on from",
    )
    options = parser.parse_args()
    settings = {"seeds": options.seeds, "periods": VIRTUAL_PERIODS, "noise": NOISE, "mean_rain": RAIN}
    kept = Kept(options.json.with_suffix(".catchments"), settings, ["catchments"])
    wanted = catchments(options.catchments)
    kept.complete("catchments", {name: (cell, options.seeds) for name, cell in wanted.items()}, recover, options.jobs)
    here = kept.of("catchments", wanted)
    shown, source = tables_of(table(here))
    for title, content in shown.items():
        show(title, content)
    print(f"\nFor evaluation/identifiability.py:\n\n{source}")
    tables = {title: plain(content.round(4).to_dict("records")) for title, content in shown.items()}
    options.json.write_text(
        json.dumps({"settings": settings, "catchments": len(here), "tables": tables}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
