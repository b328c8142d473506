"""Segments as managers meet them: in a list with its people, as an audience by API and form, and refused if unknown."""

from __future__ import annotations

import httpx
import pytest

from engine.config import Config, parse_config
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
    with httpx.Client(base_url=site.url) as nobody:
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
