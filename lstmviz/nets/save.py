"""Saving a net as NAME.json and NAME.safetensors."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from lstmviz.nets.fingerprint import to_bytes
from lstmviz.nets.net import Net
from lstmviz.nets.reader import pair
from lstmviz.traces.safe_write import replacing


def save_net(net: Net, path: str | Path) -> None:
    """Write both files beside their targets and move them into place one after the other, the description last.

    ``path`` is either of the two names, or the name without an ending. Raises ExportError where they cannot be written.
    """
    path = Path(path)
    description, weights = pair(
        path if path.suffix in (".json", ".safetensors") else path.with_name(path.name + ".json")
    )
    data = to_bytes(net)
    net.spec = msgspec.structs.replace(net.spec, sha256=hashlib.sha256(data).hexdigest())
    with replacing(description) as new_description, replacing(weights) as new_weights:
        new_weights.write_bytes(data)
        new_description.write_bytes(msgspec.json.format(msgspec.json.encode(net.spec), indent=2) + b"\n")
    net.path = str(description)
