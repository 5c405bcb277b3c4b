"""Training of the nexus model on one basin, and its simulation.

Comes in: a canonical forcing dataset and the study's settings. Goes out: weights, a log, stores and fluxes.
It may not know formats of raw data, nor what is done with the results.
"""
