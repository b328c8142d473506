"""Lines as an administrator's FreeRADIUS `linelog` writes them: the source is told which column is what."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import MAX_BODY, written_lines
from engine.vocabulary import RecordRefusal

ATTRIBUTES: Mapping[str, str] = {
    "time": "Event-Timestamp",
    "status": "Acct-Status-Type",
    "calling": "Calling-Station-Id",
    "called": "Called-Station-Id",
    "user": "User-Name",
    "ip": "Framed-IP-Address",
    "session": "Acct-Session-Id",
    "nas": "NAS-IP-Address",
    "delay": "Acct-Delay-Time",
    "port": "NAS-Port-Type",
    "cui": "Chargeable-User-Identity",
}
"""What `columns` call the attributes; an attribute's own name is right too, and any other word is passed over."""


def read_lines(body: bytes, options: Mapping[str, str]) -> list[dict[str, str]]:
    """The attributes of each line, told `columns` (their names in order) and `delimiter` (a comma unless told). Empty
    columns give none. Raises MessageRefused: `bad_shape`, `too_large`."""
    columns = [name.strip("'\" ") for name in re.split(r"[,;\s]+", options["columns"].strip("[]() "))]
    delimiter = options.get("delimiter", ",")
    if len(body) > MAX_BODY:
        raise MessageRefused(RecordRefusal.TOO_LARGE, f"{len(body)} bytes, at most {MAX_BODY}")
    lines = written_lines(body.replace(b"\0", b"").decode("utf-8", "replace").splitlines())
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    except (csv.Error, TypeError):
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "lines that are not in columns") from None
    return [
        {ATTRIBUTES.get(name, name): cell.strip() for name, cell in zip(columns, row, strict=False) if cell.strip()}
        for row in rows
    ]
