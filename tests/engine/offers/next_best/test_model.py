"""A model with weights that one can read: it learns what was put in, says why, and forgets nothing in a file."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.special import expit

from engine.errors import OperatorError
from engine.offers.next_best.model import NextBest, SentOffer, fit_ridge, learn, read_model
from engine.offers.next_best.moments import DAY_S, FEATURES, KnownShopper, OfferedGoods, feature_rows
from engine.vocabulary import OfferReason

NOW = 1_800_000_000.0
GOODS = OfferedGoods(
    ("TEA", "COFFEE", "MILK", "SOAP"), ("drinks", "drinks", "fresh", "care"), np.array([400.0, 500.0, 100.0, 300.0])
)
MARGIN = {"TEA": 100.0, "COFFEE": 100.0, "MILK": 20.0, "SOAP": 60.0}


@cache
def model() -> NextBest:
    """Who bought tea or its like uses offers of drinks, tea goes with milk, nobody uses soap."""
    rng = np.random.default_rng(1)
    drinker = KnownShopper([("TEA", NOW - 20 * DAY_S), ("MILK", NOW - 20 * DAY_S)])
    sent = []
    for i in range(1_200):
        known, sku = (drinker, KnownShopper())[i % 2], GOODS.skus[int(rng.integers(4))]
        chance = {"TEA": 0.6, "COFFEE": 0.4}.get(sku, 0.05) if i % 2 == 0 else 0.08
        sent.append(SentOffer(known, sku, NOW, bool(rng.random() < chance)))
    return learn(GOODS, [[("TEA", NOW), ("MILK", NOW)]] * 30 + [[("SOAP", NOW)]] * 10, sent)


def test_ridge_regression_finds_the_weights_that_the_answers_were_drawn_with() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(20_000, 3))
    used = rng.random(20_000) < expit(-2.0 + rows @ np.array([1.0, -0.5, 0.0]))
    intercept, weights = fit_ridge(rows, used)
    assert intercept == pytest.approx(-2.0, abs=0.1)
    assert weights == pytest.approx([1.0, -0.5, 0.0], abs=0.08)
    _, doubted = fit_ridge(rows[:50], used[:50], ridge=1e6)
    assert np.abs(doubted).max() < 1e-3


def test_it_offers_what_was_bought_to_who_bought_it_and_says_so() -> None:
    learnt = model()
    first, *others = learnt.rank(KnownShopper([("TEA", NOW - 20 * DAY_S)]), GOODS.skus, MARGIN, NOW)
    assert (first.sku, first.reason, first.because) == ("TEA", OfferReason.BOUGHT_IT, "TEA")
    assert first.gain_minor == pytest.approx(100 * first.probability)
    assert [r.gain_minor for r in (first, *others)] == sorted((r.gain_minor for r in (first, *others)), reverse=True)
    coffee = next(r for r in others if r.sku == "COFFEE")
    assert coffee.because == "TEA"
    assert learnt.rank(KnownShopper(), ["UNKNOWN", "SOAP"], MARGIN, NOW)[0].sku == "SOAP"


def test_without_a_history_it_says_what_people_like_and_never_what_somebody_bought() -> None:
    for ranked in model().rank(KnownShopper(), GOODS.skus, MARGIN, NOW):
        assert (ranked.reason, ranked.because) == (OfferReason.LIKED, None)


def test_what_is_near_or_was_bought_yesterday_shows_in_its_column() -> None:
    near = feature_rows(GOODS, KnownShopper(away_m={"TEA": 0.0, "MILK": 10.0}), model().liking, NOW)
    column = FEATURES.index(OfferReason.NEAR)
    assert near[:, column] == pytest.approx([1.0, 0.0, np.exp(-1), 0.0])
    sated = feature_rows(GOODS, KnownShopper([("TEA", NOW), ("TEA", NOW + 9)]), model().liking, NOW)
    assert sated[:, FEATURES.index(OfferReason.SATED)] == pytest.approx([1, 0, 0, 0])
    assert sated[0, FEATURES.index(OfferReason.BOUGHT_IT)] == pytest.approx(np.log(2)), "nobody knows the future"


def test_a_model_is_a_file_that_one_can_read() -> None:
    learnt = model()
    said = learnt.as_json()
    again = read_model(said, "x.json")
    known = KnownShopper([("TEA", NOW - DAY_S)])
    assert [r.sku for r in again.rank(known, GOODS.skus, MARGIN, NOW)] == [
        r.sku for r in learnt.rank(known, GOODS.skus, MARGIN, NOW)
    ]
    assert '"bought_it"' in said
    for wrong in ("", "{}", '{"products": [], "together": [[0, 1, 1]]}'):
        with pytest.raises(OperatorError):
            read_model(wrong, "x.json")
    with pytest.raises(ValueError, match="nothing was sent"):
        learn(GOODS, [], [])
