"""A MAC must be nowhere: database with its free pages and log, keys and salts, status, log lines, events, samples.

Input: ten phones that agreed to nothing, heard by a running store for a while, with broken frames that hold their MACs
in every spelling; checkpoint, journal, retention and status are written. Right: no MAC in any spelling, in clear or in
base64, in anything that is left on disk or was said; and no pseudonym at rest.
"""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest

from engine.config import Config
from engine.errors import DecodeError
from engine.ingest.decoders.native import NativeDecoder
from engine.ingest.events import fix_events, visit_events
from engine.ingest.samples import FrameSamples
from engine.privacy.day_keys import KeyFile
from engine.privacy.nights import Nights
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.salts import DailySalts
from engine.records import device_hex
from engine.runtime.status import report
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import open_database
from engine.storage.retention.proofs import forget
from engine.storage.retention.rules import rules_of
from tests.databases import new_sqlite
from tests.engine.runtime.made import boutique, frames, payload, stands

PLAN = boutique()
KEY = b"0123456789abcdef0123456789abcdef"
CONFIG = Config()
BEGAN = 1_800_000_000.0
LONG_S = 40.0
STANDS = stands(PLAN, 10, LONG_S)


def spellings(mac: str) -> list[bytes]:
    """As people and machines write it."""
    bare = mac.replace(":", "")
    dotted = ".".join(bare[i : i + 4] for i in (0, 4, 8))
    texts = [mac, mac.upper(), mac.replace(":", "-"), bare, bare.upper(), dotted, dotted.upper()]
    raw = bytes.fromhex(bare)
    return [*(t.encode() for t in texts), raw, base64.b64encode(raw).rstrip(b"="), base64.b64encode(mac.encode())[:20]]


def test_no_mac_is_left_anywhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    db, said = open_database(new_sqlite(tmp_path / "rayon.db")), []
    salts, day = DailySalts(tmp_path), Nights(PLAN.timezone, CONFIG.privacy.salt_turns_at).day(BEGAN)
    names = Pseudonyms(KEY, BEGAN, salt_of=lambda _: salts.salt("boutique", day))
    runner = StoreRunner(PLAN, CONFIG, db, KEY, keys=KeyFile(tmp_path))
    decoder, samples = NativeDecoder({"boutique": PLAN.ap_index}, names), FrameSamples(9)
    runner.recover(BEGAN)
    for at, readings in frames(PLAN, STANDS, LONG_S):
        now = BEGAN + at
        given = [decoder.decode("rayon/boutique/readings/c1", payload(at, readings, BEGAN), now)]
        runner.keep(given, now)
        step = runner.advance(given, now)
        runner.decide(step, now)
        said += fix_events("boutique", [lv.id for lv in PLAN.levels], step.fixes) + visit_events(
            "boutique", step.visits
        )
        if at % 10 == 0:
            runner.checkpoint(now)
    for stand in STANDS:
        for spelling in spellings(stand.mac)[:7]:
            broken = b'{"sent_at": 1, "readings": [{"mac": "' + spelling + b'", "ap": '
            with pytest.raises(DecodeError) as refused:
                decoder.decode("rayon/boutique/readings/c1", broken, BEGAN)
            samples.add(refused.value.reason, "rayon/boutique/readings/c1", broken, BEGAN)
    report(db, [runner], BEGAN + LONG_S, {"samples": samples.as_json()})
    forget(db, rules_of(db, CONFIG.retention, tmp_path), BEGAN + LONG_S)
    db.close()
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    spoken = caplog.text.encode() + b"".join(event.topic.encode() + event.payload for event in said)
    assert len(on_disk) > 100_000
    assert said
    for stand in STANDS:
        daily = int(names(stand.mac))
        for spelling in spellings(stand.mac):
            assert spelling not in on_disk + spoken
        at_rest = (device_hex(daily).encode(), daily.to_bytes(8, "big"), daily.to_bytes(8, "little"))
        assert not any(name in on_disk for name in at_rest), "no row tells one phone from another"
