"""A model with weights that one can read: it learns what was put in, says why, and forgets nothing in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from engine.errors import OperatorError
from engine.offers.next_best.model import NextBest, SentOffer, fit_ridge, learn, read_model
from engine.offers.next_best.moments import DAY_S, FEATURES, KnownShopper, Liking, OfferedGoods, feature_rows
from engine.vocabulary import OfferReason

NOW = 1_800_000_000.0
GOODS = OfferedGoods(
    ("TEA", "COFFEE", "MILK", "SOAP"), ("drinks", "drinks", "fresh", "care"), np.array([400.0, 500.0, 100.0, 300.0])
)
MARGIN = {"TEA": 100.0, "COFFEE": 100.0, "MILK": 20.0, "SOAP": 60.0}


@cache
def sent_offers() -> list[SentOffer]:
    """Who bought tea or its like uses offers of drinks, nobody uses soap."""
    rng = np.random.default_rng(1)
    drinker = KnownShopper([("TEA", NOW - 20 * DAY_S), ("MILK", NOW - 20 * DAY_S)])
    sent = []
    for i in range(1_200):
        known, sku = (drinker, KnownShopper())[i % 2], GOODS.skus[int(rng.integers(4))]
        chance = {"TEA": 0.6, "COFFEE": 0.4}.get(sku, 0.05) if i % 2 == 0 else 0.08
        sent.append(SentOffer(known, sku, NOW, bool(rng.random() < chance)))
    return sent


@cache
def model() -> NextBest:
    """Tea goes with milk."""
    return learn(GOODS, [[("TEA", NOW), ("MILK", NOW)]] * 30 + [[("SOAP", NOW)]] * 10, sent_offers())


def test_what_is_learnt_balances_what_was_used_against_five_messages_of_doubt_a_column() -> None:
    """At the best weights the sum of (used - chance) x column is 5 w, columns in units of their spread around their
    mean, and the sum of (used - chance) is 0; a column that never varies weighs nothing."""
    learnt, sent = model(), sent_offers()
    at = [GOODS.skus.index(one.sku) for one in sent]
    rows = np.stack([feature_rows(GOODS, s.known, learnt.liking, NOW)[i] for s, i in zip(sent, at, strict=True)])
    assert learnt.means == pytest.approx(rows.mean(axis=0))
    spreads = rows.std(axis=0)
    assert learnt.spreads == pytest.approx(np.where(spreads > 1e-6, spreads, 1e-6))
    columns = (rows - rows.mean(axis=0)) / learnt.spreads
    off = np.array([s.used for s in sent]) - expit(learnt.intercept + columns @ learnt.weights)
    assert columns.T @ off == pytest.approx(5.0 * learnt.weights, abs=1e-6)
    assert off.sum() == pytest.approx(0.0, abs=1e-4)
    assert learnt.weights[spreads < 1e-9] == pytest.approx(0.0, abs=1e-6)
    assert learnt.messages == 1_200


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


def test_a_weight_is_worth_five_messages_of_doubt() -> None:
    """Three of four where a column is 1, one of four where it is -1: 2 (3 - 4 p) = 5 w, p being the chance at w."""
    rows = np.repeat([[1.0], [-1.0]], 4, axis=0)
    intercept, [weight] = fit_ridge(rows, np.array([True, True, True, False, True, False, False, False]))
    assert intercept == pytest.approx(0.0, abs=1e-9)
    assert 2 * (3 - 4 * expit(weight)) == pytest.approx(5 * weight, abs=1e-9)
    assert weight > 0.2


def by_hand(**weights: float) -> NextBest:
    """A model whose columns weigh what is given, half as much for each unit above 0.5."""
    own = np.array([weights.get(str(reason), 0.0) for reason in FEATURES])
    together = np.zeros((4, 4))
    together[0, 1] = together[1, 0] = 0.0123456
    together[2, 3] = together[3, 2] = 0.01
    together[0, 3] = together[3, 0] = 0.0099
    liking = Liking(np.array([0.12345678, 0.2, 0.2, 0.2]), together, np.array([0.123456789, 0.3, 0.3, 0.3]))
    return NextBest(GOODS, liking, own, -1.0, np.full(9, 0.5), np.full(9, 2.0), 17)


def test_the_chance_is_that_of_the_columns_and_the_gain_that_of_the_margin() -> None:
    """Where a column is 1 and weighs 3 it adds (1 - 0.5) / 2 x 3; the next one is too far away to be near."""
    near = KnownShopper(away_m={"TEA": 0.0, "MILK": 1e9})
    found = by_hand(near=3.0).rank(near, ["MILK", "TEA", "TEA", "GONE"], {"TEA": 80.0}, NOW)
    assert [(r.sku, r.reason, r.because) for r in found] == [
        ("TEA", OfferReason.NEAR, None),
        ("MILK", OfferReason.LIKED, None),
    ]
    assert [r.probability for r in found] == pytest.approx([expit(-1 + 0.75), expit(-1 - 0.75)])
    assert [r.gain_minor for r in found] == pytest.approx([80 * expit(-0.25), 0.0])
    alike = by_hand().rank(near, GOODS.skus, {}, NOW)
    assert [(r.sku, r.reason) for r in alike] == [(sku, OfferReason.LIKED) for sku in sorted(GOODS.skus)]


@pytest.mark.parametrize(
    ("weights", "reason", "because"),
    [
        ({"near": 3.0, "bought_it": 2.9}, OfferReason.BOUGHT_IT, "TEA"),  # log 3 of two teas, 1 of nearness
        ({"near": 3.0, "bought_it": 1.0}, OfferReason.NEAR, None),
        ({"lingers": 3.0, "near": 2.0}, OfferReason.LINGERS, None),
        ({"goes_with": -3.0}, OfferReason.LIKED, None),  # it speaks for itself, and nothing else of hers goes with it
        ({"price": 9.0, "sated": 9.0}, OfferReason.LIKED, None),
    ],
)
def test_the_reason_is_what_adds_most(weights: dict[str, float], reason: OfferReason, because: str | None) -> None:
    known = KnownShopper([("TEA", NOW)] * 2, lingers={"drinks": 8.0}, away_m={"TEA": 0.0})
    [found] = by_hand(**weights).rank(known, ["TEA"], {}, NOW)
    assert (found.reason, found.because) == (reason, because)


def test_a_file_holds_each_number_as_far_as_it_says_anything() -> None:
    made = replace(by_hand(near=0.12345678), intercept=-0.12345678, spreads=np.full(9, 0.98765432))
    said = json.loads(made.as_json())
    assert (said["messages"], said["intercept"], said["weights"]["near"]) == (17, -0.123457, 0.123457)
    assert (said["means"], said["spreads"]) == ([0.5] * 9, [0.987654] * 9)
    first = {"sku": "TEA", "category": "drinks", "price_minor": 400, "used": 0.123457, "sold": 0.12345679}
    assert said["products"][0] == first
    assert said["together"] == [[0, 1, 0.0123], [2, 3, 0.01]]
    again = read_model(made.as_json(), "x.json")
    assert (again.liking.together[1, 0], again.liking.together[3, 2], again.liking.together[0, 3]) == (0.0123, 0.01, 0)
    assert (again.messages, again.goods.price_minor.tolist()) == (17, [400.0, 500.0, 100.0, 300.0])


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        (lambda said: said["together"].append([-1, 0, 0.5]), "no product -1"),
        (lambda said: said["together"].append([0, -2, 0.5]), "no product -2"),
        (lambda said: said["together"].append([0, 4, 0.5]), ""),
        (lambda said: said["together"].append([0, 1, float("inf")]), "a number that is none"),
        (lambda said: said.update(intercept=float("nan")), "a number that is none"),
        (lambda said: said["means"].append(1.0), "9 columns"),
        (lambda said: said["spreads"].pop(), "9 columns"),
        (lambda said: said.update(products=[], together=[]), "9 columns, of one product or more"),
        (lambda said: said["spreads"].__setitem__(4, 0.0), "above 0"),
        (lambda said: said["products"][1].update(used=0.0), "above 0"),
        (lambda said: said["products"][1].update(sold=-0.1), "above 0"),
        (lambda said: said["products"][1].update(price_minor=float("inf")), "a number that is none"),
    ],
)
def test_a_file_that_gives_no_chances_is_refused(spoil: Callable[[Any], None], wrong: str) -> None:
    said = json.loads(by_hand().as_json())
    read_model(json.dumps(said), "x.json")
    spoil(said)
    with pytest.raises(OperatorError) as refused:
        read_model(json.dumps(said), "x.json")
    [problem] = refused.value.problems
    assert wrong in problem.reason
