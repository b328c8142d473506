"""Frames as journal rows: what the broker may forget is on disk first, pseudonymised, until a checkpoint holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.ingest.decoders.native import Frame
from engine.records import Readings, ToldPositions
from engine.runtime.stored.packing import pack, unpack
from engine.runtime.stored.squeezing import squeeze, unsqueeze
from engine.vocabulary import ReadingRefusal, RecordRefusal

SMALLEST = 9  # of zlib: a batch is small, and every byte of it goes to the disk within the second


def pack_frames(frames: Sequence[Frame], layout: str) -> bytes:
    """One batch of frames of one store as bytes. `layout` names the floor plan that access points are indices into."""
    return pack({"layout": layout, "frames": [_tree(frame) for frame in frames]}, level=SMALLEST)


def unpack_frames(store: str, payload: bytes, layout: str) -> list[Frame] | None:
    """The inverse of `pack_frames`; None where the floor plan was another one. Raises ValueError for other bytes."""
    tree = unpack(payload)
    try:
        return [_frame(store, frame) for frame in tree["frames"]] if tree["layout"] == layout else None
    except (KeyError, TypeError) as error:
        raise ValueError(f"no frames: {error}") from error


def _tree(frame: Frame) -> dict[str, Any]:
    return {
        "source": frame.source,
        "sent_at": frame.sent_at,
        "received_at": frame.received_at,
        "readings": _columns(frame.readings),
        "ap_readings": _columns(frame.ap_readings),
        "refused": frame.refused,
        "replay": frame.replay,
    } | ({"positions": _columns(frame.positions)} if len(frame.positions) else {})


def _frame(store: str, tree: dict[str, Any]) -> Frame:
    return Frame(
        store,
        tree["source"],
        tree["sent_at"],
        tree["received_at"],
        Readings(*map(unsqueeze, tree["readings"])),
        Readings(*map(unsqueeze, tree["ap_readings"])),
        {_reason(reason): n for reason, n in tree["refused"].items()},
        tree.get("replay", False),
        ToldPositions(*map(unsqueeze, tree["positions"])) if "positions" in tree else ToldPositions.empty(),
    )


def _reason(text: str) -> ReadingRefusal | RecordRefusal:
    return ReadingRefusal(text) if text in frozenset(ReadingRefusal) else RecordRefusal(text)


def _columns(columns: Readings | ToldPositions) -> list[Any]:
    return [squeeze(getattr(columns, name)) for name in type(columns).__slots__]
