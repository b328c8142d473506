"""A program of a customer file asks after its cursor, with a key of its own; health says which is deaf."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import update

from api.texts.catalogue import words
from engine.config import ApiConfig, Config
from engine.delivery.crm.opening import crm_specs
from engine.delivery.crm.reporting import DEAF_S, report_receivers
from engine.storage.crm.numbers import number_events
from engine.storage.crm.receivers import declare_receivers
from engine.storage.keys import add_key
from engine.storage.models.sending.crm import CrmSendingTable
from engine.storage.status import put_status
from engine.vocabulary import Purpose, Role
from tests.api.site import Site
from tests.clocks import HeldClock
from tests.engine.storage.crm.people import answer, shopper, tell_visits
from tests.sites import until

URL = "/v1/crm/events"


@pytest.fixture
def config() -> Config:
    crm = {"receivers": [{"name": "warehouse", "form": "pull"}]}
    return Config.model_validate({"api": ApiConfig(port=0), "crm": crm})


def test_a_program_reads_on_from_its_cursor(site: Site) -> None:
    declare_receivers(site.db, crm_specs(site.config), time.time())
    ada = shopper(site.db, Purpose.CRM)
    tell_visits(site.db, ada, ["shoes"])
    number_events(site.db, time.time())
    _, key = add_key(site.db, "crm", time.time())
    with site.client(Authorization=f"Bearer {key}") as program:
        first = program.get(URL, params={"limit": 2}).json()
        assert [one["type"] for one in first["items"]] == ["profile", "consent"]
        assert first["items"][0]["data"]["email"] is None
        second = program.get(URL, params={"after": first["next"]}).json()
        assert [one["data"]["zone"] for one in second["items"]] == ["shoes"]
        assert program.get(URL, params={"after": second["next"]}).json() == {"items": [], "next": second["next"]}
        answer(site.db, ada, Purpose.CRM, False)
        number_events(site.db, time.time())
        assert [one["type"] for one in program.get(URL).json()["items"]] == ["consent"]
        assert program.get(URL, params={"after": 10_000}).status_code == 422
        assert program.get(URL, params={"after": -1}).status_code == 422
        assert program.get(URL, params={"receiver": "nobody"}).status_code == 404


def test_no_other_key_reads_them(site: Site) -> None:
    with site.client() as phone:
        site.sign_in(phone)
        assert phone.get(URL).status_code == 401
    for scope in ("manager", "partner", "till"):
        _, key = add_key(site.db, scope, time.time())  # type: ignore[arg-type]
        with site.client(Authorization=f"Bearer {key}") as other:
            assert other.get(URL).status_code == 401
    _, key = add_key(site.db, "crm", time.time())
    with site.client(Authorization=f"Bearer {key}") as program:
        assert program.get("/v1/loyalty/liability").status_code == 401


def test_a_deaf_customer_file_is_shown_and_the_site_stays_ready(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HeldClock(time.time())
    monkeypatch.setattr("api.health.endpoints.time", clock)
    put_status(site.db, "corner", "engine", {}, clock.now)
    declare_receivers(site.db, crm_specs(site.config), time.time())
    tell_visits(site.db, shopper(site.db, Purpose.CRM), ["shoes"])
    number_events(site.db, time.time())
    with site.db.write() as session:  # whoever numbered them, the site or this test
        session.exec(update(CrmSendingTable).values(queued_at=time.time() - DEAF_S - 60))
    said = words("en").health
    why = said.crm_deaf.format(name="warehouse", minutes=11, why=said.crm_slow)

    def shown() -> bool:
        report_receivers(site.db, time.time())  # the site reports too, perhaps of what it saw before
        with site.client() as anybody:
            ready = anybody.get("/health/ready").json()
        assert ready["status"] == "ready"
        return bool(ready["reasons"] == [why])

    until(shown, 30)
    with site.colleague("ivy", (Role.IT, "*")) as it:
        page = it.get("/health", headers={"Accept": "text/html"}).text
        assert "customer files" in page or "fichiers clients" in page
