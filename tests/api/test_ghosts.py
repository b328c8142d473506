"""A held-out shopper's moment over HTTP: managers read the reason, the shopper reads nothing of it."""

from __future__ import annotations

import time

from engine.offers.caps import Limits
from engine.offers.experiments import place_in_experiment
from engine.records import Candidate, DeviceId, Trigger
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.vocabulary import Channel, Role
from tests.api.site import SECRETS, Site, campaign


def test_managers_see_the_ghost_and_its_shopper_does_not(site: Site) -> None:
    now = time.time()
    with site.client() as phone, site.manager() as manager, site.colleague("ada", (Role.ADMIN, "*")) as auditor:
        who = site.sign_in(phone)
        name = next(f"try-{i}" for i in range(100) if place_in_experiment(f"try-{i}", who) < 0.5)
        put_campaign(site.db, site.plan.store, campaign(holdout_share=0.5, experiment=name))
        trigger = Trigger("t", "tea-20", DeviceId(77), "visit-1", now - 9.0, now, 0.91, now - 0.5)
        asked = Candidate("d", trigger, who, site.plan.store, "EUR", Channel.PAGE, 24.0, 99, 50)
        [decided] = claim(site.db, [asked], Limits(1, 9, 9), SECRETS.site_key, now).decisions
        assert (decided.outcome, decided.reason) == ("refuse", "holdout")

        seen = manager.get(f"/v1/stores/{site.plan.store}/decisions").json()
        assert (seen["counts"], seen["items"]) == ([], []), "of one person nothing is counted"
        seen = auditor.get(f"/v1/stores/{site.plan.store}/decisions").json()
        assert seen["items"][0]["inputs"]["experiment"] == name
        assert who not in str(seen)

        assert phone.get("/v1/me/vouchers").json()["items"] == []
        for path in ("/me", "/v1/me", "/v1/me/vouchers", "/v1/me/points"):
            told = phone.get(path)
            assert told.status_code == 200
            assert not any(word in told.text for word in ("holdout", "experiment", name, "control group", "témoin"))


def test_a_manager_sets_the_control_group_and_mistakes_are_told(site: Site) -> None:
    with site.manager() as manager:
        url = f"/v1/stores/{site.plan.store}/campaigns"
        asked = campaign("tea-new", holdout_share=0.25, experiment="spring").model_dump(mode="json", exclude_none=True)
        made = manager.post(url, json=asked, headers={"Idempotency-Key": "a"})
        assert made.status_code == 201, made.text
        kept = manager.get(f"{url}/tea-new").json()
        kept = kept.get("campaign", kept)
        assert (kept["holdout_share"], kept["experiment"]) == (0.25, "spring")
        wrong = manager.post(url, json={**asked, "id": "b", "holdout_share": 1.0}, headers={"Idempotency-Key": "b"})
        assert wrong.status_code == 422
        assert "holdout_share" in wrong.text
