"""Catchment-scale response functions from a bucket model coupled to an LSTM.

Nothing heavy is imported here: Snakemake parses the workflow again in every job, and needs only
:mod:`hydronexus.config`.
"""

__version__ = "0.1.0"
