"""What statistics of gridded rain cost: `python benchmarks/heterogeneity.py [--only NAME] [--quick] --json OUT`."""

import argparse
import json
import logging
import os
import platform
from pathlib import Path

from gridded.aorc import aorc
from gridded.memory import memory
from gridded.speed import speed, workers
from gridded.truth import truth
from machine import processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["truth", "speed", "workers", "memory"], help="run one part alone")
    parser.add_argument("--quick", action="store_true", help="small cases, within five minutes")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="where to write the numbers")
    options = parser.parse_args()
    logging.getLogger("distributed").setLevel(logging.ERROR)
    machine = {"processor": processor(), "cores": len(os.sched_getaffinity(0)), "python": platform.python_version()}
    results: dict = {"machine": machine, "quick": options.quick}
    for part in (truth, speed, workers, memory):
        if options.only in (None, part.__name__):
            print(f"{part.__name__} ...", flush=True)
            results[part.__name__] = part(options.quick)
            print(json.dumps(results[part.__name__], indent=1), flush=True)
            options.json.write_text(json.dumps(results, indent=2) + "\n")  # after every part: a long run may be cut
    if "speed" in results:
        # Rain that is dry three quarters of the time is what radar shows; without dry steps it is in the table too.
        results |= {cost: results["speed"]["dry_three_quarters"][cost] for cost in ("cheap", "full")}
        results["aorc_per_year"] = aorc(results["speed"]["dry_three_quarters"])
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
