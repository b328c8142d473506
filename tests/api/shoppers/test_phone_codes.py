"""Codes for screens in the store, and entering one: who stands beside it says which phone is theirs."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from engine.storage.people.phones import open_claims
from tests.api.site import MAC, Site


def shown(site: Site) -> str:
    """What the screen at the till shows."""
    with site.till() as screen:
        return str(screen.get("/v1/till/codes/corner").json()["items"][0]["code"])


def test_a_screen_gets_the_codes_of_its_store(site: Site) -> None:
    with site.till() as screen, site.client() as anybody:
        answer = screen.get("/v1/till/codes/corner").json()
        assert screen.get("/v1/till/codes/nowhere").status_code == 404
        assert anybody.get("/v1/till/codes/corner").status_code == 401
    assert [(item["place"], item["category"]) for item in answer["items"]] == [("till-1", "checkout")]
    assert datetime.fromisoformat(answer["changes_at"]).second == 0


def test_a_code_is_noted_for_the_claimed_phone(site: Site) -> None:
    with site.client() as phone:
        site.sign_in(phone, client_mac=MAC)
        assert phone.post("/v1/me/phone-code", json={"code": shown(site)}).json() == {"changed": True}
        [claim] = open_claims(site.db, "corner", 0.0)
        assert claim.code_place == "till-1"
        assert phone.get("/v1/me").json()["phone"] == "pending"  # the engine has the last word


@pytest.mark.parametrize(("mac", "code", "status"), [(MAC, "place_code_wrong", 409), (None, "device_unknown", 409)])
def test_what_is_refused(site: Site, mac: str | None, code: str, status: int) -> None:
    with site.client() as phone:
        site.sign_in(phone, client_mac=mac)
        said = phone.post("/v1/me/phone-code", json={"code": "UUUUUU" if mac else shown(site)})
        assert (said.status_code, said.json()["code"]) == (status, code)


def test_guessing_is_slowed_down(site: Site) -> None:
    with site.client() as phone:
        site.sign_in(phone, client_mac=MAC)

        def guess() -> httpx.Response:
            return phone.post("/v1/me/phone-code", json={"code": "UUUUUU"})

        assert [guess().status_code for _ in range(11)] == [409] * 10 + [429]
