"""Every page of figures over HTTP: in both languages, under the content policy, with words for what is missing."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from api.managers.console.figures.asked import View
from api.pages import CONTENT_POLICY
from tests.api.managers.console.shop import STORE
from tests.api.managers.console.test_forms import client

__all__ = ["client"]
WEEK = "from=2026-03-30&to=2026-04-05"
PAGES = [f"{view}?{WEEK}{more}" for view in View for more in ("", "&compare=weekdays", "&zone=bakery")]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_page_keeps_to_the_policy_and_to_its_period(client: httpx.Client, lang: str) -> None:
    for path in PAGES:
        answer = client.get(f"/manage/{STORE}/{path}&lang={lang}")
        assert answer.status_code == 200, path
        text = answer.text
        assert answer.headers["content-security-policy"] == CONTENT_POLICY
        assert (answer.headers["content-language"], answer.headers["cache-control"]) == (lang, "no-store")
        assert not re.search(r"<[^>]* (style|on\w+)=", text), path
        assert "<script>" not in text
        links = [html.unescape(link) for link in re.findall(r'href="(/manage/shop/[^"]*\?[^"]*)"', text)]
        others = [link for link in links if f"/{STORE}?" not in link]
        assert others
        assert all("from=" in link and "to=" in link for link in others), path  # the period goes along


def test_words_and_a_remedy_for_what_is_missing(client: httpx.Client) -> None:
    for query, french, english in (
        ("from=2025-01-01&to=2025-01-03", "choisissez des jours entre les deux", "choose days between them"),
        ("from=2026-03-05&to=2026-03-02", "ils ont été échangés", "they were exchanged"),
        ("from=soon", "choisissez des jours comme", "choose days as"),
        ("zone=gone&from=2026-03-02&to=2026-03-03", "Choisissez-en un dans la liste", "Choose one of the list"),
    ):
        for lang, words in (("fr", french), ("en", english)):
            page = client.get(f"/manage/{STORE}/trend?{query}&lang={lang}")
            assert page.status_code == 200
            assert words in html.unescape(page.text)


def test_what_is_unknown_is_said_beside_its_field(client: httpx.Client) -> None:
    """It stood below the form, as a remark on the figures."""
    query = "compare=moon&by=century&zone=gone&weekdays=9&hours=x&from=soon"
    page = html.unescape(client.get(f"/manage/{STORE}/trend?{query}&lang=fr").text)
    beside = dict(re.findall(r'id="wrong-([a-z]+)">([^<]+)</small>', page))
    assert set(beside) == {"compare", "by", "zone", "weekdays", "since", "from"}
    for name in set(beside) - {"weekdays"}:
        assert re.search(rf'name="{name}"[^>]* aria-invalid="true" aria-describedby="wrong-{name}"', page)
    assert 'class="filters" open' in page
    listed = re.search(r'<ul class="notes".*?</ul>', page, re.S)
    assert listed is None or "Ce que dit l'adresse" not in listed[0]


def test_a_page_follows_its_period_and_does_not_contradict_itself(client: httpx.Client) -> None:
    """What is outlined on the plan is called hot in the table, and an empty period has no plan."""
    week = client.get(f"/manage/{STORE}/heat?{WEEK}&lang=en").text
    assert 'class="hot"' in week
    assert "state-hot" in week
    empty = client.get(f"/manage/{STORE}/heat?from=2025-01-01&to=2025-01-03&lang=en").text
    assert "<svg" not in re.sub(r'(?s)<div class="legend">.*?</div>', "", empty)


def test_a_comparison_has_one_scale_and_a_difference(client: httpx.Client) -> None:
    page = client.get(f"/manage/{STORE}/heat?{WEEK}&compare=previous&lang=en").text
    assert page.count('class="level"') == 3
    assert 'class="difference"' in page
    assert "the same scale on both plans" in page


def test_the_playback_has_a_moment_for_each_hour_or_day(client: httpx.Client) -> None:
    day = client.get(f"/manage/{STORE}/heat?from=2026-03-02&to=2026-03-02&lang=en").text
    assert re.search(r'name="at" id="at" min="0" max="2"', day)
    frame = client.get(f"/manage/{STORE}/heat/frame?from=2026-03-02&to=2026-03-02&at=1")
    assert (frame.status_code, frame.headers["content-type"]) == (200, "image/svg+xml")
    assert 'class="heat"' in frame.text
    assert client.get(f"/manage/{STORE}/heat/frame?from=2026-03-02&to=2026-03-02&at=3").status_code == 404
    shown = client.get(f"/manage/{STORE}/heat?from=2026-03-02&to=2026-03-02&at=1&lang=en").text
    assert "2 Mar, 10:00 – 11:00" in shown.replace("\u00a0", " ")  # without a script too
    weeks = client.get(f"/manage/{STORE}/heat?from=2026-03-02&to=2026-03-29&lang=en").text
    assert 'max="27"' in weeks


def test_a_form_s_hours_and_days_are_one_address(client: httpx.Client) -> None:
    page = client.get(f"/manage/{STORE}/zones?{WEEK}&since=9&until=11&weekdays=0&weekdays=1&lang=en")
    assert "Mon, Tue, 09:00 – 11:00" in page.text
    assert "hours=9-11" in page.text


def test_an_unknown_store_leads_back(client: httpx.Client) -> None:
    answer = client.get("/manage/nowhere/heat?lang=en")
    assert answer.status_code == 404
    assert "/manage?lang=en" in answer.text
