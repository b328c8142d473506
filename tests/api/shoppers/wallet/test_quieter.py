"""What is muted is called as the shop's signs call it."""

from __future__ import annotations

import pytest

from tests.api.site import Site


@pytest.mark.parametrize(
    ("kind", "name", "label"),
    [
        ("category", "drinks", "Thés & cafés"),  # a zone of that category
        ("category", "dishes", "Thés & cafés"),  # none, but its product stands there
        ("product", "tea-1", "Thé vert"),
        ("shop", "", "Épicerie du coin"),
    ],
)
def test_labels(site: Site, kind: str, name: str, label: str) -> None:
    with site.client() as phone:
        site.sign_in(phone)
        assert phone.post("/v1/me/mutes", json={"kind": kind, "store": "corner", "name": name}).status_code == 200
        assert [m["label"] for m in phone.get("/v1/me/quiet").json()["muted"]] == [label]
