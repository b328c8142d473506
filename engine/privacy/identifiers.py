"""Verified identifiers as the database may hold them: a keyed digest to find the profile; sealed, to show its owner."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata

from cryptography.fernet import Fernet

from engine.privacy.secrets import Secrets
from engine.vocabulary import IdentifierKind

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}\.[^@\s.\x00-\x1f]{2,}")


def normalise(kind: IdentifierKind, text: str) -> str | None:
    """As it is compared: without the case of letters, and of a card its signs only. None for what can be none."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if kind is IdentifierKind.EMAIL:
        return plain.lower() if _EMAIL.fullmatch(plain) else None
    signs = re.sub(r"[\s.-]", "", plain).upper()
    return signs if re.fullmatch(r"[0-9A-Z]{6,32}", signs) else None


def identifier_digest(secrets: Secrets, kind: IdentifierKind, value: str) -> str:
    """HMAC-SHA256 of a normalised value, in hexadecimal."""
    return _mac(secrets, f"{kind}|{value}")


def mailbox_digest(secrets: Secrets, email: str) -> str | None:
    """The digest of an address as somebody wrote it; None for what can be none."""
    value = normalise(IdentifierKind.EMAIL, email)
    return None if value is None else identifier_digest(secrets, IdentifierKind.EMAIL, value)


def card_proof(secrets: Secrets, card: str, proof: str) -> str:
    """The same of what only a card's owner has, bound to its card."""
    signs = re.sub(r"\s", "", proof).upper()
    return _mac(secrets, f"proof|{card}|{signs}")


def seal_value(secrets: Secrets, value: str) -> str:
    """The value, encrypted."""
    return _sealer(secrets).encrypt(value.encode()).decode()


def open_value(secrets: Secrets, sealed: str) -> str:
    """The value that `seal_value` sealed."""
    return _sealer(secrets).decrypt(sealed.encode()).decode()


def _mac(secrets: Secrets, said: str) -> str:
    return hmac.new(secrets.derive_key("identifier"), said.encode(), hashlib.sha256).hexdigest()


def _sealer(secrets: Secrets) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(secrets.derive_key("sealed identifier")))
