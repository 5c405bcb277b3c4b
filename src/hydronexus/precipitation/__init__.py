"""Gridded precipitation: cells of basins, heterogeneity statistics, and the driver that takes them over any grid."""
