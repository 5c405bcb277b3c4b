"""Response functions of a trained model: pulse removal, laws on grids, field-scale equations and indices.

Comes in: a trained model, its forcing and its simulation. Goes out: labelled arrays by lag, bin and process.
It may not know how the model was trained, nor other basins.
"""

from hydronexus.erra import erra as erra
