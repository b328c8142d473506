"""Frames as journal rows: what the broker may forget is on disk first, pseudonymised, until a checkpoint holds it.

Rows come in few sizes, filled up with zeros: one that is written over another of its size costs SQLite its own pages,
where a larger or smaller one moves others about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from engine.ingest.decoders.native import Frame
from engine.records import Labels, Readings, ToldPositions
from engine.runtime.stored.names import BookPage, NameBook, ReadBook
from engine.runtime.stored.packing import pack, unpack
from engine.runtime.stored.squeezing import squeeze, unsqueeze
from engine.vocabulary import LabelRefusal, ReadingRefusal, RecordRefusal

C = TypeVar("C", Readings, ToldPositions, Labels)
SEALED_BYTES = 39  # what sealing adds (engine.privacy.sealing)
ROW_BYTES = 896 - SEALED_BYTES  # a page of SQLite is 1,024 bytes: the rest is for the store's name and the table
MORE_BYTES = 2_040  # two pages behind the first: most seconds of a store are of one size then


def pack_frames(
    frames: Sequence[Frame],
    layout: str,
    book: NameBook,
    linked: Sequence[int] = (),
    steps: Sequence[tuple[float, int]] = (),
) -> tuple[bytes, BookPage]:
    """One batch of frames of one store as bytes, and what the `book` is to learn once they are written.

    `steps` says of frames that were taken in one after the other when (s UTC), and how many each time.

    `layout` names the floor plan that access points are indices into. `linked` are devices that became a shopper's
    since the last checkpoint: if they are no longer when the batch is read again, what it says of them is forgotten.
    """
    page = book.page(_devices(frames))
    listed = [_tree(frame, page) for frame in frames]
    tree: dict[str, Any] = {"layout": layout, "book": page.as_tree(), "frames": listed}
    tree |= {"linked": np.array(linked, np.uint64)} if linked else {}
    tree |= {"steps": [[at, n] for at, n in steps]} if len(steps) > 1 else {}
    return _fill(pack(tree)), page


def read_linked(payload: bytes) -> list[int]:
    """The `linked` of a batch."""
    found: list[int] = np.asarray(unpack(payload).get("linked", ()), np.uint64).tolist()
    return found


def steps_in(payload: bytes, frames: Sequence[Frame], now: float) -> list[tuple[float, Sequence[Frame]]]:
    """The `frames` of a batch as they were taken in, one step after the other; where it does not say, all `now`."""
    steps, first, out = unpack(payload).get("steps", [[now, len(frames)]]), 0, list[tuple[float, Sequence[Frame]]]()
    for at, n in steps:
        out.append((float(at), frames[first : first + n]))
        first += n
    return out


def unpack_frames(store: str, payload: bytes, layout: str, book: ReadBook) -> list[Frame] | None:
    """The inverse of `pack_frames`, row by row; None where the floor plan was another one. Raises ValueError for other
    bytes. Readings of devices that the `book` does not know, as the row that named them is lost, are left out."""
    tree = unpack(payload)
    try:
        if "book" in tree:
            book.turn(tree["book"])
        return [_frame(store, frame, book) for frame in tree["frames"]] if tree["layout"] == layout else None
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"no frames: {error}") from error


def _fill(packed: bytes) -> bytes:
    more = max(len(packed) - ROW_BYTES, 0)
    return packed.ljust(ROW_BYTES + -(-more // MORE_BYTES) * MORE_BYTES, b"\0")


def _devices(frames: Sequence[Frame]) -> Any:
    columns = [part.device for f in frames for part in (f.readings, f.ap_readings, f.positions, f.labels)]
    return np.concatenate([np.empty(0, np.uint64), *columns])


def _more(frame: Frame) -> tuple[tuple[str, ToldPositions | Labels], ...]:
    return ("positions", frame.positions), ("labels", frame.labels)


def _tree(frame: Frame, page: BookPage) -> dict[str, Any]:
    return {
        "source": frame.source,
        "sent_at": frame.sent_at,
        "received_at": frame.received_at,
        "readings": _columns(frame.readings, page),
        "ap_readings": _columns(frame.ap_readings, page),
        "refused": frame.refused,
        "replay": frame.replay,
    } | {name: _columns(part, page) for name, part in _more(frame) if len(part)}


def _frame(store: str, tree: dict[str, Any], book: ReadBook) -> Frame:
    return Frame(
        store,
        tree["source"],
        tree["sent_at"],
        tree["received_at"],
        _read(Readings, tree["readings"], book),
        _read(Readings, tree["ap_readings"], book),
        {_reason(reason): n for reason, n in tree["refused"].items()},
        tree.get("replay", False),
        _read(ToldPositions, tree["positions"], book) if "positions" in tree else ToldPositions.empty(),
        _read(Labels, tree["labels"], book) if "labels" in tree else Labels.empty(),
    )


def _reason(text: str) -> ReadingRefusal | RecordRefusal | LabelRefusal:
    for kind in (ReadingRefusal, LabelRefusal):
        if text in frozenset(kind):
            return kind(text)
    return RecordRefusal(text)


def _columns(columns: Readings | ToldPositions | Labels, page: BookPage) -> list[Any]:
    return [
        {"named": squeeze(page.numbers(columns.device))} if name == "device" else squeeze(getattr(columns, name))
        for name in type(columns).__slots__
    ]


def _read(kind: type[C], kept: Sequence[Any], book: ReadBook) -> C:
    at = kind.__slots__.index("device")
    column = kept[at]
    if not (isinstance(column, dict) and "named" in column):
        return kind(*map(unsqueeze, kept))  # written by an earlier version
    names, known = book.names(unsqueeze(column["named"]))
    columns: list[Any] = [names if i == at else unsqueeze(values) for i, values in enumerate(kept)]
    read = kind(*columns)
    return read if known.all() else read.take(known)
