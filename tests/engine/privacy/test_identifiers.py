"""Addresses, cards and accounts as the database may hold them: the same whoever writes them, and of one site alone."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken

from engine.privacy.customers import customer_digest, message_digest, open_message, seal_message
from engine.privacy.identifiers import (
    card_proof,
    identifier_digest,
    mailbox_digest,
    normalise,
    open_value,
    seal_value,
)
from engine.privacy.secrets import Secrets, load_secrets
from engine.vocabulary import IdentifierKind


@pytest.fixture
def ours(tmp_path: Path) -> Secrets:
    return load_secrets(tmp_path / "ours", {})


@pytest.fixture
def theirs(tmp_path: Path) -> Secrets:
    return load_secrets(tmp_path / "theirs", {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("  Ana.B@Example.ORG ", "ana.b@example.org"),
        ("ａna@example.org", "ana@example.org"),  # a full-width letter
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
        (f"{'a' * 65}@example.org", None),
        (f"a@{'b' * 189}.org", f"a@{'b' * 189}.org"),
        (f"a@{'b' * 190}.org", None),
        ("a@b.co", "a@b.co"),
        ("a@b.c", None),
        ("a@example", None),
        ("a b@example.org", None),
        ("a@b@example.org", None),
        ("a\x01@example.org", None),
        ("", None),
    ],
)
def test_an_address_is_compared_without_case(text: str, value: str | None) -> None:
    assert normalise(IdentifierKind.EMAIL, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ab-12 34.x", "AB1234X"),
        ("123456", "123456"),
        ("12345", None),
        ("1" * 32, "1" * 32),
        ("1" * 33, None),
        ("12345_6", None),
    ],
)
def test_a_card_is_compared_by_its_signs(text: str, value: str | None) -> None:
    assert normalise(IdentifierKind.CARD, text) == value


def test_a_digest_is_keyed_and_of_its_kind(ours: Secrets, theirs: Secrets) -> None:
    key = ours.derive_key("identifier")
    by_hand = hmac.new(key, b"email|ana@example.org", hashlib.sha256).hexdigest()
    assert identifier_digest(ours, IdentifierKind.EMAIL, "ana@example.org") == by_hand
    assert mailbox_digest(ours, " Ana@example.org") == by_hand
    assert mailbox_digest(ours, "nobody") is None
    assert mailbox_digest(theirs, "ana@example.org") != by_hand
    assert identifier_digest(ours, IdentifierKind.CARD, "ana@example.org") != by_hand


def test_a_proof_is_bound_to_its_card(ours: Secrets) -> None:
    by_hand = hmac.new(ours.derive_key("identifier"), b"proof|AB1234|75001X", hashlib.sha256).hexdigest()
    assert card_proof(ours, "AB1234", " 75 001x\n") == by_hand
    assert card_proof(ours, "AB1235", "75001X") != by_hand


def test_what_is_sealed_is_opened_by_its_own_site_alone(ours: Secrets, theirs: Secrets) -> None:
    sealed = seal_value(ours, "ana@example.org")
    assert "ana" not in sealed
    assert open_value(ours, sealed) == "ana@example.org"
    message = seal_message(ours, b'{"order": 7}')
    assert b"order" not in message
    assert open_message(ours, message) == b'{"order": 7}'
    with pytest.raises(InvalidToken):
        open_value(theirs, sealed)
    with pytest.raises(InvalidToken):
        open_message(theirs, message)
    with pytest.raises(InvalidToken):
        open_message(ours, sealed.encode())


def test_a_customers_address_and_card_find_a_profile_and_an_account_is_its_sources_own(ours: Secrets) -> None:
    digest = customer_digest(ours)
    assert digest("shop", "email", "Ana@Example.org") == mailbox_digest(ours, "ana@example.org")
    assert digest("till", "card", "ab-1234") == identifier_digest(ours, IdentifierKind.CARD, "AB1234")
    key = ours.derive_key("customer account")
    assert digest("shop", "account", " 17 ") == hmac.new(key, b"shop|17", hashlib.sha256).hexdigest()
    assert digest("shop", "account", "17") != digest("other", "account", "17")
    assert [digest("shop", kind, text) for kind, text in (("email", "no"), ("card", "1"), ("account", " "))] == [""] * 3


def test_a_message_is_known_again_by_its_source_and_every_byte(ours: Secrets) -> None:
    by_hand = hmac.new(ours.derive_key("held message"), b"shop\0{}", hashlib.sha256).hexdigest()
    assert message_digest(ours, "shop", b"{}") == by_hand
