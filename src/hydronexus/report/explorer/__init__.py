"""An interactive page of all basins of a study that needs neither a server nor a network.

Comes in: stores and evaluations of basins. Goes out: explorer.html.
It may not know how any number was computed.
"""
