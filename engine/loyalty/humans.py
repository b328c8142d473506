"""One person with forty browsers, or forty people behind the shop's one address? A score with weights one can read.

No single sign tells the two apart, so several are added up: openings of one sharer's links from one address within
minutes and within the hour, what the browser says of itself, and what only people do (tap, sign in with a phone that
the network proved, buy). At `REVIEW_AT` and above the points wait for somebody of the shop. The friend's coupon never
does: the score is about the sharer's points alone.

The weights are set by hand, each with its reason; `docs/guides/sharing.md` has what they come to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

REVIEW_AT = 3.0
BURST_S, CROWD_S = 300.0, 3_600.0
CROWD_FREE = 10  # so many others within the hour before and after say nothing: noon in a shop
QUICK_S = 1.0


class Signal(StrEnum):
    """What speaks for one person behind many browsers, and from `tapped` on what speaks against it."""

    BURST = "burst"
    CROWD = "crowd"
    SAME_BROWSER = "same_browser"
    ODD_HEADERS = "odd_headers"
    NO_LANGUAGE = "no_language"
    TOO_QUICK = "too_quick"
    ONE_PERSON = "one_person"
    TAPPED = "tapped"
    SIGNED_IN = "signed_in"
    PROVED_PHONE = "proved_phone"
    REDEEMED = "redeemed"


@dataclass(frozen=True, slots=True)
class Weight:
    """What each occurrence adds, and what all of them add at most; why so."""

    each: float
    most: float
    why: str


WEIGHTS: Mapping[Signal, Weight] = {
    Signal.BURST: Weight(
        0.8, 6.0, "per other opener from this address within 5 min before or after: four alone are a review"
    ),
    Signal.CROWD: Weight(
        0.12, 3.0, "per other opener from this address within 1 h before or after, beyond ten: a farm that goes slowly"
    ),
    Signal.SAME_BROWSER: Weight(
        1.5, 1.5, "an opener with the same browser and address came before: a private window, or the same model"
    ),
    Signal.ODD_HEADERS: Weight(1.0, 1.0, "asks for a page in another way than the browser that it says it is"),
    Signal.NO_LANGUAGE: Weight(1.0, 1.0, "names no language, which every browser of a person does"),
    Signal.TOO_QUICK: Weight(1.5, 1.5, "pressed the button within a second of the page: nobody is so fast"),
    Signal.ONE_PERSON: Weight(6.0, 6.0, "the profiles of sharer and friend turned out to be one person's"),
    Signal.TAPPED: Weight(-1.0, -1.0, "pressed the button for the coupon: what previews and most programs never do"),
    Signal.SIGNED_IN: Weight(-1.5, -1.5, "has a profile; more are easily made, so it cannot outweigh a burst"),
    Signal.PROVED_PHONE: Weight(-4.0, -4.0, "a phone of its own on the shop's network: dear to have forty of"),
    Signal.REDEEMED: Weight(-3.0, -3.0, "bought something with the coupon, at a till with people around"),
}


@dataclass(frozen=True, slots=True)
class OpeningSigns:
    """What is known of one opening: when (s UTC), what its request and its opener showed, and whether its phone was
    proved, in which case it is no part of anybody's crowd."""

    at: float
    own: frozenset[Signal]

    @property
    def proved(self) -> bool:
        return Signal.PROVED_PHONE in self.own


@dataclass(frozen=True, slots=True)
class OpeningJudgement:
    """A score, and how often each signal was seen."""

    score: float
    signals: Mapping[Signal, int]

    @property
    def needs_review(self) -> bool:
        return self.score >= REVIEW_AT


def judge(opening: OpeningSigns, others: Sequence[OpeningSigns]) -> OpeningJudgement:
    """The opening among `others`: those of the same sharer's links from the same address, without itself."""
    unproved = [abs(o.at - opening.at) for o in others if not o.proved]
    found = dict.fromkeys(sorted(opening.own), 1)
    found[Signal.BURST] = sum(apart <= BURST_S for apart in unproved)
    found[Signal.CROWD] = max(0, sum(apart <= CROWD_S for apart in unproved) - CROWD_FREE)
    seen = {signal: n for signal, n in found.items() if n}
    return OpeningJudgement(round(sum(_weigh(signal, n) for signal, n in seen.items()), 6), seen)


def _weigh(signal: Signal, n: int) -> float:
    weight = WEIGHTS[signal]
    return min(weight.each * n, weight.most) if weight.each > 0 else weight.most


def header_signals(user_agent: str, headers: Mapping[str, str]) -> frozenset[Signal]:
    """What a request's headers say against its being a person's browser.

    Chromium asks for pages with `image/apng`, the others without; whatever asks for a page says `text/html`.
    """
    lowered = {name.lower(): value.lower() for name, value in headers.items()}
    accept = lowered.get("accept", "")
    chromium = "chrome/" in user_agent.lower()
    odd = "text/html" not in accept or ("image/apng" in accept) != chromium
    found = {Signal.ODD_HEADERS} if odd else set[Signal]()
    return frozenset(found if lowered.get("accept-language") else found | {Signal.NO_LANGUAGE})


def tap_signals(opened_at: float, tapped_at: float, own: Collection[Signal]) -> frozenset[Signal]:
    """The opening's own signals once its opener has pressed the button."""
    quick = {Signal.TOO_QUICK} if tapped_at - opened_at < QUICK_S else set[Signal]()
    return frozenset(own) | {Signal.TAPPED} | quick
