"""Tokens that prove who was sent what: made of the site's key, so nothing has to be kept and nobody can guess one.

An *acknowledgement* token is of one message on one channel; it travels encrypted in a push, or in a link. An
*unsubscribe* token is of one shopper and one channel, and holds for good: taking a consent back must always work.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from engine.vocabulary import Channel

PURPOSE = "delivery tokens"
"""What their key is derived for."""
_BYTES = 18  # 144 bits


def ack_token(key: bytes, delivery_id: int, channel: Channel) -> str:
    """What a phone says to prove that it got this message on this channel."""
    return f"{delivery_id}.{channel}.{_mac(key, f'ack|{delivery_id}|{channel}')}"


def read_ack_token(key: bytes, token: str) -> tuple[int, Channel] | None:
    """(delivery, channel), or None for what we never made."""
    number, _, rest = token.partition(".")
    name, _, _ = rest.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 19) or name not in frozenset(Channel):
        return None
    found = int(number), Channel(name)
    return found if hmac.compare_digest(ack_token(key, *found).encode(), token.encode()) else None


def unsubscribe_token(key: bytes, shopper_id: str, channel: Channel) -> str:
    """What a letter's link carries."""
    return f"{shopper_id}.{channel}.{_mac(key, f'unsubscribe|{shopper_id}|{channel}')}"


def read_unsubscribe_token(key: bytes, token: str) -> tuple[str, Channel] | None:
    """(shopper, channel), or None for what we never made."""
    shopper_id, _, rest = token.partition(".")
    name, _, _ = rest.partition(".")
    if not shopper_id.isalnum() or name not in frozenset(Channel):
        return None
    found = shopper_id, Channel(name)
    return found if hmac.compare_digest(unsubscribe_token(key, *found).encode(), token.encode()) else None


def _mac(key: bytes, said: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, said.encode(), hashlib.sha256)[:_BYTES]).decode()
