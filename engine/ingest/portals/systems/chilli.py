"""CoovaChilli and its many relatives: OpenMesh, Teltonika, LigoWave, Plasma, Cradlepoint, Xirrus, older Ruckus.

The access point gives a challenge. Who knows the UAM secret may send it a password that nobody on the way can read, or
only an answer to the challenge (CHAP, RFC 1994). After coova.github.io's hotspotlogin and splash-networks/capport.
"""

from __future__ import annotations

import hashlib
import re
from itertools import cycle
from urllib.parse import urlencode

from engine.ingest.portals.landing import Landing
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, System
from engine.vocabulary import PortalSystem, WayOut


def chap_response(challenge: bytes, password: str, uam_secret: str) -> str:
    """The answer to a challenge, MD5(0x00, password, challenge or MD5(challenge, secret)), in hexadecimal."""
    return hashlib.md5(b"\0" + password.encode() + _key(challenge, uam_secret), usedforsecurity=False).hexdigest()


def pap_password(challenge: bytes, password: str, uam_secret: str) -> str:
    """The password and a zero byte, exclusive or with the challenge or MD5(challenge, secret), in hexadecimal."""
    plain = password.encode() + b"\0"
    return bytes(a ^ b for a, b in zip(plain, cycle(_key(challenge, uam_secret)), strict=False)).hex()


def _key(challenge: bytes, uam_secret: str) -> bytes:
    if not uam_secret:
        return challenge
    return hashlib.md5(challenge + uam_secret.encode(), usedforsecurity=False).digest()


def _logon(landing: Landing) -> str:
    """The access point's own address for sign-ins; "" where the redirect names none."""
    ip, port = landing.fields.first("uamip"), landing.fields.first("uamport")
    good = re.fullmatch(r"[A-Za-z0-9.-]+", ip) and re.fullmatch(r"[0-9]{1,5}", port)
    return f"http://{ip}:{port}/logon" if good else ""


def _step(landing: Landing, account: GuestAccount, onward: Onward) -> BrowserStep:
    url, challenge = _logon(landing), landing.fields.first("challenge")
    if not url or not re.fullmatch(r"(?:[0-9a-fA-F]{2}){8,64}", challenge):
        raise ValueError("the redirect has no challenge, or no address to answer it")
    given = bytes.fromhex(challenge)
    fields = {"username": account.username}
    if account.secret:
        fields["password"] = pap_password(given, account.password, account.secret)
    else:
        fields["response"] = chap_response(given, account.password, "")
    return BrowserStep("GET", f"{url}?{urlencode(fields | {'userurl': onward.url})}")


COOVACHILLI = System(
    PortalSystem.COOVACHILLI,
    lambda at: at.fields.have("uamip", "uamport") or at.fields.have("res", "challenge"),
    WayOut.BROWSER_GET,
    _logon,
    _step,
)
