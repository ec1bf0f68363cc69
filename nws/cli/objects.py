"""Plumbing commands on the object store: hash-object, cat-file, ls-objects, count-objects, verify-object."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from nws.cli.session import Handed, Session
from nws.errors import ANSWER_IS_NO, DONE, Damaged, UnknownName, UsageError
from nws.ids import HEX_LENGTH, ObjectId, is_prefix

if TYPE_CHECKING:
    from nws.store import ObjectInfo, ObjectStore

Pieces = Iterator[bytes | memoryview]
Write = Annotated[bool, Parameter(name=["-w", "--write"], help="Store the bytes as well.")]
Stdin = Annotated[bool, Parameter(help="Read the bytes from stdin.")]
StdinPaths = Annotated[bool, Parameter(help="Read paths from stdin, one a line.")]
StdinIds = Annotated[bool, Parameter(help="Read ids from stdin, one a line.")]
Null = Annotated[bool, Parameter(name=["-z", "--null"], help="What is read from stdin ends with NUL, not with a line.")]
Exists = Annotated[bool, Parameter(name=["-e", "--exists"], help="Print nothing: exit 0 if it is there, 1 if not.")]
Size = Annotated[bool, Parameter(name=["-s", "--size"], help="Print the number of its bytes.")]
Content = Annotated[bool, Parameter(name=["-p", "--print"], help="Print its bytes, checked against the id.")]
Batch = Annotated[bool, Parameter(help="For each id on stdin: `ID SIZE`, its bytes, a line feed.")]
BatchCheck = Annotated[bool, Parameter(help="For each id on stdin: `ID SIZE`.")]
Everything = Annotated[bool, Parameter(name="-v", help="One `name: number` a line, with all that is known.")]

# Up to this many bytes an object of --batch is checked as a whole before its first line is printed.
_HELD = 16 << 20


def hash_object(
    files: list[Path] | None = None,
    /,
    *,
    write: Write = False,
    stdin: Stdin = False,
    stdin_paths: StdinPaths = False,
    null: Null = False,
    session: Handed,
) -> None:
    """Print the ids of files, or of what is on stdin.

    Ids come in the order of the paths. With -w an id is printed when its object is durable; what is on stdin at
    once is stored at once, which is how many files go fast.

    Parameters
    ----------
    files
        Files to read.
    """
    if (files is not None) + stdin + stdin_paths != 1:
        raise UsageError("nothing to hash, or too much", hint="give FILE…, or --stdin, or --stdin-paths")
    store = session.workspace().store if write else None
    if stdin:
        from nws.store import hash_stream

        source = sys.stdin.buffer
        _print_id(session, store.put_stream(source) if store else hash_stream(source), None)
        return
    groups: Iterable[list[Path]] = [files] if files is not None else map(_paths, _groups(null=null))
    for group in groups:
        for path, oid in zip(group, _ids(store, group), strict=True):
            _print_id(session, oid, path)
        sys.stdout.flush()


def _ids(store: "ObjectStore | None", paths: list[Path]) -> list[ObjectId]:
    if store is None:
        from nws.store import hash_file

        return [hash_file(path) for path in paths]
    with store.batch() as batch:
        return [batch.put_file(path) for path in paths]


def _print_id(session: Session, oid: ObjectId, path: Path | None) -> None:
    if session.json:
        session.output.record("object", {"id": oid} if path is None else {"id": oid, "path": path})
    else:
        session.output.line(oid)


def cat_file(
    id: str | None = None,
    /,
    *,
    exists: Exists = False,
    size: Size = False,
    content: Content = False,
    batch: Batch = False,
    batch_check: BatchCheck = False,
    null: Null = False,
    session: Handed,
) -> int:
    """Print an object, its size, or whether it is there.

    Parameters
    ----------
    id
        The id, or six digits or more of its beginning.
    """
    if exists + size + content + batch + batch_check != 1 or (id is None) == (exists or size or content):
        raise UsageError("one question at a time", hint="cat-file (-e | -s | -p) ID, or --batch, or --batch-check")
    store = session.workspace().store
    if id is None:
        return _batch(session, store, null=null, content=batch)
    if exists:
        return _exists(store, id)
    oid = _named(store, id)
    if size:
        info = store.info(oid)
        _print_size(session, info.id, info.size)
    else:
        for piece in store.open(oid):
            sys.stdout.buffer.write(piece)
    return DONE


def _exists(store: "ObjectStore", text: str) -> int:
    if len(text) < HEX_LENGTH and is_prefix(text) and next(store.list(text), None) is None:
        return ANSWER_IS_NO
    return DONE if store.has(_named(store, text)) else ANSWER_IS_NO


def _named(store: "ObjectStore", text: str) -> ObjectId:
    """Return the id that `text` is or begins; one in full need not be stored."""
    return ObjectId(text) if len(text) == HEX_LENGTH else store.resolve(text)


def _print_size(session: Session, oid: ObjectId, size: int) -> None:
    if session.json:
        session.output.record("object", {"id": oid, "size": size})
    else:
        session.output.line(str(size))


def _batch(session: Session, store: "ObjectStore", *, null: bool, content: bool) -> int:
    code = DONE
    for group in _groups(null=null):
        for text in group:
            try:
                info, pieces = _found(store, text, content=content)
            except (UnknownName, UsageError):
                _print_state(session, text, "missing")
            except Damaged as err:
                _print_state(session, text, "damaged")
                session.output.error(err)
                code = err.exit_code
            else:
                _print_answer(session, info, pieces)
        sys.stdout.flush()
    return code


def _found(store: "ObjectStore", text: str, *, content: bool) -> tuple["ObjectInfo", Pieces | None]:
    info = store.info(_named(store, text))
    if not content:
        return info, None
    # Of a larger object damage shows only when its size is printed; the stream then has to end there.
    return info, iter([store.get(info.id)]) if info.size <= _HELD else store.open(info.id)


def _print_answer(session: Session, info: "ObjectInfo", pieces: Pieces | None) -> None:
    if session.json:
        session.output.record("object", {"id": info.id, "size": info.size})
    else:
        session.output.line(f"{info.id} {info.size}")
    if pieces is not None:
        sys.stdout.flush()
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        session.output.line("")


def _print_state(session: Session, text: str, state: str) -> None:
    if session.json:
        session.output.record(state, {"id": text})
    else:
        session.output.line(f"{text} {state}")


def ls_objects(prefix: str = "", /, *, session: Handed) -> None:
    """List the ids of stored objects, sorted.

    Parameters
    ----------
    prefix
        Only ids that begin so.
    """
    for oid in session.workspace().store.list(prefix):
        if session.json:
            session.output.record("object", {"id": oid})
        else:
            session.output.line(oid)


def count_objects(*, everything: Everything = False, session: Handed) -> None:
    """Count stored objects and their bytes."""
    count = session.workspace().store.count()
    if session.json:
        facts = {"count": count.objects, "size": count.size, "stored": count.stored, "damaged": count.damaged}
        session.output.record("objects", facts)
    elif everything:
        session.output.line(f"count: {count.objects}\nsize: {count.size}\nstored: {count.stored}")
        session.output.line(f"damaged: {count.damaged}")
    else:
        session.output.line(f"{count.objects} objects, {count.stored} bytes")


def verify_object(
    ids: list[str] | None = None, /, *, stdin: StdinIds = False, null: Null = False, session: Handed
) -> int:
    """Check that stored bytes match their ids: `ID ok`, `ID damaged` or `ID missing` for each.

    Parameters
    ----------
    ids
        Ids, or six digits or more of their beginnings.
    """
    if (ids is not None) + stdin != 1:
        raise UsageError("no ids to verify, or ids from two places", hint="verify-object ID…, or --stdin")
    store = session.workspace().store
    codes = {DONE}
    for group in [ids] if ids is not None else _groups(null=null):
        codes.update(_verify(session, store, text) for text in group)
        sys.stdout.flush()
    return max(codes)


def _verify(session: Session, store: "ObjectStore", text: str) -> int:
    try:
        oid = _named(store, text)
        store.verify(oid)
    except Damaged as err:
        _print_state(session, text, "damaged")
        session.output.error(err)
        return err.exit_code
    except (UnknownName, UsageError) as err:
        _print_state(session, text, "missing")
        session.output.error(err)
        return UnknownName.exit_code
    _print_state(session, oid, "ok")
    return DONE


def _groups(*, null: bool) -> Iterator[list[str]]:
    """Yield what stdin has so far, item by item in lists, so that answers never wait for questions not asked yet."""
    separator = b"\0" if null else b"\n"
    rest = b""
    while part := os.read(sys.stdin.fileno(), 1 << 16):
        *whole, rest = (rest + part).split(separator)
        if whole:
            yield [_text(item, null=null) for item in whole]
    if rest:
        yield [_text(rest, null=null)]


def _text(item: bytes, *, null: bool) -> str:
    return os.fsdecode(item if null else item.removesuffix(b"\r"))


def _paths(items: list[str]) -> list[Path]:
    return [Path(item) for item in items]
