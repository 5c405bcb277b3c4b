"""Skill, mass closure and recovery of one basin, and the tables and claims of a study.

Comes in: stores of forcing, simulation, baselines and responses. Goes out: plain rows of numbers, and tables
over basins. It may not know how a model was trained, where files lie, nor how numbers are shown.
"""
