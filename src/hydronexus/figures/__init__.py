"""Figures, one function each.

Comes in: labelled arrays and tables. Goes out: matplotlib figures, drawn without pyplot's global state.
It may not know files, how its numbers were made, nor where its figures are shown.
"""
