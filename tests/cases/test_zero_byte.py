"""A zero byte in a string answered 500 on PostgreSQL, and the log held the statement's parameters (kitaru #927).

Input: `display_name`, `email`, `text_version` and every other place a text can stand in, with U+0000 in it, as JSON,
form, query, path, header and cookie. Right: 422 (404 in a path) on both databases, and no parameter in any log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.config import ApiConfig, Config
from engine.storage.database import Database
from tests.api.conftest import served
from tests.api.site import SECRETS, Site, campaign_json, small_plan
from tests.clocks import HeldClock

NUL = "a\x00b"
SECRET = "somebody@example.org"


@pytest.fixture
def anywhere(database_url: str, rate_clock: HeldClock) -> Iterator[Site]:
    """The HTTP side on either database."""
    with served(database_url, Config(api=ApiConfig(port=0)), small_plan()) as made:
        yield made


def session(**changes: Any) -> dict[str, Any]:
    agreed = [{"purpose": "statistics", "granted": True}]
    return {"store": "corner", "consents": agreed, "email": SECRET, "display_name": "Zoé", **changes}


def answers(site: Site) -> Iterator[tuple[str, httpx.Response, int]]:
    """(what was sent, the answer, the right status)."""
    with site.client() as shopper, site.manager() as manager, site.till() as till:
        for name in ("display_name", "email", "text_version", "store", "client_mac", "locale"):
            yield f"json {name}", shopper.post("/v1/sessions", json=session(**{name: NUL})), 422
        yield "json key", shopper.post("/v1/sessions", json=session(**{NUL: 1})), 422
        surrogate = b'{"store": "corner", "display_name": "\\ud800"}'
        yield "surrogate", shopper.post("/v1/sessions", content=surrogate, headers=JSON), 422
        for name in ("display_name", "text_version", "consent"):
            yield f"form {name}", shopper.post("/w/corner", data={"consent": "crm:any", name: NUL}), 422
        site.sign_in(shopper)
        version = {"consents": [{"purpose": "statistics", "granted": True}], "text_version": NUL}
        yield "consents", shopper.put("/v1/me/consents", json=version), 422
        yield "cursor", shopper.get("/v1/me/vouchers?cursor=%00"), 422
        yield "voucher", shopper.post("/v1/me/vouchers/a%00b/seen"), 404
        yield "share", shopper.get("/s/a%00b"), 404
        yield "share body", shopper.post("/v1/me/shares", json={"voucher_id": NUL}), 422
        for path in ("campaigns/a%00b", "heat?level=%00", "decisions?after=1~%00"):
            yield path, manager.get(f"/v1/stores/corner/{path}"), 404 if "campaigns" in path else 422
        write = {"Idempotency-Key": "k1"}
        made = campaign_json("new-1", name=NUL)
        yield "campaign", manager.post("/v1/stores/corner/campaigns", json=made, headers=write), 422
        basket = {"currency": "EUR", "lines": []}
        redeem = {"code": NUL, "store": "corner", "till": "1", "basket": basket}
        yield "code", till.post("/v1/till/check", json=redeem), 422
        yield "void", till.post("/v1/till/void", json={"redemption_id": NUL}, headers=write), 422


JSON = {"Content-Type": "application/json"}


def test_a_zero_byte_is_refused_everywhere(anywhere: Site, caplog: pytest.LogCaptureFixture) -> None:
    wrong = [(what, got.status_code) for what, got, right in answers(anywhere) if got.status_code != right]
    assert wrong == []
    assert SECRET not in caplog.text


HUGE = [
    ("GET", "/v1/me/points?cursor=99999999999999999999", None, 422),
    ("POST", "/v1/me/deliveries/99999999999999999999/ack", None, 422),
    ("GET", "/v1/stores/corner/heat?from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z", None, 422),
    ("GET", "/v1/stores/corner/heat?to=9999-12-31T23:59:59Z", None, 422),
    ("GET", "/v1/stores/corner/heat?from=0001-01-01T00:00:00%2B14:00", None, 422),
    ("GET", "/v1/stores/corner/decisions?after=nan~x", None, 422),
    ("POST", "/v1/sessions", '{"store": 1' + "0" * 5000 + "}", 422),
    ("POST", "/v1/sessions", '{"store": NaN}', 422),
    ("POST", "/v1/sessions", "[" * 100_000 + "]" * 100_000, 422),
    ("POST", "/v1/sessions", '{"store": 1e999}', 422),
]


@pytest.mark.parametrize(("method", "path", "body", "right"), HUGE)
def test_huge_numbers_and_far_dates_are_refused(
    anywhere: Site, method: str, path: str, body: str | None, right: int
) -> None:
    headers = {"Content-Type": "application/json"}
    with anywhere.client() as client:
        anywhere.sign_in(client)
        if "/stores/" in path:
            headers["Authorization"] = f"Bearer {SECRETS.manager_key}"
        answer = client.request(method, path, content=body, headers=headers)
    assert answer.status_code == right, answer.text


def test_no_parameter_of_a_statement_is_in_an_error(db: Database) -> None:
    with pytest.raises(DBAPIError) as found, db.write() as session:
        session.connection().execute(text("SELECT :who FROM nowhere"), {"who": SECRET})
    assert SECRET not in str(found.value)
    assert "hide_parameters" in str(found.value)


def test_line_breaks_and_tabs_are_texts_own(anywhere: Site) -> None:
    with anywhere.client() as client:
        answer = client.post("/v1/sessions", json=session(display_name="Zoé\tet\nLéa"))
    assert answer.status_code == 201
