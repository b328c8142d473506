"""When opening a shared link earns its sharer points: only for a distinct human, never for a machine or oneself.

Platforms give no proof of a post, and Meta's Developer Policy 3.2 forbids paying for one; it allows rewarding what the
post brings. So the reward hangs on the visit.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.loyalty.humans import Signal

TOKEN_BYTES = 12  # 96 random bits, 16 characters: beyond guessing, short enough for a text message

_PREVIEW = re.compile(
    # Link previews of the networks, as their agents name themselves; then what automated clients call themselves.
    # Cubot makes phones. Browsers inside apps (Snapchat, Pinterest, Instagram) are people, and not listed.
    r"facebookexternalhit|facebot|facebookcatalog|meta-external|twitterbot|whatsapp|telegrambot|slackbot|slack-imgproxy"
    r"|linkedinbot|discordbot|applebot|pinterestbot|pinterest\.com/bot|redditbot|skypeuripreview|line-poker|kakaotalk-scrap"
    r"|googlebot|google-inspectiontool|adsbot|mediapartners|apis-google|feedfetcher|bingbot|bingpreview|yandex(bot|images)"
    r"|duckduck|baiduspider|embedly|iframely|vkshare|mastodon|bluesky|cardyb|outbrain|flipboardproxy|qwantify"
    r"|(?<!cu)bot\b|crawler|spider|preview|scraper|monitor|uptime|headless|phantomjs|lighthouse|pagespeed"
    r"|curl/|wget/|python-requests|python-httpx|python-urllib|aiohttp|go-http-client|okhttp|java/|libwww|node-fetch|axios",
    re.IGNORECASE,
)
_PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_PREFETCH_WORDS = ("prefetch", "prerender", "preview")


class ShareOutcome(StrEnum):
    """What an opening of a shared link comes to."""

    PREVIEW = "preview"  # a machine
    SELF = "self"  # the sharer
    DUPLICATE = "duplicate"  # somebody who has opened it before
    COUNTED = "counted"  # there is nothing to give
    CAPPED = "capped"  # the sharer has been rewarded as often as may be
    REWARDED = "rewarded"
    REVIEW = "review"  # rewarded, once somebody of the shop has looked at it
    REFUSED = "refused"  # somebody of the shop has: not one person each


@dataclass(frozen=True, slots=True)
class ShareRules:
    """What a visit earns (points), when it becomes available (s), and how many a sharer is rewarded for: in 24 h over
    all links, and ever by the link to one campaign. `expire_s` later than the opening the points end; None: never."""

    points: int
    hold_s: float
    per_day: int
    per_campaign: int
    expire_s: float | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opened a link, by digests the caller made: the opening's own name, device where known, address. Never the
    raw values.

    `guest` says that `cookie_id` is a cookie of the browser's own, which it got for a coupon that its owner asked for.
    `tapped`: they ask for one now, on a page that named its opening `opened`.
    """

    cookie_id: str | None
    device_hash: str | None
    address_hash: str
    user_agent: str
    is_preview: bool = False
    shopper_id: str | None = None  # where the opener is signed in
    signals: frozenset[Signal] = frozenset()  # of the request's headers
    guest: bool = False
    tapped: bool = False
    opened: str | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """How an opener is recognised later: by the opening itself, and by device or what stands in for it."""

    cookie: str | None
    device: str


def is_preview(user_agent: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> bool:
    """Whether this request comes from a machine, or from a browser before anyone looked. No agent is a machine."""
    if method.upper() != "GET" or not user_agent.strip() or _PREVIEW.search(user_agent):
        return True
    lowered = {name.lower(): value.lower() for name, value in (headers or {}).items()}
    return any(word in lowered.get(name, "") for name in _PREFETCH_HEADERS for word in _PREFETCH_WORDS)


def marks_of(visitor: Visitor) -> Marks:
    """The marks to remember. Shoppers behind one address differ by device, or by who is signed in; where neither is
    known, address and browser stand in, so that one phone that drops its cookies does not count twice."""
    if visitor.device_hash is not None:
        return Marks(visitor.cookie_id, visitor.device_hash)
    instead = visitor.shopper_id or (f"guest|{visitor.cookie_id}" if visitor.guest else _surroundings(visitor))
    return Marks(visitor.cookie_id, _mark(instead))


def bare_mark(visitor: Visitor) -> str:
    """The mark of a browser that shows nothing of its own: its address and what it calls itself."""
    return _mark(_surroundings(visitor))


def own_signals(visitor: Visitor) -> frozenset[Signal]:
    """What this opener shows, for `engine.loyalty.humans.judge`."""
    proved = {Signal.PROVED_PHONE} if visitor.device_hash is not None else set[Signal]()
    signed_in = {Signal.SIGNED_IN} if visitor.shopper_id is not None else set[Signal]()
    tapped = {Signal.TAPPED} if visitor.tapped else set[Signal]()
    return visitor.signals | proved | signed_in | tapped


def marks_of_sharer(visitor: Visitor) -> tuple[Marks, ...]:
    """The marks by which a sharer's own phone is known later, also in a private window, which shows neither cookie nor
    device. The price: somebody in the same place, with the very same browser and unknown, is taken for the sharer."""
    return marks_of(visitor), Marks(None, _mark(_surroundings(visitor)))


def _surroundings(visitor: Visitor) -> str:
    return f"{visitor.address_hash}|{visitor.user_agent}"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def same(a: Marks, b: Marks) -> bool:
    """Whether two openers count as one: either mark is the same."""
    return a.device == b.device or (a.cookie is not None and a.cookie == b.cookie)


def outcome(
    *,
    preview: bool,
    own: bool,
    seen: bool,
    rewarded_today: int,
    rewarded_campaign: int,
    rules: ShareRules,
    doubtful: bool = False,
) -> ShareOutcome:
    """What a visit comes to. What waits for a review counts in the caps: a farm fills no queue beyond them."""
    if preview:
        return ShareOutcome.PREVIEW
    if own:
        return ShareOutcome.SELF
    if seen:
        return ShareOutcome.DUPLICATE
    if rules.points <= 0:
        return ShareOutcome.COUNTED
    capped = rewarded_today >= rules.per_day or rewarded_campaign >= rules.per_campaign
    if capped:
        return ShareOutcome.CAPPED
    return ShareOutcome.REVIEW if doubtful else ShareOutcome.REWARDED


def new_token() -> str:
    """A fresh link token from the system's randomness: 16 letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(TOKEN_BYTES)
