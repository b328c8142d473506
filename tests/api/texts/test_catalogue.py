"""One catalogue a language: both say everything, with the same blanks to fill, and nothing that nobody shows."""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

import api
from api.health.endpoints import Ready
from api.shoppers.rights import SHOWN_APART
from api.shoppers.schemas import Fewer
from api.texts.catalogue import words
from api.texts.consents import ASKED, EARLIER, KEPT_WORDINGS, TEXT_VERSION, show_version_date, wording
from api.texts.language import Language
from engine.loyalty.humans import Signal
from engine.plan.pickup_places import KINDS
from engine.positioning.doubting.range_units import FACTORS
from engine.positioning.labels.doubts import LIES
from engine.privacy.processing import BASES, Processing, Recipient, Risk
from engine.storage.models import metadata
from engine.storage.people.held import ways_to
from engine.storage.shards.standing import NodeStanding, ShardStanding
from engine.vocabulary import (
    AskedState,
    AuditAction,
    Channel,
    CrmTrouble,
    DecisionReason,
    DeliveryReason,
    DeliveryState,
    EarnWait,
    EntryKind,
    InvitationFate,
    LinkFate,
    MessageKind,
    MessageOutcome,
    MessageReason,
    MuteKind,
    OrderWay,
    PasswordFlaw,
    PointsState,
    ProblemCode,
    RetentionRule,
    ReviewVerdict,
    Role,
    SalesChannel,
    SourceState,
    StockState,
    StoreTrouble,
    VoucherState,
    WalletChangeKind,
)
from engine.yaml_files import read_yaml
from tests.api.texts import health_codes
from tests.api.texts.campaign_codes import CAMPAIGN_CODES
from tests.api.texts.console_codes import CONSOLE_CODES
from tests.api.texts.same_words import SAME

TOLD = set(MessageKind) - {MessageKind.COUPON, MessageKind.PICKUP}
API = Path(api.__file__).parent
WORDINGS = {"2026-11-28": "7cd8b70ff07ca61f", "2026-11-29": "ea2695658bb15f1e", "2026-11-30": "38df63e9e6c12d8f"}
"""Of each version of the consents, the digest of its sentences: who changes one takes a new version."""


def catalogue(lang: Language) -> dict[str, dict[str, str]]:
    """As it stands in its file."""
    found: dict[str, dict[str, str]] = read_yaml(API / "texts" / f"{lang}.yaml")
    return found


FR, EN = catalogue("fr"), catalogue("en")
ALL = [(page, key) for page, said in FR.items() for key in said]


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_both_languages_have_the_same_keys() -> None:
    assert {page: set(said) for page, said in FR.items()} == {page: set(said) for page, said in EN.items()}


def test_both_languages_fill_in_the_same_blanks() -> None:
    assert {at: blanks(FR[at[0]][at[1]]) for at in ALL} == {at: blanks(EN[at[0]][at[1]]) for at in ALL}


def test_no_sentence_is_empty_or_left_untranslated() -> None:
    sentences = [catalogue[page][key] for catalogue in (FR, EN) for page, key in ALL]
    assert [s for s in sentences if not s or s != s.strip()] == []
    assert {(page, key) for page, key in ALL if FR[page][key] == EN[page][key]} == SAME


def test_what_is_counted_has_both_forms() -> None:
    ends = ("_one", "_other")
    counted = [(page, key) for page, key in ALL if key.endswith(ends)]
    stems = {(page, re.sub("_(one|other)$", "", key)) for page, key in counted}
    assert {(page, stem + end) for page, stem in stems for end in ends} == set(counted)


def test_spaces_and_quotes_are_those_of_the_language() -> None:
    """No line of French ends before a colon or inside quotation marks; English has no space before its marks."""
    for page, key in ALL:
        french, english = getattr(words("fr"), page)[key], getattr(words("en"), page)[key]
        assert not re.search(r" [:;!?»%€]|« |[^\s\d:/]:(?!\d)|[^\s][!?;%»]|«\S(?<!«\u00a0)", french), french
        assert not re.search(r"\s[:;!?%]|[«»\u202f]", english), english
        assert '"' not in french + english
        assert "..." not in french + english


# ---------------------------------------------------------------------------------------------- what is said where

NAME = r"t\.(\w+)"
DOTTED = re.compile(rf"(?<![\w.]){NAME}\.(?!say_count\b|format\b)(\w+)")
COUNTED = re.compile(rf'(?<![\w.]){NAME}\.say_count\(\s*"(\w+)"|counted\({NAME}, "(\w+)"')
BY_CODE = re.compile(rf"(?<![\w.]){NAME}(?:\[|\.say_count\(\s*f\")")
METHODS = {"only", "lang"}


def sources() -> Iterator[tuple[Path, str]]:
    """Everything of the api that may show a sentence."""
    for kind in ("*.html", "*.py", "*.js"):
        for path in sorted(API.rglob(kind)):
            if (
                path.relative_to(API).parts[0] not in ("cli", "texts")
                and "vendor" not in path.parts
                and path.name != "texts.js"
            ):
                yield path, path.read_text(encoding="utf-8")
    for path in (API / "texts").glob("*.py"):
        yield path, re.sub(r'"""(?s:.*?)"""', "", path.read_text(encoding="utf-8"))


def said(text: str) -> tuple[set[tuple[str, str]], set[str]]:
    """The sentences that a source names one by one, and the pages it takes by a code."""
    by_code = set(BY_CODE.findall(text))
    named = {(page, key) for page, key in DOTTED.findall(text) if page not in METHODS}
    for a, key_a, b, key_b in COUNTED.findall(text):
        named |= {(a or b, f"{key_a or key_b}_{form}") for form in ("one", "other")}
    return named, by_code


NAMED: set[tuple[str, str]] = set()
VOCABULARIES: set[str] = set()
for _, source in sources():
    found, pages = said(source)
    NAMED |= found
    VOCABULARIES |= pages


def test_every_sentence_that_is_said_is_written() -> None:
    assert sorted(NAMED - set(ALL)) == []
    assert sorted(VOCABULARIES - set(FR)) == []


def test_every_sentence_that_is_written_is_said() -> None:
    """One by one, or by a code: what is taken by a code is a vocabulary, and CODES below knows it whole."""
    assert sorted((page, key) for page, key in set(ALL) - NAMED if page not in VOCABULARIES) == []
    assert set(CODES) == VOCABULARIES


def filled_in(text: str, start: int, end: int) -> set[str]:
    """The blanks that are filled in where a sentence is said, at `start` to `end` of a source."""
    if text[:start].endswith("fill("):  # a script
        inside = re.match(r", \{([^}]*)\}", text[end:])
        assert inside is not None
        return {part.partition(":")[0].strip() for part in inside[1].split(",")}
    if not text.startswith(".format(", end):
        return set()
    depth, i = 1, end + len(".format(")
    while depth:
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        i += 1
    return set(re.findall(r"(\w+)=", text[end:i]))


def test_every_blank_is_filled_in_where_its_sentence_is_said() -> None:
    wrong = [
        (path.name, *match.groups(), sorted(filled_in(text, *match.span())))
        for path, text in sources()
        for match in DOTTED.finditer(text)
        if match[1] not in METHODS and filled_in(text, *match.span()) != blanks(FR[match[1]][match[2]])
    ]
    assert wrong == []


@pytest.mark.parametrize(("page", "script"), [("me.html", "me.js"), ("till.html", "till.js")])
def test_a_page_gives_its_script_the_sentences_it_says(page: str, script: str) -> None:
    [template] = API.rglob(page)
    [given] = re.findall(r"t\.only\(([^)]*)\)", template.read_text(encoding="utf-8"))
    assert sorted(re.findall(r'"(\w+)"', given)) == sorted(pages_of(API / "static" / script))


def pages_of(script: Path) -> set[str]:
    """The pages of the catalogue that a script and what it imports need."""
    text = script.read_text(encoding="utf-8")
    named, by_code = said(text)
    imported = re.findall(r'(?:from |import\()"\./(?!texts)([\w.]+)"', text)
    return {page for page, _ in named} | by_code | {p for name in imported for p in pages_of(script.parent / name)}


NO_WORDS = re.compile(
    r"""(?sx) \{\#.*?\#\} | \{%.*?%\} | \{\{.*?\}\} | <(code|pre|svg)\b.*?</\1> | <[^>]*> | [\w-]+="[^"]*" """
)


def test_no_sentence_stands_outside_the_catalogue() -> None:
    """French has letters that code and English comments have not; templates hold no words of their own."""
    for path, text in sources():
        if path.suffix == ".py":
            text = re.sub(r'"""(?s:.*?)"""|#.*', "", text)
        assert not re.search("[éèêàçùÉÀ«»“”]", text), path
    for path in API.rglob("templates/*.html"):
        text = path.read_text(encoding="utf-8")
        bare = NO_WORDS.sub(" ", text)
        assert set(re.findall(r"[A-Za-z]{2,}", bare)) <= {"Rayon", "openapi", "json"}, path


# ------------------------------------------------------------------------------------------------- vocabularies


def literals(model: type[BaseModel], *fields: str) -> set[str]:
    """The codes that these fields of a model may hold."""
    return {code for field in fields for code in get_args(model.model_fields[field].annotation)}


HELD_KINDS = {table.name for table in metadata.sorted_tables if ways_to(table)} - SHOWN_APART
MONTHS = {f"m{n}" for n in range(1, 13)}
ORDER_REFUSALS = {ProblemCode.ORDER_NOBODY, ProblemCode.ORDERS_OFF, ProblemCode.TOO_MANY_ORDERS}
CODES: dict[str, set[str]] = {
    **CAMPAIGN_CODES,
    "signals": set(Signal),
    "verdicts": set(ReviewVerdict),
    "points_states": set(PointsState),
    "entry_kinds": set(EntryKind),
    "link_fates": set(LinkFate),
    "points_why": {*PointsState, "active_sooner"},
    "consent_titles": set(ASKED),
    "consent_texts": set(ASKED),
    "processings": set(Processing),
    "processing_data": set(Processing),
    "processing_kept": set(Processing),
    "recipients": set(Recipient),
    "bases": set(BASES.values()),
    "risks": set(Risk),
    "measures": set(Risk),
    "risks_open": set(Risk),
    "retention_rules": set(RetentionRule),
    "held_kinds": {*HELD_KINDS, "other"},
    "sign_in_refusals": {ProblemCode.SIGN_IN_BUSY, "other"},
    "phone_refusals": {
        *(ProblemCode.PLACE_CODE_WRONG, ProblemCode.DEVICE_UNKNOWN, ProblemCode.TOO_MANY_REQUESTS, "other"),
    },
    "less": literals(Fewer, "kind"),
    "less_done": literals(Fewer, "kind"),
    "coupon_states": {VoucherState.REDEEMED, VoucherState.VOIDED, VoucherState.EXPIRED},  # others have their card
    "offer_refusals": {
        "cap",
        DecisionReason.BUDGET,
        DecisionReason.NO_CONSENT,
        DecisionReason.OUT_OF_STOCK,
        "not_here",
        "other",
    },
    "mute_kinds": set(MuteKind),
    "mute_less": set(MuteKind),
    "coupon_changes": set(WalletChangeKind),
    "why_fit": {"bought_it", "bought_like_it", "goes_with", "looked_at"},
    "why": {
        "asked",
        "mailed",
        *(k + form for k in ("product", "zone", "store") for form in ("", "_for_one", "_for_other")),
    },
    "till_refusals": {
        *(code.removeprefix("voucher_") for code in ProblemCode if code.startswith("voucher_")),
        *(ProblemCode.UNAUTHORIZED, ProblemCode.TOO_MANY_REQUESTS, ProblemCode.STORAGE_UNAVAILABLE, "other"),
        *(ProblemCode.CARD_CODE_UNKNOWN, ProblemCode.CARD_CODE_USED),
        *(ProblemCode.NOT_ENOUGH_POINTS, ProblemCode.REWARD_UNKNOWN, "no_network"),
    }
    - {"refused"},  # the name of them all
    **CONSOLE_CODES,
    "channels": set(Channel) - {Channel.ANY},
    "delivery_states": set(DeliveryState),
    "delivery_reasons": set(DeliveryReason),
    "reasons": set(DecisionReason),
    "message_kinds": set(MessageKind),
    "message_outcomes": set(MessageOutcome),
    "message_reasons": set(MessageReason),
    "message_parts": set(MessageOutcome),
    "message_ways": set(Channel) - {Channel.ANY},
    "told_titles": TOLD,
    "told_texts": TOLD,
    "troubles": set(StoreTrouble),
    "crm_troubles": set(CrmTrouble),
    "source_states": set(SourceState),
    **{page: set(ShardStanding) for page in ("shard_standings", "shard_remedies")},
    **{page: set(NodeStanding) for page in ("node_standings", "node_remedies")},
    "shop_waits": set(EarnWait),
    "label_lies": {what.replace(" ", "_") for what in LIES},
    "range_units": set(FACTORS),
    "refusals": health_codes.REFUSALS,
    "let_out_failures": health_codes.NOT_LET_OUT,
    "health_parts": health_codes.PARTS,
    "health_counts": health_codes.COUNTS,
    "health_reasons": health_codes.REASONS,
    "health_states": literals(Ready, "status", "database", "engine", "delivery"),
    "problem_links": {
        *(ProblemCode.FORBIDDEN, ProblemCode.STORE_UNKNOWN, ProblemCode.DELIVERY_GONE, ProblemCode.NO_STORE_OF_YOURS),
    },
    "problem_titles": {
        *(ProblemCode.FORBIDDEN, ProblemCode.DELIVERY_GONE, ProblemCode.NO_STORE_OF_YOURS),
        *(ProblemCode.NOT_FOUND, ProblemCode.TOO_MANY_REQUESTS, ProblemCode.STORAGE_UNAVAILABLE),
        *(ProblemCode.CROSS_ORIGIN, "share_gone", "share_over", "store_unknown", "nicegui_busy", "other"),
    },
    "sign_in_wrong": {"key", "password", "oidc"},
    "sales_channels": set(SalesChannel),
    **{page: {*KINDS, "anywhere"} for page in ("desk_places", "pickup_places")},
    "staff_refusals": {code for code in ProblemCode if code.startswith("pickup_")}
    | {*ORDER_REFUSALS, ProblemCode.VISITOR_UNKNOWN, ProblemCode.POINTS_OVER_LIMIT, ProblemCode.NOT_FOUND, "other"},
    "stock_states": set(StockState),
    "order_ways": set(OrderWay),
    "asked_states": set(AskedState),
    "asked_refusals": {*ORDER_REFUSALS, "other"},
    "roles": set(Role),
    "audit_actions": set(AuditAction),
    "audit_ways": {"password", "link", "own_page", "oidc"},
    "invitation_fates": set(InvitationFate),
    "password_flaws": set(PasswordFlaw),
    "months": MONTHS,
    "months_short": MONTHS,
}
"""Every vocabulary with all its codes."""
CODES["problem_texts"] = CODES["problem_titles"]


@pytest.mark.parametrize("page", CODES)
def test_every_code_has_words_and_no_other_has(page: str) -> None:
    missing, gone = sorted(CODES[page] - set(FR[page])), sorted(set(FR[page]) - CODES[page])
    assert missing == [], f"write them below `{page}` of api/texts/fr.yaml, and of en.yaml beside it"
    assert gone == [], f"no code is called so any more: take them out of `{page}` in api/texts/fr.yaml and en.yaml"


def digest_of(version: str) -> str:
    said = read_yaml(KEPT_WORDINGS / f"{version}.yaml")
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def test_no_wording_that_was_shown_changes() -> None:
    """Answers in the log refer to it: of every version the words are here, and they are those of that day."""
    assert {path.stem for path in KEPT_WORDINGS.glob("*.yaml")} == {TEXT_VERSION, *EARLIER} == set(WORDINGS)
    assert {version: digest_of(version) for version in WORDINGS} == WORDINGS


def test_changed_consents_have_a_new_version() -> None:
    shown = {
        lang: {"titles": said["consent_titles"], "texts": said["consent_texts"]}
        for lang, said in (("fr", FR), ("en", EN))
    }
    assert read_yaml(KEPT_WORDINGS / f"{TEXT_VERSION}.yaml") == shown, "a changed word needs a new TEXT_VERSION"
    assert (show_version_date("fr"), show_version_date("en")) == (
        "30\u00a0novembre\u00a02026",
        "30\u00a0November\u00a02026",
    )
    assert wording("made up", "fr") == {}
    for lang, said in (("fr", FR), ("en", EN)):
        both = {key: (title, said["consent_texts"][key]) for key, title in said["consent_titles"].items()}
        assert wording(TEXT_VERSION, lang) == both, "each reader's own"


def test_counting() -> None:
    french, english = words("fr").board, words("en").board
    assert [french.say_count("zones", n) for n in (0, 1, 2)] == ["0\u00a0rayon", "1\u00a0rayon", "2\u00a0rayons"]
    assert [english.say_count("zones", n) for n in (0, 1, 2)] == ["0 zones", "1 zone", "2 zones"]
    assert french.say_count("zones", 12345) == "12\u202f345\u00a0rayons"


def test_what_is_not_written_is_not_said() -> None:
    t = words("fr")
    with pytest.raises(AttributeError, match="no sentence 'nothing'"):
        _ = t.me.nothing
    with pytest.raises(AttributeError, match="no page 'nothing'"):
        _ = t.nothing
    with pytest.raises(KeyError):
        _ = t.reasons["nothing"]
