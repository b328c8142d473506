"""What a sign-in page asks, and of whom: nobody is asked again for six months after a refusal, nor for a yes.

Who is known is so by the profile, on every device. Of who is not, nothing is kept: only this browser remembers that it
said no, by a cookie that holds the day and nothing else, alike for all who refused on that day (CNIL exempts it, as it
keeps a choice).
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from api.context import AppContext
from api.shoppers.schemas import ConsentAnswer
from api.texts.consents import TEXT_VERSION, wording
from api.texts.language import DEFAULT, Language
from api.texts.times import long_date
from engine.delivery.opening import asked_consents
from engine.errors import StorageUnavailable
from engine.privacy.consent import ASK_AGAIN_S, may_ask
from engine.storage.people.answers import count_answers, last_answers
from engine.storage.people.shoppers import ShopperProfile

log = logging.getLogger(__name__)
REFUSED = "rayon_refused"
NONE_SHOWN = "-"


@dataclass(frozen=True, slots=True)
class ToldChoice:
    """A choice that was made before and holds here as well."""

    key: str
    granted: bool
    on: str


@dataclass(frozen=True, slots=True)
class Questions:
    """What a page asks, in order, and what it tells instead of asking. `granted` are those that are a yes by now."""

    asked: tuple[str, ...]
    told: tuple[ToldChoice, ...] = ()
    granted: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()
    refused_on: str = ""
    again_on: str = ""

    @property
    def shown(self) -> str:
        """The questions, for a field of the form: what was not shown was not refused."""
        return " ".join(self.asked) or NONE_SHOWN


def questions(ctx: AppContext, request: Request, shopper: ShopperProfile | None, lang: Language) -> Questions:
    """What this reader is asked. `?ask=1` asks everything: whoever changes their mind comes by that."""
    keys, now, asks_all = asked_consents(ctx.config), time.time(), "ask" in request.query_params
    if shopper is None:
        day = _refused_day(request)
        recent = day is not None and not may_ask(_begins(day), now)
        if day is None or not recent or asks_all:
            return Questions(keys)
        again = day + dt.timedelta(seconds=ASK_AGAIN_S)
        return Questions((), refused_on=long_date(day, lang), again_on=long_date(again, lang))
    said = {f"{p}:{c}": answer for (p, c), answer in last_answers(ctx.db, shopper.shopper_id).items()}
    told = tuple(ToldChoice(key, said[key].granted, long_date(_day(said[key].at), lang)) for key in keys if key in said)
    granted = frozenset(key for key in keys if key in said and said[key].granted)
    open_ones = tuple(k for k in keys if k not in said or (not said[k].granted and may_ask(said[k].at, now)))
    asked = keys if asks_all else open_ones
    return Questions(asked, tuple(t for t in told if t.key not in asked), granted, frozenset(said) & {*keys})


def may_be_asked(ctx: AppContext, shopper: ShopperProfile, now: float) -> list[str]:
    """Which consents a page may ask this shopper for: those never answered, or refused six months ago and more."""
    said = {f"{p}:{c}": answer for (p, c), answer in last_answers(ctx.db, shopper.shopper_id).items()}
    keys = asked_consents(ctx.config)
    return [k for k in keys if k not in said or (not said[k].granted and may_ask(said[k].at, now))]


def form_answers(form: dict[str, list[str]], asked: Sequence[str]) -> list[ConsentAnswer]:
    """The form as answers: no answer is a no, and what was not shown was not answered.

    A yes is `consent=purpose:channel`, or `purpose:channel=yes` as the page's own buttons send it. Raises
    ValidationError for what is no consent.
    """
    field = form.get("shown", [""])[0]
    shown = [] if field == NONE_SHOWN else [key for key in field.split() if key in asked] or list(asked)
    yes = {*form.get("consent", ()), *(key for key in asked if form.get(key) == ["yes"])}
    out = []
    for key in sorted({*shown, *yes}):
        purpose, _, channel = key.partition(":")
        out.append(ConsentAnswer.model_validate({"purpose": purpose, "channel": channel, "granted": key in yes}))
    return out


def check_asked(ctx: AppContext, answers: Iterable[ConsentAnswer], text_version: str) -> None:
    """Nobody agrees to what this site does not ask, nor to a wording that did not have it: the log would prove what was
    never shown. A no is always taken. Raises RequestValidationError (422)."""
    keys, worded = ctx.config.privacy.asked, wording(text_version, DEFAULT)
    for answer in answers:
        key = f"{answer.purpose}:{answer.channel}"
        if not answer.granted or (key in keys and key in worded):
            continue
        said = f"version {text_version} did not have it" if key in keys else "this site does not ask for it"
        raise RequestValidationError([{"type": "value_error", "loc": ("body", "consents"), "msg": f"{key}: {said}"}])


def note_answers(ctx: AppContext, answers: Iterable[ConsentAnswer], text_version: str = TEXT_VERSION) -> None:
    """Counts answers of those of whom nothing is kept. The Wi-Fi does not wait for a database that is away."""
    choices = [answer.choice() for answer in answers]
    if not choices:
        return
    try:
        count_answers(ctx.db, choices, text_version)
    except StorageUnavailable as error:
        log.warning("answers could not be counted: %s", error)


def remember_refusal(ctx: AppContext, response: Response) -> None:
    """This browser said no today: it is not asked again for six months."""
    response.set_cookie(
        REFUSED,
        dt.datetime.now(dt.UTC).date().isoformat(),
        max_age=int(ASK_AGAIN_S),
        httponly=True,
        samesite="lax",
        secure=ctx.config.api.secure_cookies,
        path="/",
    )


def _refused_day(request: Request) -> dt.date | None:
    """What the cookie says; None for what no page of ours wrote, and for days to come."""
    said = request.cookies.get(REFUSED, "")
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])-([0-2]\d|3[01])", said):
        return None
    try:
        day = dt.date.fromisoformat(said)
    except ValueError:
        return None
    return day if _begins(day) <= time.time() else None


def _begins(day: dt.date) -> float:
    return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()


def _day(at: float) -> dt.date:
    return dt.datetime.fromtimestamp(at, dt.UTC).date()
