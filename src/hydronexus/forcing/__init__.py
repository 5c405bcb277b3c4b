"""Forcing: from datasets in many formats to one checked, canonical form per basin.

Comes in: a study's configuration and the files it points at. Goes out: one labelled dataset per basin in mm
per step and degC, with what was found and done. It may not know any model, nor where results are kept.
"""
