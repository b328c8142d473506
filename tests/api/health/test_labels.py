"""What labels came to, as the manager gets it: over HTTP, and on the page of sources in both languages."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.storage.status import ENGINE, EVERY_STORE, put_status
from tests.api.site import SECRETS, Site

MANAGER = {"Authorization": f"Bearer {SECRETS.manager_key}"}
CAMPAIGN: dict[str, Any] = {
    "asked": 0.8, "threshold": 0.35, "precision": 0.86, "precision_low": 0.81, "precision_high": 0.91,
    "recall": 0.7, "labelled": 40, "by_labels": True,
}  # fmt: skip
UNKEPT = CAMPAIGN | {"threshold": None, "precision_high": None}
BY_PLAN = UNKEPT | {"by_labels": False, "labelled": 0}


def say(site: Site) -> None:
    sku = site.plan.products[0].sku
    moved = {"sku": sku, "level": "0", "x_m": 3.5, "y_m": 2.0, "moved_m": 9.1}
    labels = {
        "used": 310, "kept": 290, "share": 1.0, "gain_m": 0.42, "labelled_devices": 40, "left_devices": 20,
        "refused": {"label_duplicate": 3, "learning_not_agreed": 2, "label_not_heard": 9, "label_far_off": 4},
        "lying_sources": {"labels/scanner": "mirrored in x"}, "moved_products": [moved],
        "apart_m": {"labels/trolley": [1.3, -0.4]},
    }  # fmt: skip
    values = {"k": 20, "labels": labels, "promises": {"tea": CAMPAIGN, "jam": UNKEPT, "pen": BY_PLAN}}
    put_status(site.db, "corner", ENGINE, values, time.time())
    stream: dict[str, Any] = {
        "kind": "labels", "heard_at": time.time(), "newest_t": 0.0, "rate_per_min": None, "messages": 9, "readings": 0,
        "positions": 0, "sessions": 0, "refused": {"unknown_product": 3, "<b>": 1}, "stores": ["corner"],
    }  # fmt: skip
    streams = {"labels/scanner": stream, "c1": stream, "labels/other": stream | {"stores": ["other"]}}
    put_status(site.db, EVERY_STORE, ENGINE, {"sources": streams}, time.time())


def test_over_http_for_managers_only(site: Site) -> None:
    say(site)
    with site.client() as client:
        found = client.get("/v1/stores/corner/labels", headers=MANAGER).json()
        assert client.get("/v1/stores/corner/labels").status_code == 401
        assert client.get("/v1/stores/elsewhere/labels", headers=MANAGER).status_code == 404
    assert (found["used"], found["gain_m"], found["labelled_devices"]) == (310, 0.42, 40)
    assert found["refused"]["label_far_off"] == 4
    assert found["lying_sources"] == {"labels/scanner": "mirrored in x"}
    assert found["apart_m"] == {"labels/trolley": [1.3, -0.4]}
    assert found["moved_products"][0]["name"] == site.plan.products[0].name
    assert [c["campaign_id"] for c in found["campaigns"]] == ["jam", "pen", "tea"]
    assert found["campaigns"][2] == CAMPAIGN | {"campaign_id": "tea", "told_by": "labels"}
    assert found["campaigns"][1]["told_by"] == "plan_and_pauses"
    assert (found["left_devices"], found["needed_devices"], found["step"]) == (20, 40, 20)
    assert found["refused_by_source"] == {"labels/scanner": {"unknown_product": 3}}


def test_a_store_without_labels_says_so(site: Site) -> None:
    with site.client() as client:
        found = client.get("/v1/stores/corner/labels", headers=MANAGER).json()
        page = client.get("/health/sources/corner", headers=MANAGER | {"Accept": "text/html"}).text
    assert (found["used"], found["engine_age_s"], found["campaigns"]) == (0, None, [])
    assert "rayon/corner/labels/" in page


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["mirrored from left to right", "1.3 m in x and -0.4 m in y", "9.1 m from its place", "310 / 290",
                "precision 86% of all places together (81 to 91% at this one)", "among labelled phones (at least 40)",
                "by the plan and where people pause", "40 / 40", "20 / 40",
                "told in steps of 20", "somewhere else altogether"]),
        ("fr", ["inversé de gauche à droite", "de 1,3 m en x et de -0,4 m en y", "à 9,1 m de sa place", "310 / 290",
                "précision 86 % de tous les lieux ensemble (81 à 91 % à celui-ci)",
                "parmi les téléphones étiquetés (au moins 40)", "d'après le plan et les lieux d'arrêt", "40 / 40",
                "20 / 40", "par paliers de 20", "tout à fait ailleurs"]),
    ],
)  # fmt: skip
def test_the_page_of_sources_has_it_in_words(site: Site, lang: str, words: list[str]) -> None:
    say(site)
    with site.client() as client:
        page = client.get(f"/health/sources/corner?lang={lang}", headers=MANAGER | {"Accept": "text/html"}).text
    plain = page.replace("\u00a0", " ").replace("\u202f", " ").replace("&#39;", "'").replace("\u2019", "'")
    assert [said for said in words if said not in plain] == []
