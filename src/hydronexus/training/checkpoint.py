"""Tensors and a few facts in one safetensors file, written beside its target and renamed; nothing is unpickled."""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from hydronexus.whole import damage_told, written_whole


def write(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors with JSON-able facts in the header; the file appears whole or not at all."""
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    # One entry, for safetensors writes several in no fixed order.
    content = save(plain, metadata={"record": json.dumps({"facts": facts, "digest": _digest(plain)})})
    with written_whole(path) as partial:
        partial.write_bytes(content)  # here, for safetensors hides what the system refuses


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`write` wrote.

    Raises
    ------
    DamagedResultError
        If the file is cut or altered.
    """
    with damage_told(path), safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        record = _record(file)
        if record["digest"] != _digest(tensors):
            raise ValueError("its values are not those that were written")
        return tensors, record["facts"]


def facts(path: Path) -> dict[str, Any]:
    """The facts alone, without reading tensors; raises as :func:`read` does."""
    with damage_told(path), safe_open(path, framework="pt") as file:
        return _record(file)["facts"]


def _record(file: Any) -> dict[str, Any]:
    return json.loads(file.metadata()["record"])


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].numpy().tobytes())
    return digest.hexdigest()
