"""What the document says of each GET of the console is so: an ETag that holds, lists that grow a page at a time."""

from __future__ import annotations

from typing import Any

import httpx

from engine.presence.zonehours import ZoneHourRow
from engine.storage.journal import save_checkpoint
from engine.storage.presence.plan_versions import plan_versions
from tests.api.site import Site, eventually

CONSOLE = ("/v1/stores", "/v1/retention", "/v1/privacy")
CURSORS = {"after", "cursor"}
BOUNDED = {
    "/v1/stores",  # the site's stores
    "/v1/stores/{store}/zones",  # by the plan's zones, as the next two
    "/v1/stores/{store}/flows",
    "/v1/stores/{store}/hot-zones",
    "/v1/stores/{store}/alerts",  # of the last look, by zones and access points
    "/v1/stores/{store}/segments",  # by the configuration's segments
    "/v1/privacy/consents",  # sums by purpose and month of a closed list
}
"""Lists that are as long as the plan or the configuration, whatever happens."""
FIXED = {"store": "corner", "view": "zones"}
PERIOD = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
NOT_HERE = {"campaign_id"}


def settle(site: Site) -> None:
    """Waits for what a site does at its start, of which the plans noted are the last: they move every figure's tag."""
    eventually(lambda: plan_versions(site.db, site.plan.store))


def test_every_list_of_the_console_is_tagged_and_paged(site: Site) -> None:
    settle(site)
    with site.manager() as client:
        document = client.get("/openapi.json").json()
        paths = document["paths"].items()
        walked = {path: said["get"] for path, said in paths if path.startswith(CONSOLE) and "get" in said}
        for path, said in walked.items():
            assert "304" in said["responses"], path
            names = {p["name"] for p in said.get("parameters", [])}
            if "items" in _properties(document, said) and path not in BOUNDED:
                assert names & CURSORS, path
                assert "limit" in names, path
                assert "next" in _properties(document, said), path
            if not names & NOT_HERE and not path.endswith(("/png", "/pdf")):
                _ask_twice(client, path, names)
    assert len(walked) > 15


def _properties(document: dict[str, Any], said: dict[str, Any]) -> set[str]:
    schema = said["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
    shape = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    return set(shape.get("properties", {}))


def _ask_twice(client: httpx.Client, path: str, names: set[str]) -> None:
    chars = 10 if path.startswith("/v1/stores/{store}/reports") else None
    day = {name: value[:chars] for name, value in PERIOD.items()}
    asked = {name: value for name, value in day.items() if name in names}
    address = path.format(**FIXED)
    first = client.get(address, params=asked)
    assert first.status_code == 200, (path, first.text)
    again = client.get(address, params=asked, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b""), path
    assert again.headers["etag"] == first.headers["etag"]
    assert "content-type" not in again.headers
    other = client.get(address, params=asked, headers={"If-None-Match": '"other"'})
    assert other.content == first.content


def test_nobody_is_told_that_it_holds_who_may_not_read_it(site: Site) -> None:
    with site.client() as stranger:
        assert stranger.get("/v1/stores", headers={"If-None-Match": "*"}).status_code == 401


def test_hours_come_a_page_at_a_time(site: Site) -> None:
    zones = [zone.id for zone in site.plan.zones]
    rows = [ZoneHourRow(1_772_409_600.0 + 3600.0 * h, zone, 60.0, 5, 60.0, 2.0) for h in range(9, 12) for zone in zones]
    save_checkpoint(site.db, site.plan.store, 0, b"", [], rows, [], 0.0)
    address, found, after = f"/v1/stores/{site.plan.store}/hours", [], None
    with site.manager() as client:
        while True:
            said = client.get(address, params={**PERIOD, "limit": 2} | ({"after": after} if after else {})).json()
            assert len(said["items"]) <= 2
            found += [(item["hour_start"], item["zone"]) for item in said["items"]]
            after = said["next"]
            if after is None:
                break
        whole = client.get(address, params=PERIOD).json()["items"]
        strange = client.get(address, params={**PERIOD, "after": "yesterday"})
    assert len(found) == len(rows)
    assert found == [(item["hour_start"], item["zone"]) for item in whole]
    assert (strange.status_code, strange.json()["code"]) == (422, "invalid_cursor")
