"""What a receiver hands to the engine: an HTTP request as it came, on `rayon/{store}/in/{source}`.

The broker keeps it until the engine has it, like every frame. Headers that carry a password stay where they were
checked; those of signatures come along, so that the engine checks again what it is told.

Whoever may publish at the broker might write such a frame too, for any source. So it is sealed: HMAC-SHA256 over the
source's name and the request, under a key that only the site's own processes have.
"""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.privacy.secrets import Secrets
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
    seal: bytes = b""


_DECODER = msgspec.msgpack.Decoder(_Envelope)


def envelope_key(secrets: Secrets) -> bytes:
    """What the site's receivers and pollers seal with, and its engines check by."""
    return secrets.derive_key("receivers")


def seal_request(message: VendorMessage, source: str, key: bytes) -> bytes:
    """The request as the payload of a frame of `source`."""
    kept = {k: v[:_MAX_HEADER] for k, v in message.headers.items() if k not in _SECRET_HEADERS}
    headers = dict(list(kept.items())[:_MAX_HEADERS])
    said = _Envelope(message.received_at, message.method, message.target, headers, message.body)
    said.seal = _seal(said, source, key)
    return msgspec.msgpack.encode(said)


def open_request(payload: bytes, received_at: float, source: str, key: bytes | None) -> VendorMessage:
    """The request that a receiver handed over. It is never newer than our own receipt of it.

    Without a `key` (somebody who only looks, without the site's secrets) the seal is not checked. Raises MessageRefused
    `bad_shape` for other bytes, `bad_signature` for those that no process of this site sealed for this source.
    """
    try:
        said = _DECODER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "no request that a receiver handed over") from None
    if key is not None and not hmac.compare_digest(said.seal, _seal(said, source, key)):
        raise MessageRefused(RecordRefusal.BAD_SIGNATURE, "no receiver of this site handed it over")
    at = said.received_at if 0 <= said.received_at <= received_at else received_at
    return VendorMessage(said.body, at, headers=said.headers, method=said.method, target=said.target)


def request_topic(store: str, source: str) -> str:
    """Where requests for a source go."""
    return f"rayon/{store}/{KIND}/{source}"


def _seal(said: _Envelope, source: str, key: bytes) -> bytes:
    plain = msgspec.msgpack.encode((source, said.received_at, said.method, said.target, said.headers))
    machine = hmac.new(key, len(plain).to_bytes(8, "big") + plain, hashlib.sha256)
    machine.update(said.body)
    return machine.digest()
