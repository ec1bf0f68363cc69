"""The object store: bytes kept under the hash of their content.

This room knows ids, frames and files; it must not know what the bytes mean or who refers to them.
"""

from __future__ import annotations

from nws.store.hashing import hash_bytes, hash_file, hash_stream
from nws.store.objects import ObjectCount, ObjectInfo, ObjectStore

__all__ = ["ObjectCount", "ObjectInfo", "ObjectStore", "hash_bytes", "hash_file", "hash_stream"]
