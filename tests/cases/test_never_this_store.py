"""A way out without a way back: "never this store" cut the phone's link, which no page showed and nobody could undo.

Elsewhere shoppers who tapped it by mistake had to delete their profile to get offers again. Input: a tap on "not in
this shop", then a look at the page, then undo. Right: the shop stands in the list of what is muted, coupons of it are
refused with the reason `muted`, and after the undo the same moment is a candidate again; the phone stays linked.
"""

from __future__ import annotations

import json
from pathlib import Path

from engine.config import Config
from engine.offers.decide import campaign_book, decide
from engine.records import DeviceId, Trigger
from engine.storage.people.shoppers import linked_devices
from engine.vocabulary import DecisionReason
from tests.api.conftest import served
from tests.api.site import Site, campaign, small_plan
from tests.databases import new_sqlite

NOW = 1_800_010_800.0


def refused(site: Site) -> list[DecisionReason]:
    """What the engine says to a stop at the tea now."""
    [(device, _)] = linked_devices(site.db, "corner").items()
    trigger = Trigger("t", "tea-20", DeviceId(device), "v", NOW - 9, NOW, 0.9, NOW)
    judged = decide([trigger], campaign_book([campaign()], site.plan), linked_devices(site.db, "corner"), NOW)
    return [d.reason for d in judged.refused]


def test_muting_a_store_shows_and_is_undone(tmp_path: Path) -> None:
    config = Config.model_validate_json(json.dumps({"api": {"port": 0}}))
    with served(new_sqlite(tmp_path / "rayon.db"), config, small_plan()) as site, site.client() as phone:
        site.sign_in(phone, **site.redirect())
        assert refused(site) == []
        assert phone.post("/v1/me/fewer", json={"kind": "mute", "store": "corner"}).json() == {"changed": True}
        assert refused(site) == [DecisionReason.MUTED]
        said = phone.get("/v1/me/quiet?lang=fr").json()
        [muted] = said["muted"]
        assert (muted["kind"], muted["store"], muted["label"]) == ("shop", "corner", "Épicerie du coin")
        assert phone.delete("/v1/me/mutes?kind=shop&store=corner").json() == {"changed": True}
        assert refused(site) == []
        assert phone.get("/v1/me").json()["phone"] == "bound"
