"""The shop looks at doubtful points: by program and by page, and every verdict is on the record."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import config, plan, site
from tests.api.site import SECRETS, Site

__all__ = ["config", "plan", "site"]


@pytest.fixture
def sharer(site: Site) -> Iterator[httpx.Client]:
    """Somebody whose link eight browsers opened at once, all from one address."""
    with site.client() as phone:
        voucher = site.issue(site.sign_in(phone), time.time())
        link = phone.post("/v1/me/shares", json={"voucher_id": voucher}).json()["url"]
        for n in range(8):
            with site.client(**{"User-Agent": f"Mozilla/5.0 (browser {n})"}) as other:
                assert other.get(link).status_code == 200
        yield phone


def test_reviews_by_program(site: Site, sharer: httpx.Client) -> None:
    path = f"/v1/stores/{site.plan.store}/share-reviews"
    with site.manager() as manager, site.till() as till:
        assert till.get(path).status_code == 401
        found = manager.get(path).json()
        assert len(found["items"]) == 8
        first, second = found["items"][:2]
        assert first["score"] >= found["review_at"]
        assert {s["signal"] for s in first["signals"]} >= {"burst", "no_language"}
        for item, accept in ((first, True), (second, False)):
            key = {"Idempotency-Key": f"k{item['visit_id']}"}
            said = manager.post(f"{path}/{item['visit_id']}", json={"accept": accept}, headers=key).json()
            assert said == {"verdict": "accepted" if accept else "refused"}
        again = manager.post(
            f"{path}/{first['visit_id']}", json={"accept": False}, headers={"Idempotency-Key": "other"}
        )
        assert (again.status_code, again.json()["code"]) == (409, "reviewed_already")
        left = manager.get(path).json()
    assert len(left["items"]) == 6
    assert [line["verdict"] for line in left["log"]][:2] == ["refused", "accepted"]
    assert len({line["by"] for line in left["log"]}) == 2  # the model, and the key
    assert sharer.get("/v1/me").json()["points"] == {"available": 0, "pending": 7 * 50, "worth": None}


@pytest.mark.parametrize(("lang", "words"), [("fr", "Points à vérifier"), ("en", "Points to look at")])
def test_reviews_by_page(site: Site, sharer: httpx.Client, lang: str, words: str) -> None:
    path = f"/share-reviews/{site.plan.store}"
    with site.client(Accept="text/html") as manager:
        form = manager.get(path)
        assert (form.status_code, f'name="to" value="{path}"' in form.text) == (401, True)
        signed_in = manager.post("/manage/sign-in", data={"key": SECRETS.manager_key, "to": path})
        assert signed_in.headers["location"] == path
        page = manager.get(path, params={"lang": lang}).text
        assert words in page
        assert "Tea week" in page
        assert "tea-20" not in page, "people know a campaign by its name"
        [first, *rest] = re.findall(rf'action="({path}/[0-9]+)', page)
        assert len(rest) == 7
        after = manager.post(first, data={"accept": "no"}, follow_redirects=True).text
        assert len(re.findall(rf'action="{path}/[0-9]+', after)) == 7
        manager.post(first, data={"accept": "yes"})  # a colleague's page was older: what stands stays
    assert sharer.get("/v1/me").json()["points"]["pending"] == 7 * 50
