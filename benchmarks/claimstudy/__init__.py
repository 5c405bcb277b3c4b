"""Is the learned law of infiltration deformed by the heterogeneity of rain, where the truth is known."""
