"""From the receiver to the engine and back, without passwords."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.sources.envelope import open_request, request_topic, seal_request
from tests.engine.ingest.sources.made import NOW

KEY = b"the site's"


@given(body=st.binary(max_size=200))
def test_a_request_comes_out_as_it_went_in(body: bytes) -> None:
    message = VendorMessage(body, NOW, headers={"x-mist-signature-v2": "ab"}, target="/in/mist?a=1")
    assert open_request(seal_request(message, "mist", KEY), NOW + 1, "mist", KEY) == message


def test_passwords_stay_where_they_were_checked() -> None:
    headers = {"authorization": "Bearer s3cret", "cookie": "s3cret", "x-rayon-key": "s3cret", "x-other": "kept"}
    sealed = seal_request(VendorMessage(b"{}", NOW, headers=headers), "mist", KEY)
    assert b"s3cret" not in sealed
    assert open_request(sealed, NOW, "mist", KEY).headers == {"x-other": "kept"}


def test_nothing_comes_from_the_future() -> None:
    assert open_request(seal_request(VendorMessage(b"", NOW + 9), "mist", KEY), NOW, "mist", KEY).received_at == NOW


@given(payload=st.binary(max_size=100))
def test_other_bytes_are_refused(payload: bytes) -> None:
    with pytest.raises(MessageRefused):
        open_request(b"\xc1" + payload, NOW, "mist", KEY)


def test_where_it_goes() -> None:
    assert request_topic("shop", "mist") == "rayon/shop/in/mist"
