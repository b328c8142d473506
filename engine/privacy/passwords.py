"""Passwords of the console's accounts: long rather than tricky, hashed by Argon2id, refused where everybody has them.

NIST SP 800-63B-4, 3.1.1.2: a least length, no rules of composition, a list of what is too common, and any sign that can
be typed. Spelling is made one (NFKC) before anything, since the same letter comes in several forms.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.vocabulary import PasswordFlaw

LEAST_CHARS, MOST_CHARS = 12, 256
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""19 MiB and two passes, the least that OWASP's cheat sheet on password storage (2025) takes of Argon2id."""
_AT_ONCE = threading.BoundedSemaphore(2)  # so that many sign-ins at once cost time, and not the store's memory
_SHORTEST_WORD = 4  # of a name within a password
_LIST = """
motdepasse monmotdepasse azertyuiop azertyuiopq qwertyuiop qwertyuiopa qwertzuiop password passwords passwordpassword
passw0rd p@ssw0rd p@ssword thisispassword mypassword administrator administrateur adminadmin superadmin rootroot
changeme changemenow letmein letmeinnow welcome bienvenue iloveyou jetaime sunshine princess football baseball superman
soleil doudou loulou marseille correcthorsebatterystaple trustno default secret secretsecret magasin monmagasin boutique
supermarche rayon
"""
_COMMON = frozenset(_LIST.split())
"""What stands at the head of every list of leaked passwords: without the figures and signs at its ends, which are added
to whatever is too short."""
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "01234567890123456789",
)
_ENDS = "0123456789 !?.,;:*+-_/$€#&@'\"()"


def flaw_of(password: str, names: Iterable[str] = ()) -> PasswordFlaw | None:
    """Why this is no password for somebody of these names (account, address, shop); None where it is one."""
    plain = _spell(password)
    if len(plain) < LEAST_CHARS:
        return PasswordFlaw.TOO_SHORT
    if len(plain) > MOST_CHARS:
        return PasswordFlaw.TOO_LONG
    folded = plain.casefold()
    if folded.strip(_ENDS) in _COMMON or folded in _COMMON or _repeats(folded) or _is_row(folded):
        return PasswordFlaw.COMMON
    rest = folded
    for word in sorted({w for name in names for w in _words(name)}, key=len, reverse=True):
        rest = rest.replace(word, "")
    return PasswordFlaw.NAME if len(rest.strip(_ENDS)) < _SHORTEST_WORD and rest != folded else None


def hash_password(password: str) -> str:
    """What is kept of a password: an Argon2id hash with its parameters and a salt of its own."""
    with _AT_ONCE:
        return _HASHER.hash(_spell(password))


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password. `kept` None, for nobody, takes as long and is never right."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _nobodys(), _spell(password)) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def is_weak_hash(kept: str) -> bool:
    """Whether the parameters have been raised since this hash was made."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's password")


def _spell(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _words(name: str) -> list[str]:
    """The words of a name that are long enough to be found in a password."""
    folded = _spell(name).casefold()
    parts = "".join(sign if sign.isalnum() else " " for sign in folded).split()
    return [word for word in (folded, *parts) if len(word) >= _SHORTEST_WORD]


def _repeats(text: str) -> bool:
    """Whether it is up to four signs again and again."""
    return any(text == (text[:n] * len(text))[: len(text)] for n in range(1, 5))


def _is_row(text: str) -> bool:
    """Whether it is a piece of the alphabet, the figures or a keyboard, forth or back."""
    return any(text in row + row or text in (row + row)[::-1] for row in _ROWS)
