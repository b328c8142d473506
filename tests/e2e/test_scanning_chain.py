"""Meraki's Scanning API 3 to a coupon: a post a minute, through a receiver's envelope, on a made-up clock.

Live, a minute of a cloud is a minute of a test, and where the coupon comes is a matter of the machine's load. Here the
posts are those that a cloud makes, and time goes on by itself. What the receiver does with a post before the envelope
is in `tests/api/controllers`.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.sources.envelope import envelope_key, request_topic, seal_request
from engine.storage.database import open_database
from engine.storage.vouchers.vouchers import vouchers_of
from tests.databases import new_sqlite
from tests.engine.runtime.listening.test_sources import BEGIN, MAC, SCANNING, observation
from tests.engine.runtime.made import Stand, boutique, frames
from tests.engine.runtime.shifts import SECRETS, STORE, Shift, sign_everyone_in
from tests.engine.runtime.wire import Wire

STANDS_S = 240.0
POST_S = 60.0


def test_a_phone_at_the_shelf_gets_its_coupon_after_the_second_post(tmp_path: Path) -> None:
    plan, wire = boutique(), Wire()
    wire.now = BEGIN
    standing = [Stand(MAC, plan.products[0].sku, 0.0, STANDS_S)]
    waiting: list[dict[str, Any]] = []
    given_at = None
    with closing(open_database(new_sqlite(tmp_path / "rayon.db"))) as db:
        who = sign_everyone_in(db, [MAC], plan, BEGIN)[MAC]
        engine = Shift(db, plan, tmp_path, wire, sources=[SCANNING])  # type: ignore[arg-type]
        engine.live()
        for sent, readings in frames(plan, standing, STANDS_S, every_s=10.0):
            wire.now = BEGIN + sent
            waiting += readings
            if sent % POST_S == 0 and waiting:
                said = {"version": "3.0", "type": "WiFi", "data": {"observations": [observation(waiting)]}}
                message = VendorMessage(json.dumps(said).encode(), wire.now)
                wire.publish(request_topic(STORE, "cloud"), seal_request(message, "cloud", envelope_key(SECRETS)))
                waiting = []
            engine.live()
            if vouchers_of(db, who):
                given_at = sent
                break
        figures = engine.process.runners[STORE].figures()
    assert figures["late"] == 0
    assert given_at is not None, "no coupon"
    assert POST_S <= given_at <= 3 * POST_S, "a cloud's minute, the wait for a later one, and the dwell of the campaign"
