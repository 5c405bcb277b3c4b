"""Virtual catchments of many cells with known field laws, and exact upscaling of those laws.

Comes in: the settings of a catchment. Goes out: its forcing, streamflow and every true flux and store.
It may not know the nexus model nor any file.
"""
