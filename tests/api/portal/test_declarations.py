"""What `portals:` of config.yaml lacks or says wrongly is named before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from api.portal.doors import open_doors
from engine.config import parse_config
from engine.errors import OperatorError
from tests.api.site import SECRETS

VARIABLES = {"PORTAL_PASSWORD": "pw", "PORTAL_SECRET": "portal-secret"}


@pytest.mark.parametrize(
    ("portal", "places"),
    [
        ({"store": "nowhere", "system": "meraki"}, ["portals[0].store"]),
        ({"store": "corner", "system": "meraki", "secret_variable": "NOT_SET", "password_variable": "NOR_THIS"},
         ["portals[0].password_variable", "portals[0].secret_variable"]),
        ({"store": "corner", "system": "unifi", "url": "https://u.example", "tls_ca_file": "no.pem"},
         ["portals[0].tls_ca_file"]),
    ],
)  # fmt: skip
def test_what_a_portal_lacks_is_said_before_anything_starts(portal: dict[str, Any], places: list[str]) -> None:
    config = parse_config({"portals": [portal]}, "config.yaml")
    with pytest.raises(OperatorError) as refused:
        open_doors(config, SECRETS, ["corner"], {})
    assert [problem.place for problem in refused.value.problems] == places


@pytest.mark.parametrize(
    ("portals", "word"),
    [
        ([{"store": "a", "system": "unifi"}], "needs url"),
        ([{"store": "a", "system": "meraki"}, {"store": "a", "system": "meraki"}], "declared twice"),
        ([{"store": "a", "system": "netgear"}], r"portals\[0\].system"),
        ([{"store": "a", "system": "meraki", "secret": "x"}], r"portals\[0\].secret"),
        ([{"store": "a", "system": "unifi", "url": "unifi.example"}], r"portals\[0\].url"),
    ],
)
def test_a_declaration_is_strict(portals: list[dict[str, Any]], word: str) -> None:
    with pytest.raises(OperatorError, match=word):
        parse_config({"portals": portals}, "config.yaml")
