"""What is made of words and few digits is a name; all else goes by a keyed hash. Each limit, from both its sides."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from engine.ingest.names import SourceNames, looks_like_a_name


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("x" * 19 + "-" + "w" * 20, "x" * 20 + "-" + "w" * 20),  # 40 and 41 characters
        ("till-123-45", "till-123-456"),  # 5 and 6 digits
        ("ab-12-cd-9", "ab-12-cd-ef"),  # 6 and 8 hexadecimal characters in parts of two and more
        ("OpenWrt", "openWrt"),  # words begin with a capital or have none
        ("upstairs", "upStairs"),  # eight characters that are a word, and eight that six bytes may be
        ("floor 2nd.west_5ghz", "floor  2nd.west_5ghz"),  # one sign between parts
        ("AP12", "A12B"),
    ],
)
def test_a_name_and_what_is_none_any_more(name: str, other: str) -> None:
    assert looks_like_a_name(name)
    assert not looks_like_a_name(other)


def test_what_is_no_name_goes_by_a_hash_under_the_sites_key() -> None:
    """unnamed- and the first eight digits of HMAC-SHA256(key, "source:" and the name)."""
    names = SourceNames(b"key of the site", ["02005e100001"])
    mac = "02005e100002"
    digest = hmac.new(b"key of the site", b"source:" + mac.encode(), hashlib.sha256).hexdigest()
    assert names.of(mac) == f"unnamed-{digest[:8]}"
    assert SourceNames(b"another key").of(mac) != names.of(mac)
    assert names.of("02005e100001") == "02005e100001", "config.yaml says so"
    assert names.of("till-1") == "till-1"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("", False), ("a", True), ("-a", False), ("a-", False), ("a.b c_d-e", True), ("a/b", False), ("ab12345", False),
        ("ab1234", True), ("Ab1234", True), ("KLMNOP1234", True), ("KLMNOPQ1", False), ("ABCDEF1234", False),
        ("12345", False), ("1234", True),
        ("12ghz", True), ("123ghz", False), ("2Nd", False), ("abcdefgh", True), ("Abcdefgh", True), ("abcdefg1", True),
        ("klmnop12", True), ("klmno123", False), ("abcdef12", False), ("be-ef-ad-1", True), ("be-ef-ad-12", False),
        ("ABCD1234", False),
    ],
)  # fmt: skip
def test_parts_of_a_name(name: str, is_one: bool) -> None:
    assert looks_like_a_name(name) == is_one
