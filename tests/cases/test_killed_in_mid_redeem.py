"""killed-in-mid-redeem: the API died while it redeemed, and the till got 409 for a minute.

Input: a server dies after the redemption was written and before its answer was kept; the till repeats. And one that is
only slow.
Right: within 5 s the repeat gets the one redemption there is; the slow one keeps its request for as long as it takes.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import select

from engine.storage.models.running import IdempotencyTable, RequestState
from engine.storage.once import idempotency
from tests.api.conftest import config, plan, site
from tests.api.middleware.test_idempotency import Counting
from tests.api.site import Site, basket, code_of
from tests.clocks import HeldClock
from tests.conftest import rate_clock
from tests.sites import until

__all__ = ["HeldClock", "config", "plan", "rate_clock", "site"]


def test_the_repeat_is_answered_within_five_seconds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert idempotency.ABANDONED_S <= 4.0
    with site.client() as phone, site.till() as till:
        voucher = site.issue_shown(site.sign_in(phone))
        body = {"code": code_of(voucher), "store": "corner", "till": "1", "basket": basket()}

        def ask() -> tuple[int, str]:
            answer = till.post("/v1/till/redeem", json=body, headers={"Idempotency-Key": "k"})
            return answer.status_code, answer.text

        done = ask()
        leave_as_if_killed(site, ago_s=0.0)
        with monkeypatch.context() as patch:
            patch.setattr(idempotency, "ABANDONED_S", 600.0)  # asking may take longer than it is given
            status, problem = ask()
        assert (status, "idempotency_in_flight" in problem) == (409, True)
        leave_as_if_killed(site, ago_s=idempotency.ABANDONED_S + 1.0)
        assert ask() == done
        assert ask() == done
        assert till.post("/v1/till/redeem", json=body, headers={"Idempotency-Key": "other"}).status_code == 409


def leave_as_if_killed(site: Site, ago_s: float) -> None:
    """What a process leaves that died `ago_s` ago, between writing the redemption and keeping its answer."""
    with site.db.write() as session:
        [row] = session.exec(select(IdempotencyTable)).all()
        row.state, row.status, row.media_type, row.body, row.at = (
            RequestState.IN_FLIGHT,
            None,
            None,
            None,
            time.time() - ago_s,
        )


def marked_at(site: Site) -> float:
    """When the one request under way was last said to be so (s, UTC)."""
    with site.db.read() as session:
        return session.exec(select(IdempotencyTable)).one().at


def test_a_slow_server_keeps_its_request(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "RENEWED_S", 0.05)
    monkeypatch.setattr(idempotency, "ABANDONED_S", 60.0)  # this machine may be slower still
    counting = Counting(site)
    counting.go.clear()
    headers = {"Idempotency-Key": "slow"}
    with site.manager() as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/v1/counted", json={}, headers=headers)
        assert counting.inside.wait(60)
        began = marked_at(site)
        until(lambda: marked_at(site) > began, 60, lambda: "it was not renewed")
        meanwhile = client.post("/v1/counted", json={}, headers=headers)
        counting.go.set()
        done = first.result(60)
        again = client.post("/v1/counted", json={}, headers=headers)
    assert (meanwhile.status_code, done.status_code, again.content) == (409, 201, done.content)
    assert counting.runs == 1
