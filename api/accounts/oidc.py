"""Single sign-on for the console: OpenID Connect's authorization code flow with PKCE, with Authlib's parts.

Nobody gets an account by it: the issuer's subject is bound, at the first sign-in, to the one account whose address the
issuer says it has verified. What comes back is believed only with this browser's own state and nonce, signed by the
issuer's keys, for this client, and in time (OpenID Connect Core 1.0, 3.1.3.7).
"""

from __future__ import annotations

import asyncio
import hmac
import importlib.util
import json
import logging
import os
import secrets
import ssl
import time
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from anyio import from_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.accounts.entering import enter
from api.callers.cookies import ONWARD, drop_cookie, read_cookie, set_cookie
from api.context import AppContext, context
from api.manager_login import PREFIX, inside, sign_in_page
from api.ratelimits import RateLimits, line_of, rate_limits
from engine.config import Config, OidcConfig
from engine.errors import NotFound, OperatorError, Problem
from engine.privacy.identifiers import normalise
from engine.storage.accounts import sessions
from engine.storage.accounts.people import get_account
from engine.vocabulary import IdentifierKind

log = logging.getLogger("rayon.api")
START, BACK = "/account/oidc", "/account/oidc/back"
SECRET = "RAYON_OIDC_CLIENT_SECRET"
LEEWAY_S = 60  # between the issuer's clock and ours
FAILURES_PER_MINUTE = 60  # of an address
MOST_BYTES = 1_048_576  # of an answer
ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "ES384", "RS512", "ES512", "EdDSA"]  # none without a public key
pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


class Unbelieved(Exception):
    """The issuer's answer does not hold; said to nobody but the log."""


_ISSUERS_FAULT = (Unbelieved, httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError, TypeError)
"""Beside what joserfc refuses: it is away, or what it says is not of the shape it has to be."""


def check_oidc(config: Config, environ: Mapping[str, str], file: str) -> None:
    """Raises OperatorError where a single sign-on is declared that cannot work."""
    if config.api.oidc is None:
        return
    problems = []
    if importlib.util.find_spec("authlib") is None or importlib.util.find_spec("joserfc") is None:
        problems.append(Problem(file, "api.oidc", "Authlib is not installed", 'pip install "rayon[oidc]"'))
    if not environ.get(SECRET):
        problems.append(Problem(file, "api.oidc", f"the environment has no {SECRET}", "the client's secret"))
    if problems:
        raise OperatorError(problems)


@pages.get(START, summary="Sign in by the single sign-on")
def start(
    request: Request,
    to: Annotated[str, Query(max_length=2000)] = PREFIX,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Sends the browser to the issuer, with what its answer must bring back."""
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    oidc = _get_declared(ctx)
    limits.look("oidc", line_of(request), FAILURES_PER_MINUTE)
    state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
    try:
        where = _issuer(oidc)["authorization_endpoint"]
    except _ISSUERS_FAULT as error:
        return _fail(request, limits, inside(to), error)
    url = prepare_grant_uri(
        where,
        oidc.client_id,
        "code",
        ctx.public_url + BACK,
        "openid email",
        state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    response = RedirectResponse(url, 303)
    set_cookie(ctx, response, ONWARD, json.dumps([state, nonce, verifier, inside(to)]))
    return response


@pages.get(BACK, summary="Come back from the single sign-on")
def come_back(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Signs the browser in that was sent there, as the account that the issuer's answer proves."""
    from joserfc.errors import JoseError

    oidc, kept = _get_declared(ctx), read_cookie(ctx, request, ONWARD)
    limits.look("oidc", line_of(request), FAILURES_PER_MINUTE)
    asked, nonce, verifier, to = json.loads(kept) if kept else ("", "", "", PREFIX)
    try:
        if not asked or not hmac.compare_digest(asked.encode(), state.encode()) or not code:
            raise Unbelieved("state")
        claims = _redeem(oidc, ctx.public_url + BACK, code, verifier, nonce)
        account_id = _account(ctx, oidc, claims)
    except (*_ISSUERS_FAULT, JoseError) as error:
        return _fail(request, limits, to, error)
    response = RedirectResponse(to, 303)
    if not enter(ctx, request, response, account_id, get_account(ctx.db, account_id, time.time()).name, "oidc"):
        return _fail(request, limits, to, Unbelieved("closed"))
    drop_cookie(ctx, response, ONWARD)
    return response


def _get_declared(ctx: AppContext) -> OidcConfig:
    if ctx.config.api.oidc is None:
        raise NotFound("this site has no single sign-on")
    return ctx.config.api.oidc


def _issuer(oidc: OidcConfig) -> Mapping[str, Any]:
    """What the issuer says of itself (OpenID Connect Discovery 1.0). Raises Unbelieved where it is another."""
    said = _ask(oidc, "GET", oidc.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if said.get("issuer") != oidc.issuer:
        raise Unbelieved("issuer")
    return said


def _ask(oidc: OidcConfig, method: str, url: str, **how: Any) -> dict[str, Any]:
    """The object in an answer. Raises Unbelieved, and what httpx and json raise."""
    tls = ssl.create_default_context(cafile=None if oidc.tls_ca_file is None else str(oidc.tls_ca_file))
    said = json.loads(from_thread.run(partial(_answer, oidc.timeout_s, tls, method, url, **how)))
    if not isinstance(said, dict):
        raise Unbelieved("no object")
    return said


async def _answer(timeout_s: float, tls: ssl.SSLContext, method: str, url: str, **how: Any) -> bytes:
    """One call, in this time for all of it: an issuer that sends byte by byte has no more."""
    body = b""
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx.AsyncClient(timeout=timeout_s, verify=tls) as client,
            client.stream(method, url, **how) as answer,
        ):
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise Unbelieved("a megabyte and more")
    except TimeoutError as error:
        raise httpx.ReadTimeout("it does not end its answer") from error
    return body


def _redeem(oidc: OidcConfig, back: str, code: str, verifier: str, nonce: str) -> Mapping[str, Any]:
    """The claims of the ID token that the code is good for. Raises Unbelieved, and what httpx and joserfc raise."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.jwk import KeySet

    issuer = _issuer(oidc)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    ours = (quote(oidc.client_id, safe=""), quote(os.environ.get(SECRET, ""), safe=""))  # RFC 6749, 2.3.1
    token = _ask(oidc, "POST", issuer["token_endpoint"], data=form, auth=ours)
    keys = KeySet.import_key_set(_ask(oidc, "GET", issuer["jwks_uri"]))  # type: ignore[arg-type]
    proved = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
    options = {
        "iss": {"essential": True, "value": oidc.issuer},
        "aud": {"essential": True, "value": oidc.client_id},
        "nonce": {"essential": True, "value": nonce},
    }
    params = {"nonce": nonce, "client_id": oidc.client_id, "access_token": token.get("access_token")}
    claims = CodeIDToken(proved.claims, proved.header, options, params)
    claims.validate(now=int(time.time()), leeway=LEEWAY_S)
    return proved.claims


def _account(ctx: AppContext, oidc: OidcConfig, claims: Mapping[str, Any]) -> str:
    """The account that the subject is bound to, at first the one of its verified address. Raises Unbelieved."""
    subject = f"{oidc.issuer}|{claims['sub']}"
    found = sessions.account_of_oidc(ctx.db, subject)
    if found is None and claims.get("email_verified") is True:
        email = normalise(IdentifierKind.EMAIL, str(claims.get("email", "")))
        found = sessions.bind_oidc(ctx.db, email or "", subject, time.time())
    if found is None:
        raise Unbelieved("nobody here")
    return found


def _fail(request: Request, limits: RateLimits, to: str, error: Exception) -> Response:
    log.warning("single sign-on: %s: %s", type(error).__name__, str(error)[:200])
    limits.count("oidc", line_of(request), FAILURES_PER_MINUTE)
    return sign_in_page(request, to, wrong="oidc")
