"""Many independent pieces of work, kept one by one, so that a study that was cut goes on."""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pandas as pd

from skillstudy.basin import plain


class Kept:
    """Results in groups by name, in a JSON file that is written after every piece.

    Parameters
    ----------
    path : pathlib.Path
        Read if it is there.
    settings : dict
        Of the study; results of other settings are refused.
    groups : list of str
    """

    def __init__(self, path: Path, settings: dict[str, Any], groups: list[str]):
        self.path = path
        self.values: dict[str, Any] = {"settings": settings, "left_out": {}} | {group: {} for group in groups}
        if path.exists():
            found = json.loads(path.read_text())
            if found["settings"] != settings:
                raise SystemExit(f"{path} holds a study with other settings; remove it, or give another --json")
            self.values |= found

    def complete(self, group: str, tasks: Mapping[str, tuple], work: Callable[..., dict], jobs: int) -> None:
        """Do what is missing, with progress; a piece that fails is told, listed with its reason and left out."""
        missing = {n: a for n, a in tasks.items() if n not in self.values[group] and n not in self.values["left_out"]}
        with ProcessPoolExecutor(jobs) as pool:
            running = {pool.submit(work, *arguments): name for name, arguments in missing.items()}
            for done, future in enumerate(as_completed(running), 1):
                name = running[future]
                try:
                    found = plain(future.result())
                except Exception as error:  # one basin never stops the others
                    found = {"left_out": f"{type(error).__name__}: {error}"}
                print(f"{group} {done}/{len(running)}: {name}", found.get("left_out", ""), flush=True)
                if "left_out" in found:
                    self.values["left_out"][name] = found["left_out"]
                else:
                    self.values[group][name] = found
                self.save()

    def of(self, group: str, names: Iterable[str]) -> dict[str, Any]:
        """Results of a group that are there, in the order of the names."""
        return {name: self.values[group][name] for name in names if name in self.values[group]}

    def save(self) -> None:
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.values))
        partial.replace(self.path)


def show(title: str, table: pd.DataFrame) -> None:
    print(f"\n## {title}\n\n{table.to_markdown(index=table.index.name is not None, floatfmt='.3g')}", flush=True)
