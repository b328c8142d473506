"""A till without a network gave less than the server booked: it rounded the legal cap down on each unit, not once.

Input: 500 drawn baskets of one capped product, and one without a cap, such as 5 x 4 with 34 % at most.
Right: both give the same, 6 of 340.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.offers.pricing.baskets import Basket, Line
from engine.offers.pricing.kinds import FULL_BP, Offer
from engine.offers.pricing.rules import takings
from tests.clocks import patience_s

SCRIPT = Path(__file__).parents[2] / "api/static/till_offline.js"
CAP = 3400
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_the_till_gives_what_the_server_books(tmp_path: Path) -> None:
    rng = np.random.default_rng(19)
    kinds = [{"kind": "amount", "amount_minor": 340}, {"kind": "percent", "basis_points": 5000}]
    drawn = [(kinds[0], [("a", 5, 4)])]
    for _ in range(499):
        lines = [(sku, int(rng.integers(1, 7)), int(rng.integers(1, 400))) for sku in "ab"[: rng.integers(1, 3)]]
        drawn.append((kinds[rng.integers(2)], lines))
    booked = [server(offer, lines) for offer, lines in drawn]
    assert booked[0] == 6
    assert till(tmp_path, drawn) == booked


def server(offer: dict[str, object], lines: list[tuple[str, int, int]]) -> int:
    read: Offer = TypeAdapter(Offer).validate_python({**offer, "applies_to": "basket"})
    basket = Basket("EUR", tuple(Line(s, n, p, legal_class="food" if s == "a" else "") for s, n, p in lines))
    return sum(takings(read, basket, range(len(lines)), {"food": CAP})) // FULL_BP


def till(tmp_path: Path, drawn: object) -> list[int]:
    source = "\n".join(line for line in SCRIPT.read_text().splitlines() if not line.startswith("import "))
    run = f"""{source}
const products = [{{ sku: "a", cap_bp: {CAP} }}, {{ sku: "b", cap_bp: null }}];
const given = {json.dumps(drawn)}.map(([offer, lines]) => discount({{ ...offer, applies_to: "basket" }},
  lines.map(([sku, quantity, unit_price_minor]) => ({{ sku, quantity, unit_price_minor }})), products).amount);
console.log(JSON.stringify(given));"""
    (tmp_path / "till.mjs").write_text(run)
    done = subprocess.run(
        [str(NODE), "till.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=patience_s(60)
    )
    return [int(n) for n in json.loads(done.stdout)]
