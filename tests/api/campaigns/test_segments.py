"""Segments as managers meet them: in a list with its people, as an audience by API and form, and refused if unknown."""

from __future__ import annotations

import httpx
import pytest

from engine.config import Config, parse_config
from engine.offers.interests.condition import Interested
from engine.storage.vouchers.campaigns import get_campaign
from tests.api.campaigns.test_pages import fields
from tests.api.site import Site, campaign_json

PATH = "/v1/stores/corner/campaigns"
LOYAL = {"name": "loyal", "fr": "Fidèles", "en": "Loyal", "when": [{"fact": "visits", "at_least": 3}]}


@pytest.fixture
def config(config: Config) -> Config:
    said = parse_config({"segments": [LOYAL, LOYAL | {"name": "lost", "fr": "Perdus", "en": "Lost"}]}, "config.yaml")
    return config.model_copy(update={"segments": said.segments})


def test_segments_for_managers(site: Site) -> None:
    with site.manager() as manager:
        listed = manager.get("/v1/stores/corner/segments").json()["items"]
        assert [(s["name"], s["en"], s["people"]) for s in listed] == [("loyal", "Loyal", None), ("lost", "Lost", None)]
        assert manager.get("/v1/stores/moon/segments").status_code == 404
        _by_api(manager)
        _by_form(site, manager)
    with httpx.Client(base_url=site.url, timeout=60) as nobody:
        assert nobody.get("/v1/stores/corner/segments").status_code == 401


def _by_api(manager: httpx.Client) -> None:
    body = campaign_json("meant", audience={"segments": ["loyal", "gone"]})
    wrong = manager.post(PATH, json=body, headers={"Idempotency-Key": "1"})
    assert wrong.status_code == 422
    assert [p["place"] for p in wrong.json()["problems"]] == ["body.audience.segments.1"]
    body = campaign_json("meant", audience={"locales": ["fr"], "segments": ["loyal", "lost"]})
    assert manager.post(PATH, json=body, headers={"Idempotency-Key": "2"}).status_code == 201


def _by_form(site: Site, manager: httpx.Client) -> None:
    """Two that were set elsewhere stay as they are; one that is chosen takes their place."""
    page = manager.get("/campaigns/corner/meant/edit?lang=en").text
    assert "Loyal · fewer than" in page
    typed = fields(page)
    assert typed["segment"] == "loyal,lost"
    for chosen, kept in (("loyal,lost", ("loyal", "lost")), ("lost", ("lost",)), ("", ())):
        version = fields(manager.get("/campaigns/corner/meant/edit").text)["version"]
        sent = typed | {"segment": chosen, "version": version, "do": "save"}
        assert manager.post("/campaigns/corner/_form", data=sent).status_code == 303
        audience = get_campaign(site.db, "corner", "meant").campaign.audience
        assert (audience.segments, audience.locales) == (kept, ("fr",))
    refused = manager.post("/campaigns/corner/_form?lang=en", data=typed | {"segment": "moon", "do": "check"}).text
    assert "There is no segment moon: take one of lost, loyal." in refused


def test_who_is_after_a_product_is_asked_for_by_the_form(site: Site) -> None:
    with site.manager() as manager:
        body = campaign_json(
            "after", audience={"locales": ["fr"], "interested": {"how": "stopped_in_store", "product": "tea-1"}}
        )
        assert manager.post(PATH, json=body, headers={"Idempotency-Key": "3"}).status_code == 201
        typed = fields(manager.get("/campaigns/corner/after/edit?lang=en").text)
        shown = ("product:tea-1", "stopped_in_store", "14", "1", "yes")
        assert tuple(typed[name] for name in ("interested", "how", "within_days", "times", "not_bought")) == shown
        changes = {"how": "viewed_online", "times": "2", "within_days": "7,5"}
        sent = {name: value for name, value in typed.items() if name != "not_bought"} | changes | {"do": "save"}
        assert manager.post("/campaigns/corner/_form", data=sent).status_code == 303
        audience = get_campaign(site.db, "corner", "after").campaign.audience
        assert audience.locales == ("fr",)
        assert audience.interested == Interested(
            how="viewed_online", product="tea-1", within_days=7.5, times=2, not_bought=False
        )
        wrong = manager.post("/campaigns/corner/_form?lang=en", data=sent | {"times": "21", "do": "check"}).text
        assert 'id="wrong-times"' in wrong
        version = fields(manager.get("/campaigns/corner/after/edit").text)["version"]
        none = sent | {"interested": "", "version": version}
        assert manager.post("/campaigns/corner/_form", data=none).status_code == 303
        assert get_campaign(site.db, "corner", "after").campaign.audience.interested is None


def test_pages_say_what_an_offer_is_on_whom_it_means_and_that_it_is_mailed(site: Site) -> None:
    """A code by e-mail on one product, in the whole store: the list read as if it were on everything."""
    tea = {"kind": "percent", "basis_points": 2000, "applies_to": "product", "sku": "tea-1"}
    after = {"how": "viewed_online", "product": "tea-1", "within_days": 7.0}
    audience = {"segments": ["loyal", "lost"], "interested": after, "known_at_least_days": 3.0}
    mailed = {"place": {"store": True}, "offer": tea, "by_email": True, "valid_s": 1_209_600.0, "audience": audience}
    with site.manager() as manager:
        for n, body in enumerate((campaign_json("code", **mailed), campaign_json("plain", place={"store": True}))):
            assert manager.post(PATH, json=body, headers={"Idempotency-Key": f"{n}"}).status_code == 201
        name = site.plan.product_by_sku["tea-1"].name
        listed = manager.get("/campaigns/corner?lang=en").text
        assert f"{name} · The whole store · by e-mail" in listed
        page = manager.get("/campaigns/corner/code?lang=en").text
        assert f"<dd>{name}</dd>" in page
        assert "In one of these segments: Loyal · Lost<br>" in page
        assert f"Who looked at {name} online in the last 7 days<br>" in page
        assert "By e-mail as well, once to each" in page
        french = manager.get("/campaigns/corner/code?lang=fr").text
        assert "ces segments\u202f: Fidèles · Perdus" in french or "ces segments\xa0: Fidèles · Perdus" in french
        plain = manager.get("/campaigns/corner/plain?lang=en").text
        assert "Everybody who agreed to offers" in plain
        assert "e-mail" not in plain
