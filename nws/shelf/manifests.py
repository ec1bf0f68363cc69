"""The manifest of a copy: in a folder or a zip file, or beside a CSV file that has no place for it.

This room must not know which files a copy has.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from nws.errors import Damaged
from nws.ids import ObjectId
from nws.records import Manifest, decode, encode

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST_FILE = "manifest.json"
_SEAL = "blake3"


def beside(path: Path) -> Path:
    """Return the file that is the manifest of a CSV file."""
    return path.with_name(f"{path.stem}.json")


def sealed(manifest: Manifest) -> bytes:
    """Return the bytes of a manifest that stands alone: it also has the BLAKE3 of itself without that field.

    In a zip file a CRC tells a changed manifest; here nothing else would.
    """
    return encode(dataclasses.replace(manifest, extra={**manifest.extra, _SEAL: ObjectId.of(encode(manifest))}))


def open_sealed(data: bytes, *, where: str) -> Manifest:
    """Read what `sealed` wrote.

    Raises
    ------
    Damaged
        If it is no manifest, or not as it was written.
    NewerFormat
        If a later version wrote it.
    """
    manifest = decode(Manifest, data, where=where)
    bare = dataclasses.replace(manifest, extra={key: value for key, value in manifest.extra.items() if key != _SEAL})
    if sealed(bare) != data:
        raise Damaged(f"{where}: not as it was written")
    return bare
