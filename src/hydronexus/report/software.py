"""Versions of the software a study ran with."""

import platform
from importlib.metadata import version

PACKAGES = (
    "hydronexus",
    "snakemake",
    "torch",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "zarr",
    "scores",
    "hydrogr",
    "pyet",
)


def versions() -> dict[str, str]:
    """Installed versions by name, and those of Python and of the operating system."""
    packages = {package: version(package) for package in PACKAGES}
    return packages | {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
