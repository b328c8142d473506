"""Which phone is asking: the MAC that a captive portal's address names, turned into a pseudonym before anything else.

Controllers spell it differently, and anybody can put any MAC there: it is a claim. What proves it is the controller's
signature under the address (checked here), or what the engine sees: `engine.runtime.phones.proofs`. Between the page
and its form the phone travels sealed within the form. No cookie holds it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Annotated

from cryptography.fernet import Fernet, InvalidToken
from fastapi import Form, Request

from api.context import AppContext
from api.ratelimits import address
from engine.ingest.portals.landing import fold
from engine.ingest.portals.parse import parse
from engine.ingest.portals.records import PortalRedirect, PortalTold
from engine.ingest.portals.spellings import read_phone
from engine.plan.model import Plan, ap_key
from engine.privacy.proofs import ADDRESS_KEY, address_digest, is_signed
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import DeviceId, device_from_hex, device_hex
from engine.storage.people.bindings import PhoneClaim

SIGNED_AT, SIGNATURE = "portal_t", "portal_sig"
"""Query parameters under which a controller says when it sent the phone here, and signs that it did."""

FORM_S = 1800
"""How long a sign-in page may stay open."""

SealedPhone = Annotated[str, Form(max_length=1000)]
"""The form's hidden field with the phone in it."""

SEALED_CHARS = 64_000
SealedRedirect = Annotated[str, Form(max_length=SEALED_CHARS)]
"""The same with the whole redirect: what the controller wants to hear again."""


def parse_landing(request: Request, body: str = "", told: PortalTold | None = None) -> PortalRedirect:
    """What the captive portal's redirect says that led to this request; `body` is a form that came with it."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    target = f"{raw.decode('latin-1')}?{request.scope['query_string'].decode('latin-1')}"
    return parse(target, dict(request.headers), body, told)


def device_of(ctx: AppContext, plan: Plan, mac: str | None) -> DeviceId | None:
    """The stable pseudonym of a phone's MAC. None for no MAC (some controllers encrypt it), for one that no single
    device has (zero, a group's, everybody's), and for an access point's own."""
    found = read_phone(mac or "").mac
    if found is None or ap_key(found) in plan.ap_index:
        return None
    return Pseudonyms(ctx.secrets.site_key).stable(found)


def landed_phone(ctx: AppContext, plan: Plan, redirect: PortalRedirect) -> PhoneClaim:
    """The phone that a redirect names, and the proof that its controller gave with it: ours, or the vendor's own."""
    fields = redirect.landing.fields
    claim = _claim(ctx, plan, redirect.client_mac, fields.first(fold(SIGNED_AT)), fields.first(fold(SIGNATURE)))
    if not redirect.signed or claim.device is None:
        return claim
    return replace(claim, redirect=_name_use(redirect.signed), redirect_until=time.time() + FORM_S)


def named_phone(ctx: AppContext, plan: Plan, said: Mapping[str, str | None]) -> PhoneClaim:
    """The phone that a program names in `client_mac`, and the proof that the controller gave with it."""
    return _claim(ctx, plan, said.get("client_mac"), said.get(SIGNED_AT) or "", said.get(SIGNATURE) or "")


def _claim(ctx: AppContext, plan: Plan, mac: str | None, t: str, signature: str) -> PhoneClaim:
    device = device_of(ctx, plan, mac)
    if device is None or mac is None:
        return PhoneClaim()
    fresh_s = ctx.config.api.portal_redirect_s
    spelt = read_phone(mac).mac or mac
    if not is_signed(ctx.portal.of(plan.store), plan.store, spelt, t, signature, time.time(), fresh_s):
        return PhoneClaim(device)
    return PhoneClaim(device, redirect=_name_use(signature), redirect_until=int(t) + fresh_s + FORM_S)


def _name_use(signature: str) -> str:
    """Under which name a signature is used up."""
    return hashlib.sha256(f"redirect|{signature.lower()}".encode()).hexdigest()[:32]


def from_here(ctx: AppContext, request: Request, phone: PhoneClaim) -> PhoneClaim:
    """The same, with where this request comes from."""
    with suppress(ValueError):  # a caller over a socket has no address, and none to prove anything by
        return replace(phone, address=address_digest(ctx.secrets.derive_key(ADDRESS_KEY), address(request)))
    return phone


def seal_phone(ctx: AppContext, store: str, phone: PhoneClaim) -> str:
    """The phone as text for a form of this store's: encrypted, so that nobody learns a pseudonym by naming a MAC."""
    if phone.device is None:
        return ""
    said = [store, device_hex(phone.device), phone.redirect, phone.redirect_until]
    return _sealer(ctx).encrypt(json.dumps(said).encode()).decode()


def seal_redirect(ctx: AppContext, store: str, redirect: PortalRedirect, body: str, now: float) -> str:
    """A redirect as text for a form of this store's: what lets the phone out must not be anybody's to change."""
    landing = redirect.landing
    said = [store, f"{landing.path}?{landing.query}", body, landing.host, now]
    return _sealer(ctx).encrypt(json.dumps(said).encode()).decode()


def unseal_redirect(ctx: AppContext, store: str, text: str, told: PortalTold) -> PortalRedirect | None:
    """The redirect in a form's field, judged by the time at which it came. None as for phones."""
    if not text:
        return None
    try:
        where, target, body, host, at = json.loads(_sealer(ctx).decrypt(text.encode(), ttl=FORM_S))
    except InvalidToken:
        return None
    return parse(target, {"host": host}, body, replace(told, now=at)) if where == store else None


def unseal_phone(ctx: AppContext, store: str, text: str) -> PhoneClaim:
    """The phone in a form's field; none where there is none, or it is forged, old or another store's."""
    if not text:
        return PhoneClaim()
    try:
        where, device, redirect, until = json.loads(_sealer(ctx).decrypt(text.encode(), ttl=FORM_S))
    except InvalidToken:
        return PhoneClaim()
    if where != store:
        return PhoneClaim()
    return PhoneClaim(device_from_hex(device), redirect=redirect, redirect_until=until)


def _sealer(ctx: AppContext) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(ctx.secrets.derive_key("sealed phone")))
