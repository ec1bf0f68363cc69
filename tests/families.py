"""Objects that resemble one another, as the models of a path do."""

import random

from nws.store import ObjectStore
from nws.store.packs import FOLDER


def family(count=5, size=3000, seed=0):
    """Return so many items of about `size` bytes that hold almost the same, none of which compresses alone."""
    base = random.Random(seed).randbytes(size)
    return [base[: size // 2] + b"%d of %d" % (number, seed) + base[size // 2 :] for number in range(count)]


def put_group(store, *groups):
    """Add groups in one batch and return the ids of all their items."""
    with store.batch() as batch:
        return [oid for group in groups for oid in batch.put_group(group)]


def files(store, ending):
    """Return the files of packs with this ending, sorted."""
    return sorted((store.root / FOLDER).glob(f"*{ending}"))


def only(store, ending):
    """Return the one file of packs with this ending."""
    (path,) = files(store, ending)
    return path


def packed(root, *groups):
    """Return a new store with a pack of these groups, and their ids."""
    store = ObjectStore(root)
    return store, put_group(store, *groups)


def loose(store):
    return list(store.root.glob("*/*.zst"))
