"""What decoders made of recorded messages, as one JSON object or as a table to read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from api.cli.decode.advice import in_words
from api.cli.decode.counting import say_count
from engine.ingest.decoders.heard import Decoded, VendorPosition, VendorSession

TIMES = ("t",)
"""Printed as null where the source gives none: the time of receipt is meant. Other absent values are left out."""

DEGREES = ("lon", "lat")
"""Printed with six digits, a decimetre on the ground; other numbers with three."""


class FileDecoded(NamedTuple):
    """What the messages of one file gave, almost always one."""

    file: str
    decoded: Sequence[Decoded]


def as_form(files: Sequence[FileDecoded]) -> dict[str, Any]:
    """All files together, and what was refused of each."""
    found = [decoded for file in files for decoded in file.decoded]
    notes: dict[str, Any] = {}
    for decoded in found:
        _merge(notes, decoded.notes)
    answers = [decoded.answer for decoded in found if decoded.answer is not None]
    form: dict[str, Any] = {
        "readings": [_say(reading) for decoded in found for reading in decoded.readings],
        "positions": [_position(position) for decoded in found for position in decoded.positions],
        "sessions": [_session(session) for decoded in found for session in decoded.sessions],
        "refused": dict(_all_counts(found)),
        "identity": [_say(one) for decoded in found for one in decoded.identities if one.user],
        "ignored": sum(decoded.ignored for decoded in found),
        "answer": answers[-1] if answers else None,
        "notes": notes,
    }
    if answers:
        form["http"] = {"status": 200, "body": answers[-1], "content_type": "text/plain"}
    if len(files) > 1:
        form["files"] = [{"file": file, "refused": dict(_all_counts(decoded))} for file, decoded in files]
    return form


def as_lines(form: Mapping[str, Any], kind: str) -> Iterator[str]:
    """The same to read: a table of each sort that there is, then counts, refusals of a `kind` of source in words."""
    for sort in ("readings", "positions", "sessions", "identity"):
        rows = form[sort]
        yield say_count(len(rows), sort.removesuffix("s")) if sort != "identity" else f"{len(rows)} known by name"
        yield from _table(rows)
    if form["ignored"]:
        yield f"{form['ignored']} ignored: nothing of a phone in it"
    for reason, count in form["refused"].items():
        yield f"{count} refused: {in_words(kind, reason)}"
    for file in form.get("files", ()):
        for reason, count in file["refused"].items():
            yield f"  {file['file']}: {count} refused: {reason}"
    if form["answer"] is not None:
        yield f"answer: {form['answer']}"
    for name, note in form["notes"].items():
        yield f"{name}: {note}"


def _all_counts(found: Sequence[Decoded]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for decoded in found:
        counts.update({str(reason): count for reason, count in decoded.refused.items()})
    return counts


def _say(record: Any) -> dict[str, Any]:
    """A record's fields, without those that the source does not give."""
    out = {}
    for name, value in record._asdict().items():
        absent = value in ("", ()) or (isinstance(value, float) and math.isnan(value))
        if not absent:
            out[name] = value
        elif name in TIMES:
            out[name] = None
    return out


def _position(position: VendorPosition) -> dict[str, Any]:
    said = _say(position)
    if position.xy_by_floor:
        said["xy_by_floor"] = {floor: [x_m, y_m] for floor, x_m, y_m in position.xy_by_floor}
    return said


def _session(session: VendorSession) -> dict[str, Any]:
    said = _say(session)
    said.pop("ssid", None)
    said["event"] = str(session.event)
    if session.mac == "*" and session.ap:  # all phones of a controller, which is named as it names itself
        said["nas"] = said.pop("ap")
    return said


def _merge(notes: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        known = notes.get(name)
        if isinstance(known, list) and isinstance(value, list):
            notes[name] = known + value
        elif isinstance(known, dict) and isinstance(value, dict):
            notes[name] = known | value
        else:
            notes[name] = value


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(name, row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    for line in cells if rows else ():
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    digits = 6 if name in DEGREES else 3
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
