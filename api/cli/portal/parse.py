"""`rayon portal parse`: one redirect, or one answer of a captive portal's API, as Rayon reads it."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import typer

from engine.errors import OperatorError, Problem
from engine.ingest.portals.capport import CapportAnswer, read_capport
from engine.ingest.portals.parse import parse
from engine.ingest.portals.records import PortalRedirect, PortalTold
from engine.ingest.portals.requests import read_headers, read_request
from engine.ingest.portals.systems.extreme import SIGNATURE
from engine.vocabulary import PortalRefusal, PortalSystem, WayOut

MOST_BYTES = 1 << 20
_SECRETS = ("secret", "faskey", "key")
_NO_REQUEST: dict[str, Any] = {
    "system": None, "portal": {"client_mac": None, "client_ip": None, "ap": None, "ssid": None}, "original_url": None,
    "grant": {"how": str(WayOut.UNKNOWN), "url": None}, "signed": False,
    "readings": [], "positions": [], "sessions": [], "refused": {str(PortalRefusal.BAD_SHAPE): 1},
}  # fmt: skip
"""What bytes say that are no redirect."""
_TELLABLE = ("identity", *_SECRETS, "now")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("parse")(parse_redirect)


def parse_redirect(
    redirect: str = typer.Argument(
        ...,
        metavar="URL",
        help="The address that the phone was sent to; or a file with it, with the whole HTTP request, or with an "
        "answer by RFC 8908; or - for standard input.",
    ),
    headers: Path | None = typer.Option(None, help="A file of 'Name: value' lines that came with it."),
    told: list[str] = typer.Option(
        [], help=f"What the portal was told beforehand, as key=value: {', '.join(_TELLABLE)}. May be repeated."
    ),
    secret_env: str | None = typer.Option(
        None, metavar="VARIABLE", help="The environment variable that holds the secret. Else nothing is checked."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Say what a captive portal's redirect says: the system, the phone, the access point, the way out.

    MACs are printed in clear, since it is you who has them. A signature or a seal is checked where its secret is told.

    Example: rayon portal parse 'https://shop.example/w/boutique?client_mac=02:00:00:00:00:01&ap_mac=00:00:5e:00:53:81'
    """
    text = _text(redirect)
    given = read_headers(_read(headers).decode("utf-8", "replace")) if headers is not None else None
    known = _tell(told, secret_env)
    if text.lstrip()[:1] in ("{", "["):
        answer = read_capport(text.encode("utf-8", "surrogateescape"), given)
        _print(_capport(answer), as_json)
        return
    request = read_request(text)
    found = parse(request.target, {**request.headers, **(given or {})}, request.form, known)
    said = _redirect(found, known) if request.is_one else _NO_REQUEST
    _print(said, as_json)


def _text(redirect: str) -> str:
    if redirect == "-":
        return sys.stdin.buffer.read(MOST_BYTES).decode("utf-8", "replace")
    path = Path(redirect)
    looks_like_url = "?" in redirect or "://" in redirect
    if looks_like_url and not _is_file(path):
        return redirect
    return _read(path).decode("utf-8", "replace")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero byte in it
        return False


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except (OSError, ValueError) as error:
        fix = "give an address with a query, a file, or -"
        reason = getattr(error, "strerror", None) or str(error)
        raise OperatorError([Problem(str(path), "(whole file)", f"cannot be read: {reason}", fix)]) from error


def _tell(told: list[str], secret_env: str | None) -> PortalTold:
    pairs = [pair.partition("=") for pair in told]
    fix = f"KEY=VALUE, the key one of {', '.join(_TELLABLE)}"
    wrong = [key for key, sign, _ in pairs if not sign or key not in _TELLABLE]
    problems = [Problem("--told", key, "not what can be told", fix) for key in wrong]
    values = {key: value for key, _, value in pairs}
    secret = next((values[key] for key in _SECRETS if values.get(key)), "")
    if secret_env is not None:
        secret = os.environ.get(secret_env, "")
        if not secret:
            problems.append(Problem("--secret-env", secret_env, "is not set", "set it to the portal's secret"))
    try:
        now = float(values.get("now") or time.time())
    except ValueError:
        problems.append(Problem("--told", "now", "not a number", "seconds since 1970"))
    if problems:
        raise OperatorError(problems)
    return PortalTold(values.get("identity", ""), secret, now)


def _redirect(found: PortalRedirect, known: PortalTold) -> dict[str, Any]:
    """`signed` is None where a signature is there and no secret to check it by."""
    unchecked = not known.secret and SIGNATURE in found.landing.fields and found.system is PortalSystem.EXTREME
    return {
        "system": str(found.system),
        "portal": {
            "client_mac": found.client_mac,
            "client_ip": found.client_ip,
            "ap": found.ap,
            "ssid": found.ssid,
        },
        "original_url": found.original_url,
        "grant": {"how": str(found.grant.how), "url": found.grant.url or None},
        "signed": None if unchecked else bool(found.signed),
        "readings": [],
        "positions": [],
        "sessions": [],
        "refused": {str(found.refused): 1} if found.refused else {},
    }


def _capport(answer: CapportAnswer) -> dict[str, Any]:
    said = {
        "captive": answer.captive,
        "seconds_remaining": answer.seconds_remaining,
        "user_portal_url": answer.portal_url,
        "venue_info_url": answer.venue_url,
    }
    known = {name: value for name, value in said.items() if value is not None}
    flaws = {str(flaw): 1 for flaw in answer.flaws}
    nothing: dict[str, Any] = {"readings": [], "positions": [], "sessions": []}
    return {"capport": {"valid": not flaws, **known}, **nothing, "refused": flaws}


def _print(said: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(said, ensure_ascii=False))
        return
    for name, value in said.items():
        if name in ("readings", "positions", "sessions"):
            continue
        if isinstance(value, dict):
            print(f"{name}:" if value else f"{name}: nothing")
            for key, inner in value.items():
                print(f"  {key}: {'-' if inner is None else inner}")
        elif name == "signed" and value is None:
            print("signed: not checked: give --secret-env")
        else:
            print(f"{name}: {'-' if value is None else value}")
