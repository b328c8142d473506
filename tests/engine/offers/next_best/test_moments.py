"""What the model looks at, column by column, worked out by hand; and what people like, out of what they did."""

from __future__ import annotations

import numpy as np
import pytest

from engine.offers.next_best.model import SentOffer, learn_liking
from engine.offers.next_best.moments import DAY_S, FEATURES, KnownShopper, Liking, OfferedGoods, feature_rows
from engine.vocabulary import OfferReason

NOW = 1_800_000_000.0
GOODS = OfferedGoods(("TEA", "COFFEE", "SOAP"), ("drinks", "drinks", "care"), np.array([400.0, 100.0, 0.0]))
TOGETHER = np.array([[0.0, 0.4, 0.1], [0.4, 0.0, 0.0], [0.1, 0.0, 0.0]])
LIKING = Liking(np.array([0.1, 0.2, 0.3]), TOGETHER, np.array([0.5, 0.25, 0.25]))
SHE = KnownShopper(
    [("TEA", NOW - 60 * DAY_S), ("COFFEE", NOW), ("SOAP", NOW + 1), ("GONE", NOW)],
    [("TEA", NOW), ("SOAP", NOW - 7 * DAY_S), ("COFFEE", NOW + 1), ("GONE", NOW)],
    {"drinks": 3.0, "care": 0.5},
    {"TEA": 5.0},
)
"""She bought half a tea (60 days halve it) and a coffee; looked at tea, and at half a soap."""


def column(reason: OfferReason, known: KnownShopper = SHE, liking: Liking = LIKING) -> list[float]:
    rows = feature_rows(GOODS, known, liking, NOW)
    assert rows.shape == (3, len(FEATURES))
    return [float(x) for x in rows[:, FEATURES.index(reason)]]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (OfferReason.BOUGHT_IT, np.log([1.5, 2.0, 1.0])),
        # (what she bought of its like + 5 x what people do) / ((1.5 + 5) x what people do), 0.75 drinks and 0.25 care
        (OfferReason.BOUGHT_LIKE_IT, np.log([4.75 / 4.875, 4.25 / 4.875, 1.25 / 1.625]) + 2),
        (OfferReason.GOES_WITH, np.sqrt(np.array([0.4, 0.2, 0.05]) / 2.5)),
        (OfferReason.LOOKED_AT, np.log([2.0, 1.3, 1.5])),
        (OfferReason.LINGERS, np.log([3.0, 3.0, 1.0])),
        (OfferReason.NEAR, [np.exp(-0.5), 0.0, 0.0]),
        (OfferReason.LIKED, np.log([0.5, 1.0, 1.5]) + 2),
        (OfferReason.SATED, [np.exp(-60 / 7), 1.0, 0.0]),
        (OfferReason.PRICE, np.log([4.0, 1.0, 0.01]) / 2 + 1),
    ],
)
def test_each_column_by_hand(reason: OfferReason, said: list[float]) -> None:
    assert column(reason) == pytest.approx(list(said), abs=1e-12)


def test_no_column_is_out_of_proportion() -> None:
    often = KnownShopper([("TEA", NOW)] * 100, lingers={"drinks": 50.0})
    rare = Liking(LIKING.used, TOGETHER, np.array([0.02, 0.02, 0.96]))
    assert column(OfferReason.BOUGHT_LIKE_IT, often, rare)[1:] == [4.0, 0.0]
    assert column(OfferReason.LINGERS, often) == pytest.approx([np.log(8), np.log(8), 0.0])


def test_what_people_like_is_what_they_did_shrunk_to_the_mean() -> None:
    """Two who bought tea, one of them thrice and soap as well; two offers of tea and one of soap, of which one used."""
    histories = [[("TEA", 1.0)] * 3 + [("SOAP", 2.0), ("GONE", 3.0)], [("TEA", 1.0)], []]
    sent = [SentOffer(SHE, "TEA", NOW, True), SentOffer(SHE, "TEA", NOW, False), SentOffer(SHE, "SOAP", NOW, False)]
    found = learn_liking(GOODS, histories, sent)
    assert found.sold == pytest.approx([5 / 8, 1 / 8, 2 / 8])
    with_soap = 1 / (np.sqrt(2 * 1) + 5)
    assert found.together == pytest.approx(np.array([[0, 0, with_soap], [0, 0, 0], [with_soap, 0, 0]]))
    assert found.used == pytest.approx([(1 + 10 / 3) / 12, (10 / 3) / 10, (10 / 3) / 11])
    assert learn_liking(GOODS, [], sent[1:]).used == pytest.approx([1e-3 / 11, 1e-3 / 10, 1e-3 / 11])
