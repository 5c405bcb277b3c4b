"""Fetch the pinned archive of the example catchments."""

import logging
import sys

from hydronexus.errors import HydronexusError
from hydronexus.forcing.fetch import EXAMPLE, fetch_package
from hydronexus.stage import start

start(snakemake)  # noqa: F821
try:
    fetch_package(EXAMPLE, snakemake.output[0])  # noqa: F821
except HydronexusError as error:
    logging.getLogger("hydronexus").error("%s", error)
    sys.exit(1)
