"""Fitted steps as bytes: a pickle that is the same in every process, and back again.

The same fitted state gives the same bytes whatever the process, its hash seed, and whether the object was loaded from
a pickle itself; plain `pickle.load` and `joblib.load` read them. This room must not know where the bytes are kept, nor
whether they may be trusted.
"""

from __future__ import annotations

import functools
import io
import pickle
from typing import TYPE_CHECKING, Any

from nws.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy import dtype, ndarray

FORMAT = "pickle5"
PROTOCOL = 5


def dump(estimator: Any) -> bytes:
    """Return the bytes of a fitted step.

    Raises
    ------
    pickle.PicklingError, AttributeError, TypeError
        If it holds something that cannot be pickled, such as a lambda.
    """
    file = io.BytesIO()
    _DeterministicPickler(file).dump(estimator)
    return file.getvalue()


def load(data: bytes) -> Any:
    """Return the step that `dump` wrote. This runs code: the caller answers for where `data` comes from.

    Raises
    ------
    Damaged
        If the bytes are no pickle, or name a class that is not installed.
    """
    try:
        return pickle.loads(data)
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as err:
        raise Damaged(
            f"the artifact cannot be loaded: {err}", hint="the record's environment names the packages it was made with"
        ) from err


# The C pickler has no hook for text. This one is not in the type stubs.
_Pickler: Any = pickle._Pickler  # noqa: SLF001 -- the pickler in Python, which alone can be told how to save text


class _DeterministicPickler(_Pickler):  # type: ignore[misc]  # its base is Any, being private
    """A pickler whose output depends on values, not on which equal objects happen to be one object.

    The usual pickler writes a reference for an object that it has met, and text, bytes and dtypes are or are not the
    same object by accidents: interning, an earlier load, the order of imports. Here equal ones are one.
    """

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, PROTOCOL)
        self.dispatch = _dispatch()
        self._texts: dict[str | bytes, str | bytes] = {}
        self._dtypes: dict[dtype[Any], dtype[Any]] = {}

    def save_by_value(self, value: str | bytes) -> None:
        """Write text or bytes once, whatever objects hold them."""
        first = self._texts.setdefault(value, value)
        if not self._refer(first):
            _Pickler.dispatch[type(value)](self, first)

    def save_dtype(self, kind: dtype[Any]) -> None:
        """Write a dtype once; after a load they are no longer the one object of their kind."""
        first = kind if kind.metadata or kind.names else self._dtypes.setdefault(kind, kind)
        if not self._refer(first):
            self.save_reduce(*first.__reduce__(), obj=first)

    def save_set(self, items: set[Any]) -> None:
        """Write a set in the order of its items' text, since its own order follows the hash seed."""
        self.save_reduce(set, (_sorted(items),), obj=items)

    def save_frozenset(self, items: frozenset[Any]) -> None:
        """Write a frozen set in the order of its items' text."""
        self.save_reduce(frozenset, (_sorted(items),), obj=items)

    def save_array(self, array: ndarray[Any, Any]) -> None:
        """Write an array as one buffer, contiguous, without the accidents of how its memory was laid out."""
        if array.dtype.hasobject or not array.dtype.itemsize:
            self.save_reduce(*array.__reduce__(), obj=array)
            return
        plain, order = _contiguous(array)
        # What numpy's own reduction comes to, without the detour over a buffer object; not every dtype may be one.
        self.save(_from_buffer())
        self.write(pickle.MARK)
        self._write_memory((plain.T if order == "F" else plain).reshape(-1).view("u1").data)
        for argument in (plain.dtype, plain.shape, order):
            self.save(argument)
        self.write(pickle.TUPLE + pickle.REDUCE)
        self.memoize(array)

    def _write_memory(self, memory: memoryview) -> None:
        header = pickle.BYTEARRAY8 + memory.nbytes.to_bytes(8, "little")
        if memory.nbytes < self.framer._FRAME_SIZE_TARGET:  # noqa: SLF001
            self.write(header + memory.tobytes())
        else:
            self._write_large_bytes(header, memory)

    def _refer(self, value: Any) -> bool:
        known = self.memo.get(id(value))
        if known is not None:
            self.write(self.get(known[0]))
        return known is not None


@functools.cache
def _dispatch() -> dict[type, Callable[..., None]]:
    import numpy as np

    pickler = _DeterministicPickler
    kinds = {type(np.dtype(code)): pickler.save_dtype for code in np.typecodes["All"]}
    return {
        **_Pickler.dispatch,
        **kinds,
        str: pickler.save_by_value,
        bytes: pickler.save_by_value,
        set: pickler.save_set,
        frozenset: pickler.save_frozenset,
        np.ndarray: pickler.save_array,
        np.memmap: pickler.save_array,
    }


@functools.cache
def _from_buffer() -> Callable[..., Any]:
    """Return the function by which numpy itself rebuilds an array from a buffer; its name is numpy's affair."""
    import numpy as np

    rebuild: Any = np.empty(0).__reduce_ex__(PROTOCOL)[0]
    return rebuild  # type: ignore[no-any-return]


def _contiguous(array: ndarray[Any, Any]) -> tuple[ndarray[Any, Any], str]:
    import numpy as np

    by_column = array.flags.f_contiguous and not array.flags.c_contiguous
    order: Any = "F" if by_column else "C"
    if _padded(array.dtype):
        clean = np.zeros(array.shape, array.dtype, order=order)
        for name in array.dtype.names or ():
            clean[name] = array[name]
        return clean, order
    return np.asarray(array, order=order), order


def _padded(kind: dtype[Any]) -> bool:
    """Say whether there are gaps between the fields, which hold whatever was in memory."""
    return kind.fields is not None and sum(field[0].itemsize for field in kind.fields.values()) < kind.itemsize


def _sorted(items: set[Any] | frozenset[Any]) -> list[Any]:
    return sorted(items, key=lambda item: (type(item).__qualname__, repr(item)))
