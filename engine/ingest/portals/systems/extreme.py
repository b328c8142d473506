"""ExtremeCloud IQ Controller: the redirect is signed like an address of Amazon's (Signature Version 4, presigned).

What is signed is the query exactly as it was sent, `!` unescaped: it is never put together again from its parts. Region
`world`, service `ecp`, the payload unsigned, the host the only header. The answer is signed likewise.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import quote

from engine.ingest.portals.landing import Landing
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, PortalTold, System
from engine.ingest.portals.systems.meraki import require_field
from engine.vocabulary import PortalRefusal, PortalSystem, WayOut

_ALGORITHM = "AWS4-HMAC-SHA256"
_SIGNATURE = re.compile(r"(?:^|&)X-Amz-Signature=([0-9a-fA-F]{64})(?=&|$)")
SIGNATURE = "xamzsignature"
"""The parameter that holds it, folded."""
AHEAD_S = 60.0
"""The controller's clock may be this far ahead of ours."""
LONGEST_S = 3600
"""No redirect is good for longer, whatever it says of itself."""


def judge(landing: Landing, told: PortalTold) -> PortalRefusal | None:
    """None where the controller signed this redirect under the secret that we were told, and lately."""
    found = _SIGNATURE.search(landing.query)
    if found is None:
        return PortalRefusal.BAD_SIGNATURE
    query = _SIGNATURE.sub("", landing.query, count=1).removeprefix("&")
    date, expires = landing.fields.first("xamzdate"), landing.fields.first("xamzexpires")
    who, _, scope = landing.fields.first("xamzcredential").partition("/")
    right = sign(told.secret, date, scope, canonical(landing.path, query, landing.host))
    known = not told.identity or hmac.compare_digest(who.encode(), told.identity.encode())
    if not known or not hmac.compare_digest(right.encode(), found[1].lower().encode()):
        return PortalRefusal.BAD_SIGNATURE
    return None if _is_fresh(date, expires, told.now) else PortalRefusal.STALE


def canonical(path: str, query: str, host: str) -> str:
    """The request as both sides sign it. `query` is without the signature, escaped as it is sent."""
    return "\n".join(["GET", path or "/", query, f"host:{host.lower()}", "", "host", "UNSIGNED-PAYLOAD"])


def sign(secret: str, date: str, scope: str, request: str) -> str:
    """Signature Version 4 in hexadecimal; `scope` is `day/region/service/aws4_request`."""
    day, region, service = [*scope.split("/"), "", "", ""][:3]
    text = "\n".join([_ALGORITHM, date, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _is_fresh(date: str, expires: str, now: float) -> bool:
    if not re.fullmatch(r"[0-9]{1,6}", expires):
        return False
    try:
        signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return False
    return -AHEAD_S <= now - signed_at <= min(int(expires), LONGEST_S)


def _approval(landing: Landing) -> str:
    host, port = landing.fields.first("hwcip"), landing.fields.first("hwcport") or "443"
    good = re.fullmatch(r"[A-Za-z0-9.-]+", host) and re.fullmatch(r"[0-9]{1,5}", port)
    return f"https://{host}{'' if port == '443' else ':' + port}/ext_approval.php" if good else ""


def approve(landing: Landing, identity: str, account: GuestAccount, onward: Onward, now: float) -> BrowserStep:
    """The signed address by which the phone's browser tells the controller that the phone may go on."""
    url = _approval(landing)
    if not url:
        raise ValueError("the redirect names no controller")
    date = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{date[:8]}/world/ecp/aws4_request"
    said = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{identity}/{scope}",
        "X-Amz-Date": date,
        "X-Amz-Expires": "20",
        "X-Amz-SignedHeaders": "host",
        "dest": onward.url,
        "max_duration": str(onward.seconds),
        "token": require_field(landing, "token"),
        "username": account.username,
        "wlan": landing.fields.first("wlan"),
    }
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(said.items()))
    host, _, path = url.removeprefix("https://").partition("/")
    signature = sign(account.secret, date, scope, canonical("/" + path, query, host))
    return BrowserStep("GET", f"{url}?{query}&X-Amz-Signature={signature}")


EXTREME = System(
    PortalSystem.EXTREME,
    lambda at: "hwcip" in at.fields or "/ecp/" in at.fields.first("xamzcredential"),
    WayOut.BROWSER_GET,
    _approval,
)
