"""What a receiver hands to the engine: an HTTP request as it came, on `rayon/{store}/in/{source}`.

The broker keeps it until the engine has it, like every frame. Headers that carry a password stay where they were
checked; those of signatures come along, so that the engine checks again what it is told.
"""

from __future__ import annotations

import msgspec

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.vocabulary import RecordRefusal

KIND = "in"
"""The third part of the topic."""
_SECRET_HEADERS = frozenset(("authorization", "cookie", "proxy-authorization", "x-rayon-key"))
_MAX_HEADERS, _MAX_HEADER = 32, 1_024


class _Envelope(msgspec.Struct):
    received_at: float
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


_DECODER = msgspec.msgpack.Decoder(_Envelope)


def seal_request(message: VendorMessage) -> bytes:
    """The request as the payload of a frame."""
    kept = {k: v[:_MAX_HEADER] for k, v in message.headers.items() if k not in _SECRET_HEADERS}
    headers = dict(list(kept.items())[:_MAX_HEADERS])
    said = _Envelope(message.received_at, message.method, message.target, headers, message.body)
    return msgspec.msgpack.encode(said)


def open_request(payload: bytes, received_at: float) -> VendorMessage:
    """The request that a receiver handed over. It is never newer than our own receipt of it. Raises MessageRefused
    `bad_shape` for other bytes."""
    try:
        said = _DECODER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "no request that a receiver handed over") from None
    at = said.received_at if 0 <= said.received_at <= received_at else received_at
    return VendorMessage(said.body, at, headers=said.headers, method=said.method, target=said.target)


def request_topic(store: str, source: str) -> str:
    """Where requests for a source go."""
    return f"rayon/{store}/{KIND}/{source}"
