"""A trace store at an address: s3://, gs://, https://, memory:// and whatever else fsspec reads."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from lstmviz.errors import TraceError
from lstmviz.language import tr
from lstmviz.traces.places import FolderPlace, Place, ZipPlace


class UrlPlace:
    """The files below an address."""

    def __init__(self, url: str, files: Any, root: str) -> None:
        self._url, self._files, self._root = url, files, root.rstrip("/")

    @property
    def name(self) -> str:
        """The address."""
        return self._url

    def read(self, file: str, start: int = 0, size: int | None = None) -> bytes:
        """See Place.read."""
        end = None if size is None else start + size
        data = cast(bytes, self._asked("cat_file", file, start=start or (None if end is None else 0), end=end))
        if size is not None and len(data) > size:  # a server that knows no ranges sends everything
            return data[start : start + size]
        return data

    def size(self, file: str) -> int | None:
        """See Place.size."""
        found = self._asked("info", file).get("size")
        return None if found is None else int(found)

    def _asked(self, what: str, file: str, **more: Any) -> Any:
        """What fsspec answers; the errors of its many libraries as those of files."""
        try:
            return getattr(self._files, what)(f"{self._root}/{file}" if self._root else file, **more)
        except OSError:
            raise
        except Exception as error:  # each backend has its own, of which nothing here can know
            raise OSError(f"{type(error).__name__}: {error}"[:300]) from error


def place_at_url(url: str) -> Place:
    """The place of a store at an address. Raises TraceError: a package is missing, or the address means nothing."""
    if url.startswith("file://"):
        return FolderPlace(Path(url.removeprefix("file://")))
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise TraceError(
            "“{path}” needs the library {library}, which is not installed: pip install 'lstmviz[{extra}]'.",
            path=url,
            library="fsspec",
            extra="remote",
        ) from error
    try:
        if "::" in url:
            raise ValueError(tr("one address inside another"))
        files, root = url_to_fs(url)
        if url.lower().endswith(".zip"):
            whole = UrlPlace(url, files, "")
            return ZipPlace(url, partial(_opened, files, root, url), lambda start, size: whole.read(root, start, size))
    except ImportError as error:
        raise TraceError(
            "“{path}” needs a package that is not installed: {reason}. Install it, or copy the store to this computer.",
            path=url,
            reason=str(error),
        ) from error
    except TraceError:
        raise
    except Exception as error:  # as above
        raise TraceError("“{path}” could not be read: {reason}.", path=url, reason=str(error)[:300]) from error
    return UrlPlace(url, files, root)


def _opened(files: Any, root: str, url: str) -> IO[bytes]:
    """A file at an address, of which parts can be read. Raises TraceError."""
    stream = cast("IO[bytes]", files.open(root, "rb"))
    try:
        stream.seek(-1, 2)
        stream.read(1)
        stream.seek(0)
    except ValueError as error:  # what fsspec raises of such a server
        stream.close()
        raise TraceError(
            "“{path}” lies on a server that sends no parts of files, which a store in one file needs. Download it, or "
            "put the folder there.",
            path=url,
        ) from error
    return stream
