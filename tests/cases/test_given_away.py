"""A store most of whose products cost nothing learnt chances that were no numbers, and a model file could say as much.

Input: prices 0, 0 and 100, with thirty messages; files with NaN, infinity, too few columns, a product of number -1,
no product. Right: chances between 0 and 1; every such file is refused.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.offers.next_best.model import NextBest, SentOffer, learn, read_model
from engine.offers.next_best.moments import FEATURES, KnownShopper, OfferedGoods

SKUS = ("BAG", "CUP", "TEA")


def model(*prices: float) -> NextBest:
    goods = OfferedGoods(SKUS, ("c",) * 3, np.array(prices))
    return learn(goods, [[("BAG", 1.0)]], [SentOffer(KnownShopper(), SKUS[i % 3], 9.0, i % 4 == 0) for i in range(30)])


@pytest.mark.parametrize("prices", [(0.0, 0.0, 100.0), (0.0, 0.0, 0.0)])
def test_what_costs_nothing_has_a_chance(prices: tuple[float, ...]) -> None:
    again = read_model(model(*prices).as_json(), "m.json")
    assert all(0 < one.probability < 1 for one in again.rank(KnownShopper(), SKUS, {}, 9.0))


@pytest.mark.parametrize(
    "wrong",
    [
        {"intercept": float("nan")},
        {"means": [0.0]},
        {"spreads": [0.0] * len(FEATURES)},
        {"weights": {str(f): float("inf") for f in FEATURES}},
        {"together": [[-1, 0, 0.5]]},
        {"products": []},
    ],
)
def test_a_file_that_gives_no_chances_is_refused(wrong: dict[str, Any]) -> None:
    said = json.loads(model(1.0, 2.0, 3.0).as_json()) | wrong
    with pytest.raises(OperatorError, match=r"no model of offers|m\.json"):
        read_model(json.dumps(said), "m.json")


def test_so_is_one_of_brackets() -> None:
    with pytest.raises(OperatorError):
        read_model("[" * 100_000, "m.json")
