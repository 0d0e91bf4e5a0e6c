"""Tensors of an ONNX file as arrays: sizes checked before memory is taken, external data only from beside the model."""

from __future__ import annotations

import math
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lstmviz.errors import ModelError
from lstmviz.language import tr

if TYPE_CHECKING:
    from onnx import TensorProto

Values = npt.NDArray[Any]

FREE = 256 << 20
"""Bytes that any model may unfold to; beyond them no more than a hundred times its own size."""
_NUMBERS = {"FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "INT8", "UINT8", "INT16", "UINT16", "INT32", "INT64", "BOOL"}


class Tensors:
    """What reads the tensors of one model file, and counts what they and all that is made of them take."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._left = max(FREE, 100 * size)

    def take(self, shape: tuple[int, ...], itemsize: int) -> None:
        """Say that an array of this shape will be made; ModelError where the file is too small for so much."""
        if min(shape, default=1) < 0:
            raise ValueError(tr("a shape of {shape}", shape=shape))
        self._left -= math.prod(shape) * itemsize
        if self._left < 0:
            raise ModelError(
                "“{file}” unfolds to far more numbers than it has bytes; lstmviz does not read that.",
                file=str(self.path),
            )

    def array(self, tensor: TensorProto) -> Values | None:
        """The numbers of a tensor, floats of 16 bits as float32; None where they are no numbers."""
        from onnx import TensorProto, helper, numpy_helper

        if tensor.data_type not in TensorProto.DataType.values():
            raise ValueError(tr("a tensor of type {kind}", kind=tensor.data_type))
        if TensorProto.DataType.Name(tensor.data_type) not in _NUMBERS:
            return None
        kind = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        shape = tuple(tensor.dims)
        self.take(shape, max(kind.itemsize, 4))
        if tensor.data_location == TensorProto.EXTERNAL:
            raw = self._external(tensor, math.prod(shape) * kind.itemsize)
            values: Values = np.frombuffer(raw, kind.newbyteorder("<")).reshape(shape)
        else:
            values = numpy_helper.to_array(tensor)
        if values.dtype.itemsize == 2 and tensor.data_type in (TensorProto.FLOAT16, TensorProto.BFLOAT16):
            return values.astype(np.float32)
        return values.astype(values.dtype.newbyteorder("="), copy=False)

    def _external(self, tensor: TensorProto, size: int) -> bytes:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        offset = int(entries.get("offset") or 0)
        if int(entries.get("length") or size) != size or offset < 0:
            raise ModelError(
                "“{file}”: the external data of “{name}” do not fit its shape.", file=str(self.path), name=tensor.name
            )
        raw = self.beside(entries.get("location", ""), offset, size)
        if len(raw) != size:
            raise ModelError(
                "“{file}”: “{data}” ends within the weights “{name}”; it was cut short.",
                file=str(self.path),
                data=entries["location"],
                name=tensor.name,
            )
        return raw

    def beside(self, location: str, offset: int = 0, size: int = -1) -> bytes:
        """Some bytes of a file in the model's own folder or below it; ModelError for any other place, and for links."""
        steps = PurePosixPath(location).parts
        outside = PurePosixPath(location).is_absolute() or bool(PureWindowsPath(location).drive) or ".." in steps
        file = self.path.parent
        try:
            for step in steps if not outside else ():
                file = file / step
                outside = outside or file.is_symlink()
            if outside or not steps or "\\" in location:
                raise ModelError(
                    "“{file}” wants to read “{data}”, which is a link or lies outside of its folder; lstmviz reads"
                    " external data from the model's own folder alone.",
                    file=str(self.path),
                    data=location,
                )
            told = file.stat()
            if not stat.S_ISREG(told.st_mode) or told.st_size < offset + max(size, 0):
                return b""
            with file.open("rb") as stream:
                stream.seek(offset)
                return stream.read(size if size >= 0 else told.st_size)
        except (OSError, ValueError) as error:
            raise ModelError(
                "“{file}” keeps its weights in “{data}”, which cannot be read: {reason}. It belongs in the same"
                " folder.",
                file=str(self.path),
                data=location,
                reason=getattr(error, "strerror", "") or str(error),
            ) from error
