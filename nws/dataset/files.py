"""The text of one file: opened, decompressed within bounds, decoded, with plain line ends.

This room knows bytes and encodings; it must not know what the text says.
"""

from __future__ import annotations

import contextlib
import errno
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

from nws.errors import BadInput, NwsError, SystemRefused
from nws.store.frames import Broken, walk

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator
    from pathlib import Path

COMPRESSED = (".gz", ".zip", ".zst")
TEXT = (".csv", ".txt", ".tsv", ".tab", ".dat", ".asc")
# Spectra as text compress about fourfold; what expands far beyond that is made to fill memory.
EXPANSION = 200
ALWAYS_ALLOWED = 64 << 20
_CHUNK = 1 << 20
_END_OF_DOS_FILE = b"\x1a"
_CONTROL = bytes({*range(9), *range(14, 26), *range(27, 32)})


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Text:
    """A file as text: `data` is UTF-8 with LF line ends and no byte order mark, however it was written.

    `form` is the kind of file where the text was made of another, as of a workbook.
    """

    path: Path
    data: bytes
    encoding: str
    compression: str | None = None
    form: str | None = None


def read_text(path: Path) -> Text:
    """Read a delimited text file, plain or compressed with gzip, zip or zstd.

    Raises
    ------
    BadInput
        If it is missing, not text, damaged, or expands beyond all measure.
    SystemRefused
        If the system does not let it be read.
    """
    data, compression = _plain_bytes(path)
    data, encoding = _decoded(data, path)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return Text(path=path, data=data, encoding=encoding, compression=compression)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading; what the system says against it, then and later, becomes one of our errors.

    Raises
    ------
    BadInput
        If there is no such file, or it is a folder.
    SystemRefused
        If the system does not let it be read.
    """
    try:
        with open(path, "rb") as handle:
            yield handle
    except FileNotFoundError as err:
        raise BadInput(
            f"no such file: {path}", hint="check the path; `nws dataset list` shows registered names"
        ) from err
    except IsADirectoryError as err:
        raise BadInput(f"{path} is a folder; a file is expected here", hint="give the folder alone") from err
    except OSError as err:
        raise SystemRefused(f"{path}: {err.strerror or err}", hint="check that you may read it") from err


@contextlib.contextmanager
def decoding(path: Path, kind: str) -> Iterator[IO[bytes]]:
    """Open a file for a reader of another package, which raises whatever a damaged file leads it to.

    Raises
    ------
    BadInput
        If there is no such file, or its reader fails.
    SystemRefused
        If the system does not let it be read.
    """
    with opened(path) as handle:
        try:
            yield handle
        except NwsError:
            raise
        except (Exception, MemoryError) as err:
            # Readers raise OSError for what they do not understand too, without a number or with that of a bad seek.
            if isinstance(err, OSError) and err.errno not in (None, errno.EINVAL):
                raise
            said = next((line for line in str(err).splitlines() if line.strip()), type(err).__name__)
            hint = "write it again, or save the data as delimited text (CSV)"
            raise BadInput(f"{path}: damaged {kind} file: {said.strip()}", hint=hint) from err


def most_bytes(size: int) -> int:
    """Return how many bytes a file of this size may expand to."""
    return max(ALWAYS_ALLOWED, EXPANSION * size)


def _plain_bytes(path: Path) -> tuple[bytes, str | None]:
    with opened(path) as handle:
        start = handle.read(4)
        kind = compression_of(start)
        if kind is None:
            # A handle that has read a little joins that to the rest, and holds all of it twice for a moment.
            return path.read_bytes() if handle.seekable() else start + handle.read(), None
        size = handle.seek(0, 2)
        handle.seek(0)
        return _expanded(handle, kind, path, limit=most_bytes(size)), kind


def compression_of(start: bytes) -> str | None:
    """Name the compression that a file has, by its first bytes; None for none."""
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    if start[:4] == b"PK\x03\x04":
        return "zip"
    skippable = start[1:4] == b"\x2a\x4d\x18" and start[0] & 0xF0 == 0x50
    return "zstd" if start[:4] == b"\x28\xb5\x2f\xfd" or skippable else None


def _expanded(handle: IO[bytes], kind: str, path: Path, *, limit: int) -> bytes:
    import gzip
    import zipfile
    import zlib

    import zstandard

    try:
        if kind == "gzip":
            with gzip.open(handle) as stream:
                return _bounded(stream, path, limit)
        if kind == "zstd":
            _check_frames(handle)
            return _bounded(zstandard.ZstdDecompressor().stream_reader(handle, read_across_frames=True), path, limit)
        with zipfile.ZipFile(handle) as archive:
            return _bounded(archive.open(_only_member(archive, path)), path, limit)
    except (
        EOFError,
        zlib.error,
        gzip.BadGzipFile,
        zipfile.BadZipFile,
        zstandard.ZstdError,
        Broken,
        RuntimeError,
    ) as err:
        raise BadInput(f"{path}: damaged {kind} file: {err}", hint="copy it again from where it came") from err
    except NotImplementedError as err:
        raise BadInput(f"{path}: {err}", hint="pack it again with the usual zip settings") from err


def _check_frames(handle: IO[bytes]) -> None:
    """Refuse a zstd stream that was cut off: a streaming reader takes its end for the end of the data."""

    def read(start: int, length: int) -> bytes:
        handle.seek(start)
        return handle.read(length)

    for _ in walk(read, handle.seek(0, 2)):
        pass
    handle.seek(0)


def _only_member(archive: zipfile.ZipFile, path: Path) -> str:
    files = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(files) != 1:
        raise BadInput(
            f"{path}: {len(files)} files in the zip; one is expected", hint="unpack it and give the folder or the files"
        )
    return files[0]


def _bounded(stream: _Readable, path: Path, limit: int) -> bytes:
    pieces: list[bytes] = []
    room = limit
    while piece := stream.read(_CHUNK):
        room -= len(piece)
        if room < 0:
            raise BadInput(
                f"{path}: expands to more than {limit >> 20} MiB, {EXPANSION} times its size",
                hint="if it is genuine, decompress it first",
            )
        pieces.append(piece)
    return b"".join(pieces)


def _decoded(data: bytes, path: Path) -> tuple[bytes, str]:
    """Return UTF-8 without a byte order mark, and the name of the encoding that the file has."""
    data = data.rstrip(_END_OF_DOS_FILE)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16").encode(), "UTF-16"
        except UnicodeDecodeError as err:
            raise BadInput(f"{path}: not valid UTF-16: {err.reason}", hint="save it as UTF-8 text") from err
    if b"\0" in data or data[:_CHUNK].translate(None, _CONTROL) != data[:_CHUNK]:
        raise BadInput(f"{path} is not a text file", hint="save the data as delimited text (CSV) and use that")
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if data.isascii():
        return data, "UTF-8"
    try:
        data.decode()
    except UnicodeDecodeError:
        return _western(data)
    return data, "UTF-8"


def _western(data: bytes) -> tuple[bytes, str]:
    # Bytes 80 to 9F are letters and signs on Windows, and control characters that nobody writes in Latin-1.
    windows = data.translate(None, bytes(range(0x80, 0xA0))) != data
    try:
        return (
            (data.decode("cp1252").encode(), "Windows-1252")
            if windows
            else (data.decode("latin-1").encode(), "Latin-1")
        )
    except UnicodeDecodeError:
        return data.decode("latin-1").encode(), "Latin-1"
