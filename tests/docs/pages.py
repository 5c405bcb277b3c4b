"""The pages of the documentation, and the blocks of code in them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "config" / "README.md", ROOT / "results" / "README.md"]
)
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of a page; `title` is the file it is meant for, if any."""

    language: str
    title: str
    text: str


def blocks(page: Path, language: str) -> list[Block]:
    """The blocks of one language, in order."""
    return [block for found in FENCE.findall(page.read_text()) if (block := Block(*found)).language == language]


def name(page: Path) -> str:
    """A page as tests call it."""
    return page.relative_to(ROOT).as_posix()


def rows(page: Path) -> list[list[str]]:
    """Cells of every row of the page's tables."""
    lines = [line for line in page.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
