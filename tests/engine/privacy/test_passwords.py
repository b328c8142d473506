"""Passwords: long enough, not everybody's, whatever signs they have; and only their hash is kept."""

from __future__ import annotations

import unicodedata

import pytest
from argon2 import PasswordHasher

from engine.privacy.passwords import fits, flaw_of, hash_password, is_weak_hash
from engine.vocabulary import PasswordFlaw


@pytest.mark.parametrize(
    "password",
    [
        "trois chats gris",
        "aaaabbbbccccd",
        "le fromage de juin",
        "ÀÉÎÕÜ ñandú 12",
        "紅い猫が三匹いる庭で遊ぶ",
        "x" * 11 + "y",
        "abcdeabcdeabcde",  # five signs again and again
        "anaanaanaana1x",  # a name of three letters is none
        "example.orgchat",  # four signs beside it
    ],
)
def test_anything_long_is_a_password_whatever_it_is_made_of(password: str) -> None:
    assert flaw_of(password, ["ana", "ana@example.org"]) is None


@pytest.mark.parametrize(
    ("password", "flaw"),
    [
        ("", PasswordFlaw.TOO_SHORT),
        ("kJ8!x_2Qw9z", PasswordFlaw.TOO_SHORT),
        ("ﬀ" * 5 + "é", PasswordFlaw.TOO_SHORT),  # eleven letters once spelt out
        ("long " * 52, PasswordFlaw.TOO_LONG),
        ("motdepasse2026!", PasswordFlaw.COMMON),
        ("PASSWORD1234", PasswordFlaw.COMMON),
        ("aaaaaaaaaaaa", PasswordFlaw.COMMON),
        ("abcabcabcabca", PasswordFlaw.COMMON),
        ("azertyuiopqsd", PasswordFlaw.COMMON),
        ("9876543210987", PasswordFlaw.COMMON),
        ("Ana.Lopez@example.org1", PasswordFlaw.NAME),
        ("lopez lopez 2026", PasswordFlaw.NAME),
        ("lopezlopezabc", PasswordFlaw.NAME),
        ("!!rayon2026!!", PasswordFlaw.COMMON),
        ("passwordpassword", PasswordFlaw.COMMON),
        ("abcdabcdabcd", PasswordFlaw.COMMON),
        ("zyxwvutsrqpon", PasswordFlaw.COMMON),
        ("xyzabcdefghij", PasswordFlaw.COMMON),
        ("0123456789012", PasswordFlaw.COMMON),
    ],
)
def test_what_is_no_password_is_named(password: str, flaw: PasswordFlaw) -> None:
    assert flaw_of(password, ["Ana López", "ana.lopez@example.org"]) is flaw


def test_a_password_has_twelve_signs_to_256() -> None:
    signs = "trois chats gris et un chien " * 9
    short, long = PasswordFlaw.TOO_SHORT, PasswordFlaw.TOO_LONG
    assert [flaw_of(signs[:n]) for n in (11, 12, 256, 257)] == [short, None, None, long]


def test_only_the_right_one_fits_however_its_letters_are_made() -> None:
    kept = hash_password("été à la mer, trois chats")
    assert kept.startswith("$argon2id$")
    assert "chats" not in kept
    assert hash_password("été à la mer, trois chats") != kept
    assert fits(kept, unicodedata.normalize("NFD", "été à la mer, trois chats"))
    assert not fits(kept, "été à la mer, trois chiens")


@pytest.mark.parametrize("kept", [None, "", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$broken"])
def test_nobody_s_hash_fits_nothing(kept: str | None) -> None:
    assert not fits(kept, "nobody's password")


def test_a_hash_of_weaker_days_is_known() -> None:
    assert not is_weak_hash(hash_password("trois chats gris"))
    assert is_weak_hash(PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("trois chats gris"))
