"""The points that every shopper of a live run should have: an independent referee of the loyalty ledger.

It is told who really opened each link (`Witnessed`), knows the site's figures (`offers` of its `config.yaml`), and
uses none of the engine's code for sharing or the ledger. The rules:

* A link earns its sharer points each time a *distinct human* opens it: somebody who did not open this link before.
* Preview bots are no humans; the sharer is a human who earns nothing on the own link.
* People behind the shop's one public address are as distinct as any. Two openings are of different people where device
  *and* cookie differ: so a farm, one browser that forgets its cookies, is one person, whatever it calls itself, and a
  link earns once by it.
* A sharer is rewarded for so many openings in any 24 hours, over all links, and for so many of one link, which is the
  sharer's only one to its campaign; those beyond are capped. Who was capped has opened the link all the same.
* Points are pending for the hold, then available; earlier, when who opened the link redeems a coupon of the same deal.
* What the server refused to show (too many openings from one address) nobody opened.

Where an answer was lost on the way nobody can tell whether it counted: such points are said apart, and never expected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.config import OffersConfig
from engine.files.points import OpeningOutcome, PointRow
from simulators.truth.witnessed import Asked, LinkOpening, Redeemed, Witnessed

DAY_S = 86_400.0
MET = (OpeningOutcome.REWARDED, OpeningOutcome.CAPPED, OpeningOutcome.COUNTED)
"""Who opens the link again after one of these is somebody known."""

SETTLE_S = 10.0
"""The server makes points available by the second, not at the instant: within this of a hold's end both are right. Nor
do clocks here and there tell the order of two requests that come closer than this."""


@dataclass
class Due:
    """What one sharer should be told. `settling`: may be in `pending` or `available`; `lost`: may come on top."""

    pending: int = 0
    available: int = 0
    settling: int = 0
    lost: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


def due_points(
    openings: Iterable[LinkOpening], rules: OffersConfig, asked_t: float, redeemed: Iterable[Redeemed] = ()
) -> Due:
    """One sharer's points at `asked_t`, from all openings of the sharer's links and whatever anybody redeemed."""
    used = list(redeemed)
    due = Due()
    met: set[tuple[str, str]] = set()  # (link, person)
    rewarded: list[LinkOpening] = []
    for opening in sorted(openings, key=lambda o: o.t):
        outcome = _outcome(opening, met, rewarded, rules)
        due.outcomes[outcome] += 1
        if outcome is OpeningOutcome.LOST:
            due.lost += rules.points_per_share_visit if opening.opener not in ("preview", "self") else 0
        if outcome in MET:
            met.add((opening.link, opening.person))
        if outcome is OpeningOutcome.REWARDED:
            rewarded.append(opening)
            mine = [r for r in used if (r.person, r.deal) == (opening.person, opening.deal)]
            _credit(due, rules, opening, asked_t, mine)
    return due


def _outcome(
    opening: LinkOpening, met: set[tuple[str, str]], rewarded: list[LinkOpening], rules: OffersConfig
) -> OpeningOutcome:
    if opening.answer != "shown":
        return OpeningOutcome(opening.answer)
    if opening.opener in ("preview", "self"):
        return OpeningOutcome(opening.opener)
    if (opening.link, opening.person) in met:
        return OpeningOutcome.DUPLICATE
    if rules.points_per_share_visit == 0:
        return OpeningOutcome.COUNTED
    today = sum(o.t > opening.t - DAY_S for o in rewarded)
    by_link = sum(o.link == opening.link for o in rewarded)
    capped = today >= rules.shares_rewarded_per_day or by_link >= rules.shares_rewarded_per_campaign
    return OpeningOutcome.CAPPED if capped else OpeningOutcome.REWARDED


def _credit(due: Due, rules: OffersConfig, opening: LinkOpening, asked_t: float, mine: Sequence[Redeemed]) -> None:
    """The points of one rewarded opening; `mine` is what its opener redeemed of the same deal."""
    points = rules.points_per_share_visit
    free_t = min([opening.t + rules.share_hold_s, *(r.t for r in mine if r.sure and r.t >= opening.t)])
    if asked_t < free_t:
        due.pending += points
    else:
        due.available += points
    # Opened and redeemed at nearly one time, or redeemed as far as anybody knows: it may have been in either order.
    unsure = any(not r.sure or abs(r.t - opening.t) <= SETTLE_S for r in mine)
    if unsure or abs(asked_t - free_t) <= SETTLE_S:
        due.settling += points


def point_rows(witness: Witnessed, rules: OffersConfig) -> list[PointRow]:
    """Every shopper who signed in, by name: what they should have, and what they were told."""
    mine: dict[str, list[LinkOpening]] = {device: [] for device in witness.asked}
    for opening in witness.openings:
        mine.setdefault(opening.sharer, []).append(opening)
    return [_row(device, mine[device], witness, rules) for device in sorted(mine)]


def _row(device: str, openings: list[LinkOpening], witness: Witnessed, rules: OffersConfig) -> PointRow:
    last_t = max((o.t for o in openings), default=0.0)
    said = witness.asked.get(device, Asked(last_t))
    due = due_points(openings, rules, said.t, witness.redeemed)
    return PointRow(
        device, due.pending, due.available, said.pending, said.available, due.settling, due.lost, dict(due.outcomes)
    )
