"""What to do about a refusal, and what was not checked: for whoever reads what `rayon decode` prints."""

from __future__ import annotations

from api.texts.catalogue import words
from engine.ingest.sources.declared import SIGNED
from engine.vocabulary import RecordRefusal

NOT_CHECKED = {"mist": "signature not checked: give --secret-env"}
SECRET_NOT_CHECKED = "not checked: give --secret-env"
_AP = "no access point is named: give --told ap=NAME"
HINTS: dict[tuple[str, str], str] = {
    ("openwrt", RecordRefusal.NO_AP): _AP,
    ("esp32", RecordRefusal.NO_AP): _AP,
    ("espresense", RecordRefusal.NO_AP): "the topic names the node, as espresense/devices/ID/NODE: give --topic",
    ("omada", RecordRefusal.NO_AP): _AP,
    ("ruckus", RecordRefusal.NO_AP): _AP,
    ("meraki-mqtt", RecordRefusal.NO_AP): "the topic names the access point: give --topic",
    ("radius", RecordRefusal.NOT_JSON): "lines of linelog? Say what its columns are: --told columns=time,status,...",
}
"""What else helps, by kind and reason."""


def in_words(kind: str, reason: str) -> str:
    """A reason as a sentence of the sources page, its code first, and what helps with this kind of source."""
    sentences = words("en").refusals
    said = f"{reason}: {sentences[reason]}" if reason in sentences else reason
    hint = HINTS.get((kind, reason))
    return f"{said} ({hint})" if hint else said


def say_unchecked(kind: str) -> str:
    """What goes unchecked where no secret is given; empty for kinds whose messages prove nothing by themselves."""
    return NOT_CHECKED.get(kind, SECRET_NOT_CHECKED) if kind in SIGNED else ""
