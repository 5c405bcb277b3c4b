"""What training costs, side by side with others: `python benchmarks/training.py [--only NAME] [--quick] --json OUT`."""

import argparse
import json
import platform
from pathlib import Path

import torch
from machine import processor
from sections.gpu import gpu
from sections.paths import sequential
from sections.rivals import hydrodl2, neuralhydrology
from sections.scaling import scaling

SECTIONS = {
    "sequential": sequential,
    "hydrodl2": hydrodl2,
    "neuralhydrology": neuralhydrology,
    "scaling": scaling,
    "gpu": gpu,
}


def table(result: dict) -> str:
    """The ratios of a section as lines of text."""
    rows = {name: value for name, value in result.items() if isinstance(value, (int, float, str))}
    for name, row in result.get("paths", {}).items():
        rows[name] = f"{row['cpu_ms']:.1f} ms, {row['ratio']:.1f} times as fast"
    return "\n".join(
        f"  {name:<44} {value:.4g}" if isinstance(value, float) else f"  {name:<44} {value}"
        for name, value in rows.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(SECTIONS), help="run one section alone")
    parser.add_argument("--quick", action="store_true", help="small cases, within five minutes")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="where to write the numbers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    machine = {"processor": processor(), "python": platform.python_version(), "torch": torch.__version__}
    results: dict = {"machine": machine, "quick": options.quick, "threads": 1}
    for name in [options.only] if options.only else SECTIONS:
        print(f"{name} ...", flush=True)
        results[name] = SECTIONS[name](options.quick)
        if isinstance(results[name], dict):
            print(table(results[name]), flush=True)
        options.json.write_text(json.dumps(results, indent=2) + "\n")  # after every section: a long run may be cut


if __name__ == "__main__":
    main()
