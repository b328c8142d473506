"""A sender shows the source's key in the way that its console offers."""

from __future__ import annotations

from base64 import b64encode

import pytest

from engine.ingest.sources.shown_keys import shows_key

PASSWORD = b64encode(b"anybody:s3cret").decode()


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"authorization": "Bearer s3cret"}, True),
        ({"authorization": f"basic {PASSWORD}"}, True),
        ({"x-rayon-key": "s3cret"}, True),
        ({}, False),
        ({"authorization": "s3cret"}, False),
        ({"authorization": "Bearer other"}, False),
        ({"authorization": "Basic ???"}, False),
        ({"x-rayon-key": "é"}, False),
    ],
)
def test_a_key_is_shown_one_of_three_ways(headers: dict[str, str], shown: bool) -> None:
    assert shows_key(headers, "s3cret") is shown


def test_no_secret_lets_nobody_in() -> None:
    assert not shows_key({"x-rayon-key": ""}, "")
    assert not shows_key({"authorization": "Bearer "}, None)
