"""Labels of a recording go in by their time: neither their order nor one terminal decides which are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.labels import learning, recording
from engine.positioning.labels.arriving import labels_of
from engine.positioning.labels.learning import LabelLearning
from engine.records import Labels, Readings
from engine.vocabulary import LabelKind, LabelRefusal
from tests.engine.positioning.labels.shop import shop

PHONE, TROLLEY = 1, 2


def readings() -> Readings:
    """A phone and a trolley, each heard at -60 dBm every 3 s of two minutes."""
    rows = [(t, d, a) for t in np.arange(0.0, 120.0, 3.0).tolist() for d in (PHONE, TROLLEY) for a in range(5)]
    t, device, ap = (np.array(v) for v in zip(*rows, strict=True))
    nothing = np.full(len(t), np.nan, np.float32)
    heard = np.full(len(t), -60.0, np.float32)
    return Readings(t, device.astype(np.uint64), ap.astype(np.int32), heard, nothing, nothing)


def labels() -> Labels:
    """Five of the phone, after two hundred of the trolley in one second, all of one product."""
    scan = LabelKind.SHELF_SCAN
    trolley = [(30.0 + 5e-3 * k, TROLLEY, scan, "p7", False) for k in range(200)]
    return labels_of(shop()[0], trolley + [(40.0 + 10.0 * k, PHONE, scan, f"p{k}", False) for k in range(5)])


def learnt(rows: Labels) -> LabelLearning:
    return recording.learn_from_recording(*shop(), readings(), {"labels.csv": rows})


def test_every_label_is_looked_at_in_whatever_order_the_rows_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST_WAITING", 60)
    monkeypatch.setattr(learning, "MOST_OF_ONE", 40)
    monkeypatch.setattr(recording, "MOST_LABELS", 40)
    every = labels()
    one, other = learnt(every), learnt(every.take(np.random.default_rng(3).permutation(len(every))))
    assert one.figures() == other.figures()
    assert one.figures()["kept"] == 3 + 5  # three of one device in one place
    assert one.counts[LabelRefusal.TOO_MANY_LABELS] == 200 - 3
    state, again = one.state()["taught"], other.state()["taught"]
    assert all(np.array_equal(state[name], again[name], equal_nan=True) for name in state)
    assert one.state()["sources"] == ["labels.csv"]


def test_how_much_of_a_recording_is_read_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_SCANS", 6)
    shares: list[float] = []
    recording.learn_from_recording(*shop(), readings(), {"labels.csv": labels()}, shares.append)
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_labels_wait_for_the_scans_around_them_however_many_are_located_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Scans are of 3 s: of who stood all the time 13 or 14 lie within 20 s of a label's time."""
    phone = labels().take(slice(200, None))
    whole = learnt(phone)
    assert whole.figures()["kept"] == 5
    assert set(whole.state()["taught"]["scans"].tolist()) <= {13.0, 14.0}
    monkeypatch.setattr(recording, "MOST_SCANS", 6)
    parts = learnt(phone)
    assert parts.figures() == whole.figures()
    assert parts.state()["taught"]["scans"].tolist() == whole.state()["taught"]["scans"].tolist()
