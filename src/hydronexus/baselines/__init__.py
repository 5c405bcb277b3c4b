"""Models to compare the nexus model with on the same days: an LSTM, GR4J with CemaNeige, a bucket of prescribed laws.

Comes in: a basin's canonical forcing. Goes out: simulated streamflow over the whole record.
It may not know the nexus model's learned laws nor any file; of the nexus model it reads declared stores and bounds.
"""
