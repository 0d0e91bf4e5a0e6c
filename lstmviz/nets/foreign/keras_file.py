"""Models and weights that Keras 1, 2 and 3 and tf.keras wrote: .keras, .h5, .hdf5. Keras itself is never imported."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.found import Found
from lstmviz.nets.foreign.hdf5_file import parts_in
from lstmviz.nets.foreign.hdf5_safe import SafeHdf5, open_hdf5
from lstmviz.nets.foreign.keras_cells import KerasLayer, keras_layer
from lstmviz.nets.foreign.keras_config import RECURRENT, Described, described_layers
from lstmviz.nets.foreign.keras_stacks import OTHERS, found_in
from lstmviz.nets.foreign.keras_stored import StoredLayer, is_keras_1, stored_layers
from lstmviz.nets.foreign.torch_names import find_stacks
from lstmviz.nets.foreign.zips import checked_zip

WEIGHTS, CONFIG, METADATA = "model.weights.h5", "config.json", "metadata.json"
MOST_STORED, MOST_DESCRIBED = 500, 5000
PASSED_NAMES = ("dropout", "spatial_dropout", "gaussian_", "alpha_dropout", "activity_regularization")


def read(path: Path) -> tuple[Found, ...]:
    """Every LSTM, GRU and SimpleRNN of the file that lstmviz has a cell for, its stacks as one.

    Where it is not Keras' own, what its arrays are that are named as torch names them.

    Raises ModelError for a file that is no such file or is damaged; where there are several layers,
    a note of the others says that one cannot be read.
    """
    name = str(path)
    if zipfile.is_zipfile(path):
        return _read_archive(path, name)
    with open_hdf5(path, name) as file:
        described = file.text("", "model_config")
        version = file.text("", "keras_version") or ""
        if "model_weights" in file.groups:
            version = version or file.text("model_weights", "keras_version") or ""
        found = _read_weights(file, described, version, path.stem)
        return found or find_stacks(parts_in(file), name)


def _read_archive(path: Path, name: str) -> tuple[Found, ...]:
    """A .keras file: a zip of config.json, metadata.json and model.weights.h5. Nothing is unpacked to the disk."""
    with checked_zip(path) as archive:
        missing = {CONFIG, WEIGHTS} - set(archive.namelist())
        if missing:
            raise ModelError(
                "“{file}” is a zip archive without {missing}; expected {config} and {weights}, as in a .keras file.",
                file=name,
                missing=", ".join(sorted(missing)),
                config=CONFIG,
                weights=WEIGHTS,
            )
        described = archive.read(CONFIG).decode()
        about = json.loads(archive.read(METADATA)) if METADATA in archive.namelist() else {}
        weights = archive.read(WEIGHTS)
    version = about.get("keras_version") if isinstance(about, dict) else None
    with open_hdf5(io.BytesIO(weights), name) as file:
        return _read_weights(file, described, str(version or ""), path.stem)


def _read_weights(file: SafeHdf5, text: str | None, version: str, model: str) -> tuple[Found, ...]:
    try:
        described = [] if text is None else described_layers(json.loads(text))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            "“{file}” has a damaged description of its model: {reason}.", file=file.name, reason=str(error)
        ) from error
    stored = stored_layers(file)
    if not stored and any(layer.kind in RECURRENT for layer in described):
        raise ModelError("“{file}” describes recurrent layers but holds no weights of theirs.", file=file.name)
    if len(stored) > MOST_STORED or len(described) > MOST_DESCRIBED:
        raise ModelError(
            "“{file}” has {found} layers, {recurrent} of them recurrent; lstmviz reads up to {most} and {few}.",
            file=file.name,
            found=len(described),
            recurrent=len(stored),
            most=MOST_DESCRIBED,
            few=MOST_STORED,
        )
    if not version and is_keras_1(file):
        version = "1"
    if not described:  # none, or that of a model whose layers are made in its own code
        layers, refused = _alone(_in_order(stored, file), version, file.name)
    else:
        layers, refused = _as_described(stored, described, version, file.name)
    if refused and not layers:
        raise refused[0]
    return found_in(layers, model, (OTHERS,) if refused else ())


def _as_described(
    stored: Sequence[StoredLayer], described: Sequence[Described], version: str, file: str
) -> tuple[list[KerasLayer], list[ModelError]]:
    """The layers that can be read, in the order of the model, and why the others cannot."""
    layers: list[tuple[int, KerasLayer]] = []
    refused: list[ModelError] = []
    for item in stored:
        try:
            place = _place(item, described)
            if place is None:
                raise ModelError(
                    "“{file}”: the weights “{layer}” belong to no layer that the description of the model names.",
                    file=file,
                    layer="/".join(item.names),
                )
            names, below = described[place].names, described[place].below
            layer = keras_layer(item, described[place], version, file)
            below = None if below is None else "/".join((*names[:-1], below))
            layers.append((place, replace(layer, path="/".join(names), below=below)))
        except ModelError as error:
            refused.append(error)
    return [layer for _, layer in sorted(layers, key=lambda pair: pair[0])], refused


def _alone(
    stored: Sequence[tuple[StoredLayer, StoredLayer | None]], version: str, file: str
) -> tuple[list[KerasLayer], list[ModelError]]:
    """The same of weights without a description; each comes with the layer that is taken to be below it."""
    layers: list[KerasLayer] = []
    refused: list[ModelError] = []
    for item, below in stored:
        try:
            layer = keras_layer(item, None, version, file)
            layers.append(replace(layer, below=None if below is None else "/".join(below.names)))
        except ModelError as error:
            refused.append(error)
    return layers, refused


def _place(item: StoredLayer, described: Sequence[Described]) -> int | None:
    """Which of the described layers has these weights: by its models' names and its own, else by Keras 3's groups."""
    named = set(item.names)
    rules: tuple[Callable[[Described], bool], ...] = (
        lambda layer: item.numbered and layer.groups == item.groups,
        lambda layer: layer.names == item.names,
        lambda layer: layer.names[-1] == item.names[-1] and named <= set(layer.names),
        lambda layer: layer.names[-1] in named and set(layer.names) <= named,
        lambda layer: layer.groups == item.groups,
    )
    for fits in rules:
        for place, layer in enumerate(described):
            if fits(layer):
                return place
    return None


def _in_order(stored: Sequence[StoredLayer], file: SafeHdf5) -> list[tuple[StoredLayer, StoredLayer | None]]:
    """Layers of a file of weights alone, each with the one before it where nothing that has weights is between.

    The order is that of ``layer_names``; Keras 3 writes none, and there the numbers of a class stand for it.
    """
    listed = file.texts("model_weights" if "model_weights" in file.groups else "", "layer_names")
    if listed is None:
        pairs = zip(stored, (None, *stored), strict=False)
        return [(item, before if before and _series(before) == _series(item) else None) for item, before in pairs]
    names = [name for name in listed if not name.lower().startswith(PASSED_NAMES)]
    place = {name: n for n, name in enumerate(names)}
    by_name = {item.names[0]: item for item in stored if len(item.names) == 1}
    ordered = sorted(stored, key=lambda item: place.get(item.names[0], len(names)))
    before = {name: by_name.get(names[n - 1]) for name, n in place.items() if n}
    return [(item, before.get(item.names[0]) if len(item.names) == 1 else None) for item in ordered]


def _series(layer: StoredLayer) -> tuple[str, ...]:
    """Where a layer lies and what its class is, without its number."""
    return (*layer.groups[:-1], re.sub(r"_\d+$", "", layer.groups[-1]))
