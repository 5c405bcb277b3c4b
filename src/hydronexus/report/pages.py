"""What all pages share: templates in which the text of users is escaped, and files that appear whole."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from hydronexus.whole import written_whole


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
    with written_whole(Path(path)) as partial:
        partial.write_text(html, encoding="utf-8")
