"""Fetch the pinned archive of the example catchments."""

from hydronexus.forcing.fetch import EXAMPLE, fetch_package
from hydronexus.stage import start

start(snakemake)  # noqa: F821
fetch_package(EXAMPLE, snakemake.output[0])  # noqa: F821
