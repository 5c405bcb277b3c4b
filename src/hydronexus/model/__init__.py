"""The nexus model: a bucket model whose laws are learned, and an LSTM that proposes its stores.

Comes in: tensors of forcing in mm per step and degC. Goes out: tensors of stores [mm] and fluxes [mm per step].
It may not know files, dates, basins' names or how it is trained.
"""
