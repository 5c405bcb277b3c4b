"""What all pages share: templates in which the text of users is escaped, and files that appear whole."""

import os
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined


def environment() -> Environment:
    """Templates of this package; what they are given is escaped, and what they miss is an error."""
    return Environment(
        loader=PackageLoader("hydronexus", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write(html: str, path: str | Path) -> None:
    """Write a page; it appears whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(html, encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
