"""Can the method tell what deforms a law: `python benchmarks/claims.py [--quick] [--seeds K] --json OUT`.

Trains the nexus model on virtual catchments that are alike but for the heterogeneity of rain and of soil. Asks of each
whether uneven rain runs off more than even rain of the same depth and season, beyond what the model of mean rain says;
and of each learned law of infiltration whether mixing by rain of known heterogeneity explains it.
"""

import argparse
import json
import os
from pathlib import Path

from claimstudy.catchments import KINDS, catchments, learn
from claimstudy.judge import judged
from skillstudy.basin import VIRTUAL_PERIODS, plain
from skillstudy.run import Kept, show


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two catchments a kind, two members")
    parser.add_argument("--seeds", type=int, default=3, metavar="K", help="members of every ensemble")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes")
    parser.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="OUT's .catchments is what a cut run goes on from"
    )
    options = parser.parse_args()
    seeds = 2 if options.quick else options.seeds
    settings = {"seeds": seeds, "periods": VIRTUAL_PERIODS, "kinds": plain(KINDS)}
    kept = Kept(options.json.with_suffix(".catchments"), settings, ["catchments"])
    wanted = catchments(options.quick)
    kept.complete("catchments", {name: (cell, seeds) for name, cell in wanted.items()}, learn, options.jobs)
    numbers, tables = judged(kept.of("catchments", wanted), options.jobs)
    for title, content in tables.items():
        show(title, content)
    written = numbers | {
        "tables": {title: plain(content.round(4).to_dict("records")) for title, content in tables.items()}
    }
    options.json.write_text(json.dumps(plain(written), indent=1) + "\n")
    print(json.dumps(plain(numbers), indent=1))


if __name__ == "__main__":
    main()
