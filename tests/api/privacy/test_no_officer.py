"""Who has not named an officer says so in a sentence: "Délégué : –" stood on the pages of a demo."""

from __future__ import annotations

import re

import pytest

from tests.api.site import Site

PATHS = ("/w/corner", "/notice/corner", "/opt-out/corner")


@pytest.mark.parametrize("path", PATHS)
def test_no_dash_stands_for_an_officer(site: Site, path: str) -> None:
    said = {"fr": "Aucun délégué à la protection des données", "en": "No data protection officer is named here yet"}
    with site.client() as phone:
        for lang, sentence in said.items():
            text = phone.get(path, params={"lang": lang}).text
            assert sentence in text
            assert not re.search(r":\s*–", text)
