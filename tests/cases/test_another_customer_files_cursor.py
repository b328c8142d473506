"""Any key of scope `crm` could ask for any receiver, and so say that another's events had arrived, erasures among them.
Where several ask, a key opens the cursor of the receiver that it is called like; the others are unknown to it."""

from __future__ import annotations

import time

import pytest

from engine.config import ApiConfig, Config
from engine.storage.keys import add_key
from tests.api.site import Site

URL = "/v1/crm/events"


@pytest.fixture
def config() -> Config:
    crm = {"receivers": [{"name": "warehouse", "form": "pull"}, {"name": "letters", "form": "pull"}]}
    return Config.model_validate({"api": ApiConfig(port=0), "crm": crm})


def test_a_key_opens_the_cursor_of_its_own_receiver(site: Site) -> None:
    keys = {name: add_key(site.db, "crm", time.time(), name=name)[1] for name in ("warehouse", "letters", "somebody")}
    answers = {}
    for called, key in keys.items():
        with site.client(Authorization=f"Bearer {key}") as program:
            asked = [{}, {"receiver": "warehouse"}, {"receiver": "letters"}]
            answers[called] = [program.get(URL, params=params).status_code for params in asked]
    assert answers == {"warehouse": [200, 200, 404], "letters": [200, 404, 200], "somebody": [404, 404, 404]}
