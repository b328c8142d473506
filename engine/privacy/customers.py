"""Customers of shop systems as the database may hold them, and their messages while they wait: digests, and sealed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

from cryptography.fernet import Fernet

from engine.privacy.identifiers import identifier_digest, normalise
from engine.privacy.secrets import Secrets
from engine.vocabulary import IdentifierKind


def customer_digest(secrets: Secrets) -> Callable[[str, str, str], str]:
    """(source, `email`, `card` or `account`, text) to a keyed digest; empty for what can be none.

    E-mail and card have the digests of verified identifiers, so that they find a profile. An account is the source's
    own: the same number of another source is somebody else.
    """
    key = secrets.derive_key("customer account")

    def digest(source: str, kind: str, text: str) -> str:
        if kind == "account":
            said = text.strip()
            return hmac.new(key, f"{source}|{said}".encode(), hashlib.sha256).hexdigest() if said else ""
        identifier = IdentifierKind(kind)
        value = normalise(identifier, text)
        return "" if value is None else identifier_digest(secrets, identifier, value)

    return digest


def seal_message(secrets: Secrets, message: bytes) -> bytes:
    """The message, encrypted."""
    return _sealer(secrets).encrypt(message)


def open_message(secrets: Secrets, sealed: bytes) -> bytes:
    """The inverse."""
    return _sealer(secrets).decrypt(sealed)


def message_digest(secrets: Secrets, source: str, message: bytes) -> str:
    """By what a message is known again; nothing can be guessed from it."""
    key = secrets.derive_key("held message")
    return hmac.new(key, source.encode() + b"\0" + message, hashlib.sha256).hexdigest()


def _sealer(secrets: Secrets) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(secrets.derive_key("sealed shop message")))
