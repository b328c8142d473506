"""Everything that the health page counts, by code: what `test_catalogue` wants words for."""

from __future__ import annotations

from api.health.endpoints import RECEIVERS
from api.portal.counts import COMPONENT as PORTAL
from api.portal.counts import GOOD
from docs.from_code.tables import words as documented
from engine.positioning.locator import NoFix
from engine.runtime.store_engine import StoreCount
from engine.runtime.stored.damage import Damaged
from engine.storage.status import CRM, ENGINE, LEDGER
from engine.vocabulary import FrameRefusal, LabelRefusal, LedgerFault, LetOut, ReadingRefusal, RecordRefusal

_OF_ENGINE = "rayon_engine_"
_METRICS = {name.removeprefix(_OF_ENGINE) for name in documented("metrics") if name.startswith(_OF_ENGINE)}
PARTS = {ENGINE, PORTAL, RECEIVERS, LEDGER, CRM}
COUNTS = (
    (_METRICS - {"reported_at_seconds"})
    | {"let_out", "failing", "entries", "ledger_faults"}
    | {
        "waiting",
        "oldest_s",
        "dead",
        "deaf_s",
    }
)
REFUSALS = {*ReadingRefusal, *RecordRefusal, *LabelRefusal, FrameRefusal.DECODER_FAULT}
NOT_LET_OUT = set(LetOut) - GOOD
REASONS = {
    *StoreCount,
    *Damaged,
    *NoFix,
    *LetOut,
    *LedgerFault,
    *(set(FrameRefusal) - set(ReadingRefusal) - set(RecordRefusal) - {FrameRefusal.DECODER_FAULT}),
    *("used", "kept", "share", "gain_m", "labelled_devices", "left_devices", "since", "no_key"),
}
