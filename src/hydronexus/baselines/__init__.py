"""Models to compare the nexus model with, on the same days: a pure LSTM, and GR4J with CemaNeige.

Comes in: a basin's canonical forcing. Goes out: simulated streamflow over the whole record.
It may not know the nexus model's laws nor any file.
"""
