"""Equations of hydrological processes at the scale of a field, and how far a catchment's laws depart from them."""
