"""Recorded messages of shop systems, with the headers beside them; who and what is in them is made up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from api.cli.decode.messages import read_message
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.heard import ShopTold
from engine.vocabulary import OrderState

FOLDER = Path(__file__).parent / "shops"
RECEIVED_AT = 1_796_000_000.0


def digest(source: str, kind: str, text: str) -> str:
    """A digest as good as any, without a secret."""
    said = text.strip().lower()
    return hashlib.sha256(f"{kind}|{source if kind == 'account' else ''}|{said}".encode()).hexdigest() if said else ""


TOLD = ShopTold(
    "web",
    digest,
    currency="EUR",
    zone=ZoneInfo("Europe/Paris"),
    currencies={"1": "EUR"},
    places={"655441491": "boutique", "3": "boutique"},
    states={"ready-pickup": OrderState.READY},
)
"""What the recorded messages' own source was told."""


def recorded(kind: str, name: str) -> VendorMessage:
    """One message of a kind."""
    (body,) = (file for file in FOLDER.glob(f"{kind}/{name}.*") if file.suffix != ".headers")
    return read_message(body, None, None, RECEIVED_AT)


def all_recorded() -> Iterator[tuple[str, str]]:
    """Kind and name of every message."""
    for file in sorted(FOLDER.glob("*/*")):
        if file.suffix != ".headers":
            yield file.parent.name, file.stem
