"""The report of a study as one HTML page that needs no network.

Comes in: aggregated tables, the configuration and where figures lie. Goes out: report.html.
It may not know how any number was computed.
"""
