"""One's wallet on another phone: by a link to one's mailbox or by a loyalty card; and where one is signed in.

Opening a link changes nothing, since mail scanners open links: the page behind it has a button. The answer to who asks
for a link is the same whether anybody has the address.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.auth import needs
from api.callers.cookies import ASKED, SHOPPER, read_cookie, session_of, set_cookie
from api.callers.labels import label_of
from api.context import AppContext, context
from api.keyring import Grant
from api.pages import LetterLink, page, render_letter
from api.problems import problem_responses
from api.ratelimits import HOUR_S, RateLimits, address, line_of, network_of, rate_limits
from api.shoppers.browsers import is_marked_shared, sign_in_browser, sign_out_browser
from api.shoppers.choices import questions
from api.shoppers.me import require_shopper
from api.shoppers.schemas import CardsIn, Done, IdentifierOut, MergeOut, MyIdentity, SessionOut
from api.shoppers.sessions import known_shopper
from api.texts.catalogue import words
from api.texts.language import Language, language
from api.texts.times import clock, short_date
from api.times import rfc3339
from engine.errors import NotFound
from engine.privacy.identifiers import card_proof, identifier_digest, normalise, open_value, seal_value
from engine.storage.people import identifiers, merges, phones
from engine.storage.people.browsers import end_session, sessions_of
from engine.storage.people.identifiers import AskedLink
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.sending.letters import Letter, queue_letter
from engine.vocabulary import IdentifierKind, LinkFate, Right

LINKS_PER_MINUTE = 30  # asked for by an address's strangers; a mailbox has a bound of its own
OWN_LINKS_PER_MINUTE, KNOWN_LINKS_PER_MINUTE = 6, 120  # by one who is signed in, by all of an address who are
TRIES_PER_MINUTE = 20  # wrong links of an address, wrong cards of one who is signed in
STRANGERS_CARDS_PER_MINUTE = 60  # wrong ones of an address; a card has a bound of its own
CARD_GUESSES_PER_HOUR = 5  # wrong proofs of one card from one line: profiles and cookies are made in a second
LETTERS_PER_ASKER = 3  # links to one mailbox within an hour, asked for from one line; it gets more from others
Answer = Annotated[str, Form(max_length=254)]

router = APIRouter(tags=["shoppers"], responses=problem_responses(401))
pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
cards = APIRouter(tags=["managers"], responses=problem_responses(401, 403, 409, 422))
Shopper = Annotated[ShopperProfile, Depends(require_shopper)]


@router.get("/v1/me/identity", summary="What I am known by, and where I am signed in")
def identity(request: Request, shopper: Shopper, ctx: AppContext = Depends(context)) -> MyIdentity:
    """Verified identifiers, browsers that are signed in, and profiles that have joined this one."""
    here, now = session_of(ctx, request), time.time()
    return MyIdentity(
        email=ctx.mailer is not None,
        identifiers=[
            IdentifierOut(kind=i.kind, value=_value(ctx, i), verified_at=rfc3339(i.verified_at))
            for i in identifiers.identifiers_of(ctx.db, shopper.shopper_id)
        ],
        sessions=[
            SessionOut(
                session_id=s.session_id,
                label=s.label,
                shared=s.shared,
                here=s.session_id == here,
                made_at=rfc3339(s.made_at),
                seen_at=rfc3339(s.seen_at),
            )
            for s in sessions_of(ctx.db, shopper.shopper_id, now)
        ],
        merges=[
            MergeOut(merge_id=m.merge_id, proof=m.proof, at=rfc3339(m.at))
            for m in merges.merges_of(ctx.db, shopper.shopper_id)
        ],
    )


@router.delete("/v1/me/sessions/{session_id}", summary="Sign a browser of mine out", responses=problem_responses(404))
def end(session_id: str, shopper: Shopper, ctx: AppContext = Depends(context)) -> Done:
    """That browser is signed out at its next request."""
    if not end_session(ctx.db, session_id, shopper.shopper_id):
        raise NotFound("no such session")
    return Done()


@router.post("/v1/me/merges/{merge_id}/split", summary="Undo a merge", responses=problem_responses(404))
def split(merge_id: str, shopper: Shopper, ctx: AppContext = Depends(context)) -> Done:
    """The profile that had joined is one of its own again, with what it had brought."""
    merges.split(ctx.db, merge_id, shopper.shopper_id, time.time())
    return Done()


@cards.post("/v1/cards", summary="Loyalty cards that may be used to sign in")
def register_cards(
    body: CardsIn, ctx: AppContext = Depends(context), grant: Grant = Depends(needs(Right.REGISTER_CARDS))
) -> Done:
    """Cards with what only their owners have besides; kept as keyed digests.

    Who registers cards for all stores may send one again: it gets the new proof, and signs into no profile until it is
    proved anew. Who does for one store registers new ones: 409 `card_known` for others, and none of these is kept.
    """
    known: list[tuple[str, str]] = []
    for card in body.cards:
        number = normalise(IdentifierKind.CARD, card.number)
        if number is not None:
            digest = identifier_digest(ctx.secrets, IdentifierKind.CARD, number)
            known.append((digest, card_proof(ctx.secrets, number, card.proof)))
    identifiers.register_cards(ctx.db, known, again=grant.may(Right.REGISTER_CARDS, None))
    return Done()


@pages.get("/me/identity", summary="My wallet on another phone")
def identity_page(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """To find one's page again, and to see and end where one is signed in. Works without scripts."""
    return _page(ctx, request, "")


@pages.post("/me/identity/email", summary="Ask for a link by e-mail")
def ask_link(
    request: Request,
    email: Answer,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Sends a link to the mailbox, good once and for a quarter of an hour. The answer says nothing of the mailbox."""
    _spend_link(limits, request, known_shopper(ctx, read_cookie(ctx, request, SHOPPER)))
    t, value = words(language(request)), normalise(IdentifierKind.EMAIL, email)
    if ctx.mailer is None or value is None:
        return _page(ctx, request, t.identity.no_mail if value else t.identity.bad_email, status=422)
    digest = identifier_digest(ctx.secrets, IdentifierKind.EMAIL, value)
    nonce = read_cookie(ctx, request, ASKED) or secrets.token_hex(16)
    if limits.shared.may("mailbox", f"{digest} {network_of(address(request))}", LETTERS_PER_ASKER, HOUR_S):
        _send(ctx, request, value, digest, nonce)
    response = _page(ctx, request, t.identity.sent)
    set_cookie(ctx, response, ASKED, nonce, lasts=not is_marked_shared(ctx, request))
    return response


@pages.post("/me/identity/card", summary="Sign in by loyalty card")
def present_card(
    request: Request,
    number: Answer,
    proof: Answer,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """A card's number with what only its owner has; a bare number proves nothing, and is told from no other.

    Wrong ones alone are counted: of who is signed in by themselves, of strangers by their address; and of one card by
    who guesses, long before the card itself is closed to everybody: its owner, elsewhere, gets in meanwhile.
    """
    t, value = words(language(request)), normalise(IdentifierKind.CARD, number) or ""
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    tries = (
        ("card_stranger", line_of(request), STRANGERS_CARDS_PER_MINUTE)
        if shopper is None
        else ("card_try", shopper.shopper_id, TRIES_PER_MINUTE)
    )
    limits.shared.look(*tries)
    guess = ("card_guess", f"{value} {network_of(address(request))}", CARD_GUESSES_PER_HOUR, HOUR_S)
    limits.shared.look(*guess)
    found = identifiers.present_card(
        ctx.db,
        identifier_digest(ctx.secrets, IdentifierKind.CARD, value),
        card_proof(ctx.secrets, value, proof),
        seal_value(ctx.secrets, "•" * max(len(value) - 4, 0) + value[-4:]),
        "" if shopper is None else shopper.shopper_id,
        time.time(),
    )
    if found.fate is LinkFate.UNKNOWN:
        limits.shared.may(*tries)
        limits.shared.may(*guess)
    if found.shopper_id is None:
        said = t.identity.card_nobody if found.fate is LinkFate.NOBODY else t.identity.card_wrong
        return _page(ctx, request, said, status=409)
    response = RedirectResponse(f"/me/identity?lang={language(request)}", 303)
    sign_in_browser(ctx, request, response, found.shopper_id, shared=is_marked_shared(ctx, request))
    return response


@pages.get("/id/{token}", summary="A link that came by e-mail")
def look_at_link(token: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Says what the link does, and which choices hold there, with a button; looking does nothing, however often."""
    fate, asked = identifiers.look_at_link(ctx.db, _token_digest(ctx, token), time.time())
    return _link_page(ctx, request, token, fate, asked)


@pages.post("/id/{token}", summary="Follow a link that came by e-mail")
def follow_link(
    token: str,
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Signs this browser in, once. Adds the address to a profile, or joins two, only in the browser that asked.

    Nobody guesses 24 random bytes, so a link is looked up first: neighbours' wrong ones keep nobody from a right one.
    """
    digest = _token_digest(ctx, token)
    if identifiers.look_at_link(ctx.db, digest, time.time())[0] is LinkFate.UNKNOWN:
        limits.shared.spend("identity_try", line_of(request), TRIES_PER_MINUTE)
    found = identifiers.follow_link(ctx.db, digest, _browser(ctx, request), time.time())
    if found.shopper_id is None:
        return _link_page(ctx, request, token, found.fate, None)
    response = RedirectResponse(f"/me/identity?lang={language(request)}", 303)
    sign_in_browser(ctx, request, response, found.shopper_id, shared=is_marked_shared(ctx, request))
    return response


@pages.post("/me/identity/end", summary="Sign a browser out, by form")
def end_by_form(request: Request, shopper: Shopper, session_id: Answer, ctx: AppContext = Depends(context)) -> Response:
    """Ends that session, and shows the page again."""
    end_session(ctx.db, session_id, shopper.shopper_id)
    return RedirectResponse(f"/me/identity?lang={language(request)}", 303)


@pages.post("/me/identity/split", summary="Undo a merge, by form")
def split_by_form(request: Request, shopper: Shopper, merge_id: Answer, ctx: AppContext = Depends(context)) -> Response:
    """The same as by program, and shows the page again."""
    merges.split(ctx.db, merge_id, shopper.shopper_id, time.time())
    return RedirectResponse(f"/me/identity?lang={language(request)}", 303)


@pages.post("/me/sign-out", summary="Sign this browser out")
def sign_out(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Nothing of the shopper's is left in this browser: on a tablet of the shop's, the next one finds it empty."""
    response = RedirectResponse(f"/?lang={language(request)}", 303)
    sign_out_browser(ctx, request, response)
    return response


@pages.post("/me/not-me", summary="This page is somebody else's")
def not_me(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Of a phone that has changed hands: it is signed out and linked to nobody in this store, and shows no history.

    Whose it is now is proved anew, by who signs in.
    """
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    store = "" if shopper is None else shopper.store
    if shopper is not None:
        phones.unlink_phones(ctx.db, shopper.store, shopper.shopper_id)
    response = RedirectResponse((f"/w/{store}" if store in ctx.plans else "/") + f"?lang={language(request)}", 303)
    sign_out_browser(ctx, request, response)
    return response


def _spend_link(limits: RateLimits, request: Request, shopper: ShopperProfile | None) -> None:
    if shopper is None:
        limits.spend("identity_link", line_of(request), LINKS_PER_MINUTE)
        return
    limits.spend("identity_link_own", shopper.shopper_id, OWN_LINKS_PER_MINUTE)
    limits.spend("identity_link_known", line_of(request), KNOWN_LINKS_PER_MINUTE)


def _send(ctx: AppContext, request: Request, value: str, digest: str, nonce: str) -> None:
    """Link and letter in one transaction. A mailbox that nobody here has is told so, and nobody else is."""
    assert ctx.mailer is not None
    lang, now, token = language(request), time.time(), secrets.token_urlsafe(24)
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    link = AskedLink(
        digest=_token_digest(ctx, token),
        identifier=digest,
        sealed=seal_value(ctx.secrets, value),
        shopper_id="" if shopper is None else shopper.shopper_id,
        browser=_nonce_digest(nonce),
        label=label_of(request),
        asked_at=now,
    )
    with ctx.db.write() as session:
        known = identifiers.keep_link(session, link)
        if known is None:
            return  # a mailbox is nobody's to fill; who asks is told the same
        letter = _letter(ctx, value, token, lang, known=known or shopper is not None)
        queue_letter(session, letter, identifiers.letter_key(link.digest), now, now + identifiers.LINK_S)


def _letter(ctx: AppContext, to: str, token: str, lang: Language, *, known: bool) -> Letter:
    t = words(lang)
    url = f"{ctx.public_url}/id/{token}?lang={lang}"
    lines = [t.letter.link, url, t.letter.good, t.letter.not_you] if known else [t.letter.nobody, t.letter.not_you]
    subject = t.letter.subject if known else t.letter.subject_nobody
    html = render_letter(lang, subject, [LetterLink(url, url) if line == url else line for line in lines])
    return Letter(to, subject, "\n\n".join(lines) + "\n", html)


def _link_page(ctx: AppContext, request: Request, token: str, fate: LinkFate, asked: AskedLink | None) -> Response:
    t = words(language(request))
    here = asked is not None and asked.browser == _browser(ctx, request)
    when = "" if asked is None else clock(asked.asked_at, _zone(ctx))
    owner = identifiers.owner_of(ctx.db, IdentifierKind.EMAIL, asked.identifier) if asked else None
    shopper = known_shopper(ctx, owner)
    return page(
        request,
        "identity_link.html",
        200 if fate is LinkFate.OPEN else 410,
        fate=fate,
        said=t.link_fates[fate],
        token=token,
        questions=questions(ctx, request, shopper, language(request)) if shopper else None,
        elsewhere="" if here or asked is None else t.identity.elsewhere.format(time=when, browser=asked.label),
    )


def _page(ctx: AppContext, request: Request, notice: str, status: int = 200) -> Response:
    lang, now = language(request), time.time()
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    shown: dict[str, Any] = {"known": [], "sessions": [], "merges": []}
    if shopper is not None:
        zone, who = _zone(ctx, shopper.store), shopper.shopper_id
        shown = {
            "known": _say_known_by(ctx, identifiers.identifiers_of(ctx.db, who), lang),
            "sessions": [
                {"id": s.session_id, "label": s.label, "here": s.session_id == session_of(ctx, request),
                 "since": _when(s.made_at, zone, lang), "shared": s.shared}
                for s in sessions_of(ctx.db, who, now)
            ],
            "merges": [{"id": m.merge_id, "at": _when(m.at, zone, lang)} for m in merges.merges_of(ctx.db, who)],
        }  # fmt: skip
    return page(
        request,
        "identity.html",
        status,
        here="/me/identity",
        notice=notice,
        signed_in=shopper is not None,
        mail=ctx.mailer is not None,
        **shown,
    )


def _say_known_by(ctx: AppContext, known: Sequence[identifiers.Identifier], lang: Language) -> list[str]:
    """Accounts that several of the shop's systems name are one line: which is which nobody could read."""
    t = words(lang)
    return list(dict.fromkeys(_value(ctx, one) or t.identity.account for one in known))


def _value(ctx: AppContext, known: identifiers.Identifier) -> str:
    """As its owner reads it; of an e-shop's account only that there is one: its number is not kept."""
    return open_value(ctx.secrets, known.sealed) if known.sealed else ""


def _zone(ctx: AppContext, store: str = "") -> str:
    plan = ctx.plans.get(store) or next(iter(ctx.plans.values()), None)
    return plan.timezone if plan else "UTC"


def _when(at: float, zone: str, lang: Language) -> str:
    return f"{short_date(at, zone, lang)} {clock(at, zone)}"


def _token_digest(ctx: AppContext, token: str) -> str:
    key = ctx.secrets.derive_key("identity link")
    return hashlib.blake2b(token.encode()[:256], key=key, digest_size=16).hexdigest()


def _browser(ctx: AppContext, request: Request) -> str:
    nonce = read_cookie(ctx, request, ASKED)
    return "" if nonce is None else _nonce_digest(nonce)


def _nonce_digest(nonce: str) -> str:
    return hashlib.sha256(f"asked|{nonce}".encode()).hexdigest()[:32]
