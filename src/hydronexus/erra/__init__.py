"""Ensemble rainfall-runoff analysis (ERRA): response of streamflow to precipitation by deconvolution.

Comes in: precipitation and streamflow, as numbers alone. Goes out: labelled responses by lag with their covariance.
It may not know basins, models nor files.

References
----------
Kirchner 2022, doi 10.3390/s22093291; Kirchner 2024, doi 10.5194/hess-28-4427-2024. Written from their equations.
"""

from hydronexus.erra.antecedent import split_by
from hydronexus.erra.baseline import remove_baseline
from hydronexus.erra.design import choose_knots
from hydronexus.erra.estimate import erra

__all__ = ["choose_knots", "erra", "remove_baseline", "split_by"]
