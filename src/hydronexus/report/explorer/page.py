"""The explorer's page: a list of basins in plain text, and what belongs to each basin packed until it is chosen."""

import base64
import gzip
import json
from collections.abc import Iterable
from itertools import compress
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from hydronexus.report import pages

Source = tuple[str, str | None, str]
MEASURES: dict[str, Source] = {  # by which basins can be sorted: part of a payload, row of it, column
    "NSE, nexus closed loop [-]": ("skill", "nexus_closed", "nse"),
    "KGE, nexus closed loop [-]": ("skill", "nexus_closed", "kge"),
    "NSE, LSTM [-]": ("skill", "lstm", "nse"),
    "NSE, GR4J [-]": ("skill", "gr4j", "nse"),
    "elasticity of streamflow [-]": ("indices", "streamflow", "elasticity"),
    "T50 of streamflow [d]": ("indices", "streamflow", "t50"),
    "nonlinearity of streamflow [-]": ("indices", "streamflow", "nonlinearity"),
    "memory of streamflow [d]": ("indices", "streamflow", "memory"),
    "deformation of infiltration [-]": ("indices", "infiltration", "deformation"),
    "aridity [-]": ("climate", None, "aridity"),
}


def write_explorer(study: str, payloads: Iterable[tuple[str, dict[str, Any]]], path: str | Path) -> None:
    """Write the explorer of a study as one HTML page that fetches nothing.

    Parameters
    ----------
    study : str
        Its name.
    payloads : iterable of (str, dict)
        Basins and what :func:`hydronexus.report.explorer.payload.basin_payload` gives of each, or only the reason in
        `quarantine`. They are packed as they come, so that only one needs to be in memory.
    path : str or Path
        Target file, beside report.html.
    """
    entries, packed = [], []
    for basin, payload in payloads:
        entries.append(_entry(basin, payload))
        packed.append(None if payload["quarantine"] else pack(payload))
    template = pages.environment().get_template("explorer.html.j2")
    html = template.render(study=study, index=_index(entries), packed=packed, plotly=get_plotlyjs())
    pages.write(html, path)


def pack(payload: dict[str, Any]) -> str:
    """A payload as base64 of gzip of JSON; equal payloads give equal text."""
    text = json.dumps(payload, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _index(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """What the list and the map need to know; measures that no basin has are left out."""
    columns = zip(*(entry["values"] for entry in entries if entry["values"]), strict=True)
    known = [any(value is not None for value in column) for column in columns]
    return {
        "measures": list(compress(MEASURES, known)),
        "basins": [entry | {"values": list(compress(entry["values"], known))} for entry in entries],
    }


def _entry(basin: str, payload: dict[str, Any]) -> dict[str, Any]:
    if payload["quarantine"]:
        return {"name": basin, "place": None, "values": [], "quarantine": payload["quarantine"]}
    values = [_measure(payload, *source) for source in MEASURES.values()]
    return {"name": basin, "place": payload["place"], "values": values, "quarantine": None}


def _measure(payload: dict[str, Any], part: str, row: str | None, column: str) -> float | None:
    if row is None:
        return payload[part].get(column)
    rows = {own.get("model") or own.get("process"): own for own in payload[part]}
    return rows.get(row, {}).get(column)
