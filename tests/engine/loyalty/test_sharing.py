"""Who opened the link: people earn, machines do not, and no person is taken for a machine by a common browser."""

from __future__ import annotations

import hashlib

import pytest

from engine.loyalty.humans import Signal
from engine.loyalty.sharing import (
    Marks,
    ShareRules,
    Visitor,
    bare_mark,
    is_preview,
    marks_of,
    marks_of_sharer,
    new_token,
    outcome,
    own_signals,
    same,
)

BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
PEOPLE = [
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) {APPLE} Version/18.3 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {BLINK} Chrome/133.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Chrome/133.0.0.0 Safari/537.36 Edg/133.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0",
    f"Mozilla/5.0 (Linux; Android 14; SM-S921B) {BLINK} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) {BLINK} Chrome/120.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {APPLE} Mobile/22B83 Instagram 360.0.0.30.109",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 [FBAN/FBIOS;FBAV/470.0]",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {APPLE} Snapchat/12.90 (like Safari/604.1)",
    f"Mozilla/5.0 (Linux; Android 14) {BLINK} Chrome/126.0 Mobile Safari/537.36 [Pinterest/Android]",
]
MACHINES = [
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Facebot",
    "meta-externalagent/1.1",
    "Twitterbot/1.0",
    "WhatsApp/2.23.20.0 A",
    "TelegramBot (like TwitterBot)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Slack-ImgProxy (+https://api.slack.com/robots)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    f"Mozilla/5.0 (Macintosh) {APPLE} Version/17.4 Safari/605.1.15 (Applebot/0.1)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Pinterest/0.2 (+https://www.pinterest.com/bot.html)",
    "Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots",
    f"Mozilla/5.0 (X11; Linux x86_64) {BLINK} HeadlessChrome/120.0.0.0 Safari/537.36",
    "curl/8.5.0",
    "python-requests/2.32.3",
    "Go-http-client/2.0",
    "",
    "   ",
]


@pytest.mark.parametrize("agent", PEOPLE)
def test_people(agent: str) -> None:
    assert not is_preview(agent)
    assert not is_preview(agent, "get", {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})


@pytest.mark.parametrize("agent", MACHINES)
def test_machines(agent: str) -> None:
    assert is_preview(agent)
    assert is_preview(agent.upper())


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_only_a_get_is_a_visit(method: str) -> None:
    assert is_preview(PEOPLE[0], method)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"X-Moz": "prefetch"},
    ],
)
def test_a_page_fetched_before_anyone_looked_is_no_visit(headers: dict[str, str]) -> None:
    assert is_preview(PEOPLE[0], "GET", headers)


RULES = ShareRules(points=50, hold_s=60.0, per_day=2, per_campaign=5)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "rewarded"),
        ({"rewarded_today": 1}, "rewarded"),
        ({"rewarded_today": 2}, "capped"),
        ({"seen": True}, "duplicate"),
        ({"own": True, "seen": True}, "self"),
        ({"preview": True, "own": True, "seen": True, "rewarded_today": 9}, "preview"),
        ({"rules": ShareRules(0, 60.0, 2, 5)}, "counted"),
        ({"rules": ShareRules(50, 60.0, 0, 5)}, "capped"),
        ({"rules": ShareRules(50, 60.0, 2, 0)}, "capped"),
        ({"rewarded_campaign": 4}, "rewarded"),
        ({"rewarded_campaign": 5}, "capped"),
        ({"doubtful": True}, "review"),
        ({"doubtful": True, "rewarded_today": 2}, "capped"),
        ({"doubtful": True, "seen": True}, "duplicate"),
        ({"rules": ShareRules(1, 60.0, 2, 5)}, "rewarded"),
        ({"rules": ShareRules(-1, 60.0, 2, 5)}, "counted"),
    ],
)
def test_what_a_visit_comes_to(facts: dict[str, object], said: str) -> None:
    known: dict[str, object] = {"preview": False, "own": False, "seen": False, "rules": RULES}
    known |= {"rewarded_today": 0, "rewarded_campaign": 0}
    assert outcome(**(known | facts)) == said  # type: ignore[arg-type]


def visitor(
    cookie: str | None, device: str | None, agent: str = "A", address: str = "shop", who: str | None = None
) -> Visitor:
    return Visitor(cookie, device, address, agent, shopper_id=who)


@pytest.mark.parametrize(
    ("a", "b", "one_person"),
    [
        (visitor("c", "d"), visitor("c", "d"), True),
        (visitor("c", "d"), visitor("c", "e"), True),
        (visitor("c", "d"), visitor("x", "d"), True),
        (visitor("c", "d"), visitor("x", "e"), False),  # behind the shop's one address, with the same phone model
        (visitor(None, None), visitor(None, None), True),
        (visitor(None, None), visitor(None, None, "B"), False),
        (visitor(None, None), visitor(None, None, "A", "home"), False),
        (visitor(None, "d"), visitor(None, "e"), False),
        (visitor("c", None, who="ana"), visitor("x", None, who="ben"), False),
        (visitor("c", None, who="ana"), visitor("x", None, who="ana", address="home"), True),
    ],
)
def test_who_counts_as_one(a: Visitor, b: Visitor, one_person: bool) -> None:
    assert same(marks_of(a), marks_of(b)) is one_person


def test_marks_hold_neither_address_nor_agent() -> None:
    marks = repr(marks_of(visitor(None, None, agent=PEOPLE[0], address="203.0.113.9")))
    assert "203.0.113.9" not in marks
    assert "iPhone" not in marks


def test_tokens_are_long_short_enough_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(len(t) == 16 and t.replace("-", "").replace("_", "").isalnum() for t in tokens)  # 16 x 6 = 96 bits


def test_what_stands_in_for_a_device_that_nobody_knows() -> None:
    """Who is signed in; else the cookie of one's own that a coupon brought; else address and browser."""

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    unknown = Visitor("c", None, "shop", "A")
    assert marks_of(unknown) == Marks("c", digest("shop|A"))
    assert marks_of(Visitor("c", None, "shop", "A", guest=True)) == Marks("c", digest("guest|c"))
    assert marks_of(Visitor("c", None, "shop", "A", guest=True, shopper_id="ana")) == Marks("c", digest("ana"))
    assert marks_of(Visitor(None, "d", "shop", "A", shopper_id="ana")) == Marks(None, "d")
    assert bare_mark(Visitor("c", "d", "shop", "A", shopper_id="ana")) == digest("shop|A")


def test_the_sharers_own_phone_is_known_in_a_private_window() -> None:
    sharer = Visitor("c", "d", "home", "A", shopper_id="ana")
    private, other = Visitor("x", None, "home", "A"), Visitor("x", None, "home", "B")
    assert marks_of_sharer(sharer)[0] == Marks("c", "d")
    assert [any(same(marks_of(who), mark) for mark in marks_of_sharer(sharer)) for who in (private, other)] == [
        True, False,
    ]  # fmt: skip
    assert not same(Marks(None, "d"), Marks(None, "e")), "no cookie is no common cookie"


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({}, set()),
        ({"device_hash": "d"}, {Signal.PROVED_PHONE}),
        ({"shopper_id": "ana"}, {Signal.SIGNED_IN}),
        ({"tapped": True}, {Signal.TAPPED}),
        ({"signals": frozenset({Signal.NO_LANGUAGE}), "tapped": True}, {Signal.NO_LANGUAGE, Signal.TAPPED}),
    ],
)
def test_what_an_opener_shows(facts: dict[str, object], shown: set[Signal]) -> None:
    known: dict[str, object] = {"cookie_id": "c", "device_hash": None, "address_hash": "shop", "user_agent": "A"}
    assert own_signals(Visitor(**(known | facts))) == shown  # type: ignore[arg-type]


def test_a_visitor_has_shown_nothing_unless_it_is_said() -> None:
    plain = Visitor(None, None, "shop", "A")
    assert (plain.is_preview, plain.guest, plain.tapped, plain.signals, plain.opened) == (
        False, False, False, frozenset(), None,
    )  # fmt: skip


@pytest.mark.parametrize("headers", [{"Purpose": "navigate"}, {"X-Other": "prefetch"}, {"Sec-Purpose": ""}])
def test_other_headers_are_no_prefetch(headers: dict[str, str]) -> None:
    assert not is_preview(PEOPLE[0], "GET", headers)
