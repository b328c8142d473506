"""What proves that a phone is the caller's: signed redirects, codes shown in the store, and addresses as keyed digests.

Knowing a MAC proves nothing: it is in every frame that the phone sends. Each proof here rests on something that only
the phone's owner comes by: the address that the controller sent this very phone to, or a place where it has to be.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from engine.errors import OperatorError, Problem
from engine.privacy.pseudonyms import normal_mac
from engine.privacy.secrets import Secrets

MIN_SECRET_CHARS = 32
AHEAD_S = 60.0
"""A controller's clock may be this far ahead of ours."""

ADDRESS_KEY = "claimed addresses"
"""The purpose of the key under which addresses of callers and of sessions are compared."""

PLACE_KEY = "codes of places"
"""The purpose of the key of the codes that places of a store show."""

CODE_STEP_S = 60.0
CODE_CHARS = 6
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32, 30 bits: not to be guessed in a minute
_MISREAD = str.maketrans("OIL", "011", " -")  # and what people put between groups


@dataclass(frozen=True, slots=True, repr=False)
class PortalSecrets:
    """The secret that each store's controllers sign their redirects with, by store."""

    by_store: Mapping[str, str]

    def of(self, store: str) -> bytes:
        """The store's secret as a key. KeyError for a store that this site does not have."""
        return self.by_store[store].encode()


def secret_variable(store: str) -> str:
    """The environment variable that holds a store's portal secret: the store `main-street` gives `…_MAIN_STREET`."""
    return "RAYON_PORTAL_SECRET_" + re.sub(r"[^A-Z0-9]", "_", store.upper())


def given_secrets(stores: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """By store, the portal secrets of the environment; empty where it gives none. Raises OperatorError where one can be
    guessed."""
    given = {store: environ.get(secret_variable(store), "") for store in stores}
    problems = [
        Problem(secret_variable(store), "(value)", "too short", f"at least {MIN_SECRET_CHARS} characters")
        for store, secret in given.items()
        if 0 < len(secret) < MIN_SECRET_CHARS
    ]
    if problems:
        raise OperatorError(problems)
    return given


def portal_secrets(secrets: Secrets, stores: Iterable[str], environ: Mapping[str, str]) -> PortalSecrets:
    """From the environment; where it gives none, one that is derived from the site key, and that no controller knows.

    Raises OperatorError where a secret can be guessed.
    """
    given = given_secrets(stores, environ)
    return PortalSecrets(
        {store: secret or secrets.derive_key(f"portal:{store}").hex() for store, secret in given.items()}
    )


def sign_redirect(secret: bytes, store: str, mac: str, t: int) -> str:
    """HMAC-SHA256 (RFC 2104), in hexadecimal, of `store|mac|t`; the MAC as 12 lower-case digits, `t` whole s UTC.

    Raises ValueError where `mac` is none.
    """
    return hmac.digest(secret, f"{store}|{normal_mac(mac)}|{t}".encode(), hashlib.sha256).hex()


def is_signed(secret: bytes, store: str, mac: str, t: str, signature: str, now: float, fresh_s: float) -> bool:
    """Whether the store's controller signed this redirect for this phone, not longer than `fresh_s` ago."""
    if not re.fullmatch(r"[0-9]{1,12}", t) or not -AHEAD_S <= now - int(t) <= fresh_s:
        return False
    try:
        right = sign_redirect(secret, store, mac, int(t))
    except ValueError:
        return False
    return hmac.compare_digest(right.encode(), signature.lower().encode())


def address_digest(key: bytes, address: str) -> str:
    """An IP address as 32 hexadecimal digits, the same for every spelling of it. Raises ValueError where it is none."""
    found = ip_address(address.strip())
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return hmac.digest(key, f"address|{mapped or found}".encode(), hashlib.sha256).hex()[:32]


def place_code(key: bytes, store: str, place: str, now: float) -> str:
    """The code that a screen at `place` shows now, 6 characters: another one each minute (after RFC 6238)."""
    step = int(now // CODE_STEP_S)
    number = int.from_bytes(hmac.digest(key, f"{store}|{place}|{step}".encode(), hashlib.sha256)[:8], "big")
    return "".join(_ALPHABET[number >> 5 * i & 31] for i in range(CODE_CHARS))


def place_of(key: bytes, store: str, places: Iterable[str], code: str, now: float) -> str | None:
    """Where this code is shown now, or was a minute ago; None where nowhere. `O` is read as 0, `I` and `L` as 1."""
    typed = code.upper().translate(_MISREAD).encode()
    shown = ((place, place_code(key, store, place, now - back)) for place in places for back in (0.0, CODE_STEP_S))
    matches = [place for place, right in shown if hmac.compare_digest(right.encode(), typed)]
    return matches[0] if matches else None
