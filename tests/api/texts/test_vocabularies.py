"""What tills and pages say of errors and offers is of words there are: those of the engine's lists.

That each list is said whole, in every language, is in `test_catalogue`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

import pytest

from api.texts.catalogue import words
from api.texts.language import LANGUAGES, Language
from api.texts.money import badge
from engine.offers.discounts import DiscountReason, OfferKind
from engine.storage.budget_release import LIVE
from engine.storage.vouchers.tills import TillReason
from engine.vocabulary import DecisionReason, ProblemCode, VoucherState

OFFERS: dict[OfferKind, dict[str, object]] = {
    "percent": {"basis_points": 2000},
    "amount": {"amount_minor": 150},
    "fixed_price": {"price_minor": 199},
    "buy_x_get_y": {"buy": 2, "get": 1, "basis_points": 5000},
}


def test_a_till_has_a_reason_for_each_way_that_a_voucher_fails() -> None:
    """An ended voucher, a basket that it does not fit: and each reason has a code of its own, `voucher_` before it."""
    told = set(TillReason) - {TillReason.OK}
    assert set(VoucherState) - set(LIVE) <= told
    assert set(DiscountReason) <= set(TillReason)
    codes = {code.removeprefix("voucher_") for code in ProblemCode if code.startswith("voucher_")}
    assert codes - {"refused"} == told  # refused: the kind of them all, never said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whatever_a_manager_or_a_till_is_told_has_a_sentence(lang: Language) -> None:
    pages = words(lang)
    needed: dict[str, Collection[str]] = {
        "reasons": set(DecisionReason),
        "till_refusals": set(TillReason) - {TillReason.OK},
    }
    missing = [(page, code) for page, codes in needed.items() for code in codes if code not in getattr(pages, page)]
    assert missing == [], f"write their words, by page, into api/texts/{lang}.yaml"
    decisions = [pages.reasons[reason] for reason in DecisionReason]
    tills = [pages.till_refusals[reason] for reason in TillReason if reason is not TillReason.OK]
    ended = [pages.coupon_states[state] for state in VoucherState if state not in LIVE]
    assert all(sentence and "_" not in sentence for sentence in decisions + tills + ended)
    assert len(set(decisions)) == len(DecisionReason)


def test_the_refusals_that_had_no_words_are_told_apart_in_french() -> None:
    french, english = words("fr").reasons, words("en").reasons
    for reason in ("too_late", "no_gain", "other_store", "already_decided"):
        assert french[reason] not in (english[reason], reason.replace("_", " "))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences_about_errors_are_about_errors_there_are(lang: Language) -> None:
    for said in words(lang).only("problem_titles", "problem_texts", "sign_in_refusals").values():
        assert said.keys() - set(ProblemCode) == {"other"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_offer_has_a_badge_of_its_own(lang: Language) -> None:
    assert set(OFFERS) == set(get_args(OfferKind))
    assert len({badge({"kind": kind, **rest}, "EUR", lang) for kind, rest in OFFERS.items()}) == len(OFFERS)
