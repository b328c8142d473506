"""A program that asked for a campaign with the tag it had was told "not modified" all day, while coupons went out.

In: a campaign read, coupons issued, and the campaign read again with `If-None-Match`. Right: 200 with the new count
and another tag once k more went out; 304 where nothing is told anew, as of one coupon, which is nobody's business; an
edit with the older tag is still taken, since nobody edited.
"""

from __future__ import annotations

import time

from engine.storage.models.vouchers import CampaignTable, CampaignToldTable
from tests.api.site import Site, campaign_json

K = 20
PATH = "/v1/stores/corner/campaigns/tea-20"


def match(tag: str, key: str) -> dict[str, str]:
    return {"If-Match": tag, "Idempotency-Key": key}


def look_again_in_time(site: Site, more: int) -> None:
    """As if the last look were of an earlier quarter of an hour, and so many more coupons out since."""
    with site.db.write() as session:
        session.get_one(CampaignToldTable, ("corner", "tea-20")).at = 0.0
        session.get_one(CampaignTable, ("corner", "tea-20")).vouchers_used += more


def test_the_tag_follows_what_was_used(site: Site) -> None:
    with site.manager() as manager, site.client() as phone:
        first = manager.get(PATH)
        tag = first.headers["etag"]
        assert manager.get(PATH, headers={"If-None-Match": tag}).status_code == 304
        site.issue(site.sign_in(phone), time.time())
        look_again_in_time(site, more=0)
        assert manager.get(PATH, headers={"If-None-Match": tag}).status_code == 304
        look_again_in_time(site, more=K)
        again = manager.get(PATH, headers={"If-None-Match": tag})
        assert (again.status_code, again.json()["vouchers_used"]) == (200, first.json()["vouchers_used"] + K)
        assert again.headers["etag"] != tag
        edited = manager.put(PATH, json=campaign_json(name="Tea days"), headers=match(tag, "a"))
        assert edited.status_code == 200
        assert manager.put(PATH, json=campaign_json(name="No"), headers=match(tag, "b")).status_code == 412
        bare = edited.headers["etag"].split(".")[0] + '"'
        assert manager.put(PATH, json=campaign_json(name="Yes"), headers=match(bare, "c")).status_code == 200
