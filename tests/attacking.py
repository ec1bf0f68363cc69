"""Copies spoilt on purpose: members changed under a manifest that fits again, or a list of members that lies."""

import io
import json
import stat
import zipfile
import zlib

from nws.ids import ObjectId
from nws.shelf import zips


def members(path):
    """Return the members of a zip file by name, without its manifest, and the manifest as a dict."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    return held, json.loads(held.pop("manifest.json"))


def written(path, held, told, *, seal=True):
    """Write a zip file as nws does; `seal` makes the manifest fit the members."""
    if seal:
        told["members"] = {name: {"blake3": ObjectId.of(data), "size_bytes": len(data)} for name, data in held.items()}
    everything = {**held, "manifest.json": json.dumps(told).encode() if isinstance(told, dict) else told}
    with path.open("wb") as target:
        zips.write(target, [(name, len(data), [data]) for name, data in everything.items()])


def changed(path, change, *, seal=True):
    """Change a zip file: `change` is handed its members and its manifest."""
    held, told = members(path)
    told = change(held, told) or told
    written(path, held, told, seal=seal)


def listed(path, change):
    """Change the list of members of a zip file, of which the bytes stay."""
    data = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(data, "a") as archive:
        archive.comment = b""  # Has the list written anew.
        change(archive)
    path.write_bytes(data.getvalue())


def add_link(archive):
    info = zipfile.ZipInfo("link", (1980, 1, 1, 0, 0, 0))
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, b"../../nws.toml")


def add_bomb(archive, *, plain, declared):
    """Add a member of zeros that unpacks to `plain` bytes and declares another number of them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = packer.compress(bytes(plain)) + packer.flush()
    info = zipfile.ZipInfo("bomb")
    info.create_system, info.external_attr = 3, 0o100644 << 16
    archive.writestr(info, stream)
    info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, declared
    info.CRC = zlib.crc32(bytes(min(declared, 1 << 20)))


def tree(root):
    """Return everything below a folder: path → content, or None for a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for path in root.rglob("*")
    }
