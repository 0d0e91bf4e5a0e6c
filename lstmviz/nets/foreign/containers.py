"""Files that are nothing but named arrays: which module here lists them, and whether a mapping lies beside them."""

from __future__ import annotations

from pathlib import Path

MAPPING_ENDING = ".mapping.json"
MODULES = {
    ".npz": "npz_file",
    ".json": "json_weights",
    ".safetensors": "safetensors_file",
    **dict.fromkeys((".pt", ".pth", ".th", ".ckpt", ".bin"), "torch_file"),
    ".h5": "hdf5_apart",
    ".hdf5": "hdf5_apart",
}
"""By ending, the module whose ``read_parts`` gives the arrays by name."""


def module_of(path: Path) -> str | None:
    """The module that lists the arrays of a file, None where it is no container that a mapping can speak of."""
    return MODULES.get(path.suffix.lower())


def is_mapped(path: Path) -> bool:
    """Whether a file is a container with a mapping beside it."""
    return module_of(path) is not None and path.with_name(path.name + MAPPING_ENDING).is_file()
