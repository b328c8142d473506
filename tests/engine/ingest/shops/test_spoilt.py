"""Spoilt messages over all decoders of shop systems: sound events or a counted refusal, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commerce.form import as_form, from_form
from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.checks import check_event
from engine.ingest.shops.kinds import SHOP_DECODERS
from engine.vocabulary import RecordRefusal
from tests.examples import examples
from tests.payloads.mutations import ODD, ODD_BYTES
from tests.payloads.shops_recorded import TOLD, all_recorded, recorded

ROUNDS = 150
"""Of each recorded message: 0.02 s."""


def check(kind: str, message: VendorMessage) -> None:
    try:
        decoded = SHOP_DECODERS[kind](message, TOLD)
    except MessageRefused as refused:
        assert type(refused.reason) is RecordRefusal  # noqa: PT017
        assert len(refused.detail) <= 300  # noqa: PT017
        return
    assert all(type(reason) is RecordRefusal and count > 0 for reason, count in decoded.refused.items())
    for event in decoded.events:
        check_event(event)
        written = json.dumps(as_form(event), ensure_ascii=False)
        assert "\x00" not in written.encode().decode()
        assert from_form(json.loads(written)) == event


@pytest.mark.parametrize(("kind", "name"), list(all_recorded()))
def test_recorded_messages_with_odd_values_and_bytes(kind: str, name: str) -> None:
    rng, message = Random(f"{kind} {name}"), recorded(kind, name)
    for _ in range(ROUNDS):
        check(kind, replace(message, body=_spoil(message.body, rng)))


def _spoil(body: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(body) + 1)
    if rng.random() < 0.5:
        try:
            said = json.loads(body)
        except ValueError:
            return body[:at] + str(rng.choice(ODD)).encode("utf-8", "replace") + body[at + rng.randrange(9) :]
        places = list(_places([said]))
        for node, key in rng.sample(places, min(rng.randint(1, 2), len(places))):
            if isinstance(node, dict) or key < len(node):
                node[key] = rng.choice(ODD)
        return json.dumps(said).encode()
    choice = rng.randrange(3)
    if choice == 0:
        return body[:at] + rng.choice(ODD_BYTES) + body[at:]
    return body[:at] if choice == 1 else body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]


def _places(node: object) -> list[tuple[object, object]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, child in items for place in [(node, key), *_places(child)]]


@examples(60)
@given(kind=st.sampled_from(sorted(SHOP_DECODERS)), body=st.binary(max_size=300), topic=st.text(max_size=20))
def test_random_bytes(kind: str, body: bytes, topic: str) -> None:
    headers = {"x-shopify-topic": topic or "orders/paid", "x-wc-webhook-topic": topic or "order.updated"}
    check(kind, VendorMessage(body, 1_796_000_000.0, headers=headers))
