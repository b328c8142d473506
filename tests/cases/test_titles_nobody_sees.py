"""A campaign's title may be of zero-width spaces alone, or of two lines: a coupon without a name, a letter never sent.

Input: titles and names with what nobody sees (U+200B, U+FEFF, U+00AD), with what turns the order of letters (U+202E),
with line breaks; `grat<U+200C>uit` and full-width letters on food. Right value: refused with its place, in titles and
names of both languages; texts keep their line breaks, and emoji their joiners; the law's words are found however they
are spelt; a letter whose subject has two lines (the store's name is in it, too) goes out with one.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from api.shoppers.schemas import SessionRequest
from engine.delivery.mail import compose
from engine.offers.campaigns import Campaign
from engine.offers.law.wording import NOT_FOR_FOOD, wrong_words
from engine.storage.sending.letters import Letter
from engine.storage.vouchers.rows.specs import read_spec
from tests.engine.offers.plans import campaign

TEXT = {"title": "Tea", "text": "Today\nuntil six"}


def texts(lang: str, title: str) -> dict[str, Any]:
    return {"texts": {"fr": TEXT, "en": TEXT} | {lang: TEXT | {"title": title}}}


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize(
    "title", ["\u200b", "\ufeff", "\u200d", "te\u00ada", "\u202eaet", "\u2066x", "a\nb", "Tea\r\nBcc: x@example.org"]
)
def test_titles_are_one_line_that_can_be_seen(lang: str, title: str) -> None:
    with pytest.raises(ValidationError, match=rf"texts\.{lang}\.title"):
        campaign(**texts(lang, title))
    with pytest.raises(ValidationError, match="name"):
        campaign(name=title)


def test_texts_keep_their_lines_and_emoji_their_joiners() -> None:
    made = campaign(**texts("fr", "Goûter \U0001f469\u200d\U0001f373"))
    assert made.texts.fr.text == TEXT["text"]


def test_what_was_stored_before_is_brought_to_one_line() -> None:
    made = campaign(**texts("en", "Green tea"))
    old = made.model_dump_json().replace("Green tea", r"Green\ntea\u200b")
    mended = read_spec(old)
    assert isinstance(mended.campaign, Campaign)
    assert mended.campaign.texts.en.title == "Green tea"


@pytest.mark.parametrize("word", ["grat\u200cuit", "ｇｒａｔｕｉｔ", "GRATUIT"])
def test_words_are_found_however_they_are_spelt(word: str) -> None:
    found = list(wrong_words({"fr": {"title": f"Un yaourt {word}"}}, NOT_FOR_FOOD))
    assert [place for place, _ in found] == ["texts.fr.title"]


def test_a_subject_of_two_lines_goes_out_as_one() -> None:
    letter = Letter("ana@example.org", "Corner\r\nshop: tea", "x", "<p>x</p>")
    message = compose(letter, "shop@example.org", "1", 0.0)
    assert message["Subject"] == "Corner shop: tea"
    assert not re.search(rb"^shop: tea", bytes(message), re.MULTILINE)


@pytest.mark.parametrize(
    ("said", "kept"), [("\u202eana\u200b", "ana"), ("Ana\r\nMaria ", "Ana Maria"), ("\u200b", None)]
)
def test_a_shoppers_name_is_what_is_seen_of_it(said: str, kept: str | None) -> None:
    assert SessionRequest(store="corner", display_name=said).display_name == kept
