"""Size of stores, and time to write and read them: `python benchmarks/codecs.py --study results/NAME --json OUT`."""

import argparse
import json
import platform
import time
from pathlib import Path

import xarray as xr
import zarr
from machine import processor
from zarr.codecs import BloscCodec, ZstdCodec

from hydronexus import archive

KINDS = ("forcing", "simulation", "baselines", "response")
CODECS = {
    "default": "auto",
    "none": None,
    **{f"zstd {level}": ZstdCodec(level=level) for level in (1, 3, 9)},
    **{
        f"blosc {name} {level} {shuffle}": BloscCodec(cname=name, clevel=level, shuffle=shuffle)
        for name, level in (("zstd", 1), ("zstd", 5), ("zstd", 9), ("lz4", 5))
        for shuffle in ("shuffle", "bitshuffle")
    },
}
BASINS = 5  # so many are measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True, help="folder of a study that has run")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="where to write the numbers")
    options = parser.parse_args()
    machine = {"processor": processor(), "zarr": zarr.__version__, "python": platform.python_version()}
    result = {"machine": machine, "per_basin": {}}
    for kind in KINDS:
        stores = [archive.read(path) for path in sorted((options.study / kind).glob("*.zarr.zip"))[:BASINS]]
        result["per_basin"][kind] = {name: measure(stores, codec) for name, codec in CODECS.items()}
        for name, found in result["per_basin"][kind].items():
            print("{:11s} {:26s} {kb:8.1f} kB {write_ms:7.1f} ms {read_ms:6.1f} ms".format(kind, name, **found))
    options.json.write_text(json.dumps(result, indent=1) + "\n")


def measure(stores: list[xr.Dataset], codec: object) -> dict[str, float]:
    """Size, and CPU time to write to memory and to read from there, of a mean store."""
    size, write, read = 0, 0.0, 0.0
    for store in stores:
        numbers = store.drop_vars([name for name, array in store.variables.items() if array.dtype.kind in "UT"])
        encoding = {
            name: {"chunks": array.shape} | ({} if codec == "auto" else {"compressors": codec})
            for name, array in numbers.variables.items()
            if array.shape
        }
        entries: dict[str, zarr.core.buffer.Buffer] = {}
        start = time.process_time()
        numbers.to_zarr(zarr.storage.MemoryStore(entries), zarr_format=3, consolidated=False, encoding=encoding)
        middle = time.process_time()
        xr.open_zarr(zarr.storage.MemoryStore(entries), consolidated=False, chunks=None).load()
        write, read = write + middle - start, read + time.process_time() - middle
        size += sum(len(entry.to_bytes()) for entry in entries.values())
    return {
        "kb": round(size / len(stores) / 1e3, 1),
        "write_ms": round(1e3 * write / len(stores), 1),
        "read_ms": round(1e3 * read / len(stores), 1),
    }


if __name__ == "__main__":
    main()
