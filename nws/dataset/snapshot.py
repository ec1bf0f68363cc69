"""A dataset as two objects of the store: the spectra as a `.npy` array, and a JSON document that names it.

The id of the document is the dataset id. It depends on the content alone: not on the name of the dataset, nor on how
its files were called, compressed or delimited. This room must not know where the files came from.
"""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from nws.dataset.contents import Axis, Dataset, Target
from nws.errors import Damaged, UsageError
from nws.ids import ObjectId
from nws.records import JsonMap, decode, encode

if TYPE_CHECKING:
    from collections.abc import Sized

    import numpy as np
    from numpy.typing import NDArray

    from nws.store import ObjectStore


class Objects(Protocol):
    """Where objects are read from: a store, or a copy that holds some."""

    def get(self, oid: ObjectId, /) -> bytes:
        """Return an object, its id checked."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The document: everything of a dataset but its name, with the id of the spectra in their place.

    A column of groups is named under `group` of `extra`, and only where there is one, so that all other datasets keep
    the ids that they had before there were any.
    """

    SCHEMA: ClassVar[str] = "dataset-snapshot/1"
    samples: int
    features: int
    spectra: str
    axis: JsonMap
    sample_ids: list[str]
    partition: list[str]
    targets: list[JsonMap]
    metadata: dict[str, list[str | float | None]]
    extra: JsonMap = field(default_factory=dict)

    def objects(self) -> list[ObjectId]:
        """Return the ids of the objects that this document names."""
        return [ObjectId(self.spectra)]


@dataclass(frozen=True)
class Packed:
    """A dataset as the bytes of its two objects; nothing is stored yet."""

    spectra: memoryview
    document: bytes

    @property
    def id(self) -> ObjectId:
        """The dataset id."""
        return ObjectId.of(self.document)

    def put(self, store: ObjectStore) -> ObjectId:
        """Put both objects into the store and return the dataset id."""
        with store.batch() as batch:
            batch.put(self.spectra)
            return batch.put(self.document)


def snapshot(dataset: Dataset, store: ObjectStore) -> ObjectId:
    """Put a dataset into the store and return its id."""
    return pack(dataset).put(store)


def pack(dataset: Dataset) -> Packed:
    """Turn a dataset into the bytes of a snapshot."""
    array = _npy(dataset.spectra)
    document = Snapshot(
        samples=dataset.samples,
        features=dataset.features,
        spectra=ObjectId.of(array),
        axis=asdict(dataset.axis),
        sample_ids=list(dataset.sample_ids),
        partition=list(dataset.partition),
        targets=[asdict(target) for target in dataset.targets],
        metadata=dict(dataset.metadata),
        extra={} if dataset.group is None else {"group": dataset.group},
    )
    return Packed(array, encode(document))


def _npy(spectra: NDArray[np.float64]) -> memoryview:
    """Return a matrix as a `.npy` file: version 1.0, little-endian float64, C order, so that equal is equal bytes."""
    import numpy as np

    header = io.BytesIO()
    form = {"descr": "<f8", "fortran_order": False, "shape": spectra.shape}
    np.lib.format.write_array_header_1_0(header, form)
    start = header.tell()
    data = bytearray(start + spectra.size * 8)
    data[:start] = header.getvalue()
    np.frombuffer(data, dtype="<f8", offset=start).reshape(spectra.shape)[:] = spectra
    return memoryview(data)


def load(store: Objects, dataset_id: str, *, name: str) -> Dataset:
    """Read a dataset back. Its spectra are a read-only view of the verified bytes.

    Raises
    ------
    Damaged
        If bytes do not match their id, or do not fit together.
    UnknownName
        If an object is not there.
    NewerFormat
        If a later version wrote the document.
    """
    dataset_id = ObjectId(dataset_id)
    where = f"dataset {dataset_id.short}"
    document = decode(Snapshot, store.get(dataset_id), where=where)
    try:
        spectra = _spectra(store.get(ObjectId(document.spectra)))
        dataset = Dataset(
            name=name,
            spectra=spectra,
            axis=Axis(unit=document.axis["unit"], values=[float(value) for value in document.axis["values"]]),
            sample_ids=document.sample_ids,
            partition=document.partition,
            targets=tuple(_target(item) for item in document.targets),
            metadata=document.metadata,
            group=document.extra.get("group"),
        )
    except (KeyError, TypeError, ValueError, UsageError) as err:
        raise Damaged(f"{where} cannot be read: {err}", hint="add the dataset again from its files") from err
    _check_sizes(dataset, document, where)
    return dataset


def _spectra(data: bytes) -> NDArray[np.float64]:
    import numpy as np

    source = io.BytesIO(data)
    if np.lib.format.read_magic(source) != (1, 0):
        raise ValueError("the spectra are not a .npy array of version 1.0")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(source)
    if fortran_order or dtype != np.dtype("<f8") or len(shape) != 2:
        raise ValueError(f"the spectra are {dtype} of shape {shape}")
    return np.frombuffer(data, dtype=np.float64, offset=source.tell()).reshape(shape)


def _target(item: dict[str, Any]) -> Target:
    return Target(name=item["name"], task=item["task"], values=item["values"])


def _check_sizes(dataset: Dataset, document: Snapshot, where: str) -> None:
    values = [target.values for target in dataset.targets]
    columns: list[Sized] = [dataset.sample_ids, dataset.partition, *values, *dataset.metadata.values()]
    rows = all(len(column) == document.samples == dataset.samples for column in columns)
    if dataset.group is not None and dataset.group not in dataset.metadata:
        raise Damaged(f"{where}: its groups are missing", hint="add the dataset again from its files")
    if not rows or not len(dataset.axis.values) == document.features == dataset.features:
        raise Damaged(f"{where}: its parts have different sizes", hint="add the dataset again from its files")
