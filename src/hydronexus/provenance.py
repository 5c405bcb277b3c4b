"""Digest of the code a rule depends on; Snakemake does not notice edits of an imported package by itself."""

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parent
SUFFIXES = {".py", ".j2", ".js", ".css"}


def code_digest(*parts: str) -> str:
    """Digest of the code and the templates of some subpackages or modules of hydronexus.

    Parameters
    ----------
    parts : str
        Names below the package, such as ``model`` or ``archive``.
    """
    digest = hashlib.sha256()
    for part in parts:
        folder = PACKAGE / part
        found = folder.rglob("*") if folder.is_dir() else [folder.with_suffix(".py")]
        files = sorted(file for file in found if file.suffix in SUFFIXES)
        for file in files:
            digest.update(file.relative_to(PACKAGE).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]
