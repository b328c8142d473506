"""Which language a reader gets: the weights of Accept-Language, and every page by it."""

from __future__ import annotations

import pytest

from api.texts.language import LANGUAGES, WRITTEN, choose_language, in_language, language_of, match_language
from tests.api.site import Site


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("", "fr"),
        ("de", "fr"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("fr;q=0.3,en;q=0.8", "en"),
        ("fr ; q=0.3 , en ; Q=0.8", "en"),
        ("en;q=0.5,fr;q=0.5", "en"),
        ("fr;q=0.5,en;q=0.5", "fr"),
        ("fr;q=1,en", "fr"),  # no weight is a weight of 1 (RFC 9110, 12.4.2)
        ("fr-CA;q=0.9,en;q=0.8,fr;q=0.1", "fr"),
        ("fr;q=0", "en"),
        ("en;q=0", "fr"),
        ("fr;q=0,en;q=0", "fr"),
        ("fr;q=0,*", "en"),
        ("en;q=0.1,*;q=0.5", "fr"),
        ("fr;q=0.1,*;q=0.5", "en"),
        ("*;q=0", "fr"),
        ("*;q=0,en;q=0.1", "en"),
        ("de,fr;q=oops,en;q=0.1", "en"),
        ("fr;q=nan,en;q=0.1", "en"),
        ("fr;q=7,en;q=0.1", "en"),
        ("frr,eng", "fr"),  # North Frisian, and no tag at all
        (",;,=;q=1,en", "en"),
    ],
)
def test_accept_language(header: str, lang: str) -> None:
    assert choose_language(header) == lang


@pytest.mark.parametrize(("locale", "lang"), [("fr", "fr"), ("fr_CA", "fr"), ("en-GB", "en"), ("de", "fr"), ("", "fr")])
def test_locales(locale: str, lang: str) -> None:
    assert language_of(locale) == lang


PAGES = ["/", "/w/corner", "/me", "/opt-out/corner", "/till", "/manage", "/health", "/docs", "/s/gone", "/nothing"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("query", "header", "lang"),
    [
        ("", "", "fr"),
        ("", "en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("", "en;q=0,*", "fr"),
        ("?lang=en", "fr", "en"),
        ("?lang=FR", "en", "fr"),
        ("?lang=xx", "en", "en"),
    ],
)
def test_every_page_is_in_the_readers_language(standing: Site, path: str, query: str, header: str, lang: str) -> None:
    with standing.client(**{"Accept": "text/html", "Accept-Language": header}) as reader:
        answer = reader.get(path + query)
    assert answer.headers["content-type"].startswith("text/html")
    assert f'<html lang="{lang}">' in answer.text
    assert answer.headers["content-language"] == lang
    assert "Accept-Language" in answer.headers["vary"]
    for other in ("fr", "en"):  # and leads to the other one
        assert f'?lang={other}" hreflang="{other}"' in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("POST", "/w/corner", 200, "You are connected"),
        ("POST", "/opt-out/corner", 200, "Do not follow me"),
        ("POST", "/manage/sign-in", 401, "That is not the right key."),
        ("POST", "/till", 405, "That did not work"),
    ],
)
def test_answers_to_forms_are_too(site: Site, method: str, path: str, status: int, title: str) -> None:
    with site.client(**{"Accept": "text/html", "Accept-Language": "en"}) as reader:
        answer = reader.request(method, path, data={"key": "wrong"})
    assert (answer.status_code, answer.headers["content-language"]) == (status, "en")
    assert title in answer.text


def test_writes_of_other_sites_and_guessed_keys_are_refused_in_words(site: Site) -> None:
    with site.client(**{"Accept": "text/html", "Accept-Language": "en"}) as reader:
        foreign = reader.post("/opt-out/corner", headers={"Sec-Fetch-Site": "cross-site"})
        guesses = [reader.post("/manage/sign-in", data={"key": f"guess-{i}"}) for i in range(12)]
    assert (foreign.status_code, "Request refused" in foreign.text) == (403, True)
    assert (guesses[-1].status_code, "One moment" in guesses[-1].text) == (429, True)
    assert int(guesses[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("en;q=0.001,fr;q=0", "en"),
        ("fr;q=0.5,en;q=0.4,en;q=0.6", "en"),  # the highest weight of a language counts
        ("en;q=0.6,en;q=0.4,fr;q=0.5", "en"),
        ("en;level=1;q=0.2,fr;q=0.3", "fr"),
        ("en;q=1.0,fr;q=1.0", "en"),
        ("fr;q=-0.1,en;q=0.1", "en"),
        ("*;q=0.5,fr;q=0.5,en;q=0.4", "fr"),
    ],
)
def test_weights_at_their_bounds(header: str, lang: str) -> None:
    assert choose_language(header) == lang


def test_what_a_campaign_says_in_a_language_that_it_was_not_written_in_is_english() -> None:
    said = {"fr": "Pommes", "en": "Apples"}
    assert [in_language(said, lang) for lang in ("fr", "en", "de")] == ["Pommes", "Apples", "Apples"]


@pytest.mark.parametrize(
    ("tag", "lang"), [(" FR-ca ", "fr"), ("en_GB", "en"), ("eng", None), ("", None), ("de", None), ("e", None)]
)
def test_a_tag_begins_with_a_language_of_ours(tag: str, lang: str | None) -> None:
    assert match_language(tag) == lang


def test_ours_come_first() -> None:
    assert LANGUAGES[:2] == WRITTEN == ("fr", "en")
