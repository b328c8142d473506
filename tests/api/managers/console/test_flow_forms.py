"""Ways from zone to zone with their 90 % interval: page, bands, matrix, JSON, CSV and `/v1` say the same."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import html
import io
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.managers.told import flow_spreads, tell_flow
from engine.presence.expected.figures import ZoneSums, flow_spread, sum_spreads
from engine.presence.expected.rows import ExpectedRow
from engine.presence.flows import OUTSIDE
from engine.storage.journal import save_checkpoint
from tests.api.managers.console.shop import MONDAY, OPEN, SECRETS, STORE, at, days_from, plan_in, shop_with

LAST = days_from(MONDAY, 7)[-1]
ASKED = f"from={MONDAY}&to={LAST}"
N = 7 * 3 * 10
"""From the bakery to the tills in a week."""


def kept(day: dt.date, hour: int, zone: str, n: float) -> ExpectedRow:
    """Visits of a quarter of a minute, a tenth of them unsure, where places err for everybody."""
    return ExpectedRow(at(plan_in(), day, hour), zone, 15.0 * n, n, 15.0 * n, 3.0 * n, n / 10, n, n, n, n, n)


def test_every_form_of_a_way_says_one_interval(tmp_path: Path) -> None:
    made = shop_with(tmp_path, plan_in(), days_from(MONDAY, 7))
    rows = [
        kept(d, h, z, n) for d in days_from(MONDAY, 7) for h in OPEN for z, n in (("bakery", 10.0), ("tills", 20.0))
    ]
    save_checkpoint(made.ctx.db, STORE, 1, b"", [], [], [], 1.0, expected=rows)
    sums = {zone: ZoneSums.of([r for r in rows if r.zone == zone]) for zone in ("bakery", "tills")}
    wanted = tell_flow(N, flow_spreads({("bakery", "tills"): N}, sums)["bakery", "tills"], 20)
    assert wanted.low is not None
    assert wanted.high is not None
    assert 0 < wanted.low < N < wanted.high
    ends = [round(end) for end in (wanted.low, wanted.high)]
    page, said, table, plain = forms(made, ["/manage/shop/flows?", "reports/flows?", "reports/flows/csv?", "flows?"])

    text = html.unescape(page.text).replace("\u202f", "").replace("\u00a0", "")
    assert text.count(f"Boulangerie → Caisses: {N} ({ends[0]}–{ends[1]})") == 3  # a band's name and hover, and a cell
    assert f">{ends[0]}–{ends[1]}<" in text
    [way] = [row for row in said.json()["items"] if (row["from_zone"], row["to_zone"]) == ("bakery", "tills")]
    assert [round(way["transitions"][end]) for end in ("low", "high")] == ends
    assert way["share"]["low"] == pytest.approx(wanted.low / N, abs=1e-3)
    [line] = [
        row
        for row in csv.DictReader(io.StringIO(table.text))
        if (row["from_zone"], row["to_zone"]) == ("bakery", "tills")
    ]
    assert [round(float(line[f"transitions_{end}"])) for end in ("low", "high")] == ends
    [item] = [row for row in plain.json()["items"] if (row["from_zone"], row["to_zone"]) == ("bakery", "tills")]
    assert [round(end) for end in item["transitions_interval"]] == ends
    made.ctx.db.close()


def forms(made: object, paths: list[str]) -> list[httpx.Response]:
    """The site's answers; no server is started for them."""
    ctx = made.ctx  # type: ignore[attr-defined]
    app = create_app(ctx.config, ctx.db, SECRETS, ctx.plans, start_delivery=False)
    app.state.hub.close()

    async def ask() -> list[httpx.Response]:
        key = {"Authorization": f"Bearer {SECRETS.manager_key}", "Accept-Language": "en"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=key) as client:
            await client.post("/manage/sign-in", data={"key": SECRETS.manager_key})
            span = f"from={at(plan_in(), MONDAY, 0)}&to={at(plan_in(), LAST, 0) + 86_400}"
            out = []
            for path in paths:
                whole = path if path.startswith("/") else f"/v1/stores/{STORE}/{path}"
                out.append(await client.get(whole + (span if path == "flows?" else ASKED)))
            return out

    answers = asyncio.run(ask())
    assert [answer.status_code for answer in answers] == [200] * len(paths), [a.text[:200] for a in answers]
    return answers


def test_what_is_not_known_of_a_zone_gives_its_ways_no_interval() -> None:
    sums = {"a": ZoneSums.of([kept(MONDAY, 9, "a", 50.0)])}
    found = flow_spreads({("a", "b"): 40, (OUTSIDE, "a"): 40}, sums)
    assert set(found) == {(OUTSIDE, "a")}
    assert tell_flow(40, None, 20).low is None
    assert tell_flow(0, None, 20).withheld


def test_what_is_wrong_with_a_zone_is_wrong_with_ways_together() -> None:
    sure, unsure = ZoneSums(visits=100.0, dwell_s=1500.0), ZoneSums.of([kept(MONDAY, 9, "a", 100.0)])
    alone = flow_spread(100, [sure, sure])
    assert (alone.known_var, alone.common_var) == (100.0, 0.0)
    one = flow_spread(100, [unsure])
    both = sum_spreads([one, one])
    assert both.value == 200
    assert both.known_var == pytest.approx(2 * one.known_var)
    assert both.common_var == pytest.approx(4 * one.common_var)
