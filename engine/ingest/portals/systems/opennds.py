"""openNDS and its ancestor nodogsplash: the redirect to a forward authentication service (FAS), levels 0 to 4.

After openNDS' `docs/source/fas.rst` and its own scripts: levels 1 and 4 send base64 of `key=value, key=value`, levels 2
and 3 the same under AES-256-CBC. At levels 0 to 2 the browser carries the answer back; at 3 and 4 the gateway asks.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from urllib.parse import unquote

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from engine.ingest.portals.landing import Fields, Landing, fold
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, System
from engine.ingest.portals.systems.meraki import require_field, with_query
from engine.vocabulary import PortalRefusal, PortalSystem, WayOut

_KEY_BYTES, _BLOCK_BYTES = 32, 16
ASKING_LEVEL = 3
"""From this level on an openNDS gateway asks whom to let out; below, the browser tells it."""
AS_SENT = "gatewaynameassent"
"""The field with the gateway's name still escaped: its digest is what the gateway calls itself when it asks."""


def unwrap(landing: Landing, faskey: str) -> tuple[Fields, PortalRefusal | None]:
    """What is inside `fas`; nothing, and why, where the key is missing or wrong, or there is nothing legible in it."""
    wrapped = _wrap(landing)
    if not wrapped:
        return Fields(()), None
    iv = landing.fields.first("iv")
    inner = _from_base64(wrapped)
    if not iv:
        return _pairs(inner), None
    if not faskey:
        return Fields(()), PortalRefusal.ENCRYPTED
    plain = _decrypt(_from_base64(inner.decode("latin-1")) or inner, faskey, iv)
    found = _pairs(plain)
    return (found, None) if len(found) else (Fields(()), PortalRefusal.BAD_SECRET)


def return_token(hid: str, faskey: str) -> str:
    """The `rhid` that lets a phone out: SHA-256 of its hashed identity and the key that both sides know."""
    return hashlib.sha256((hid.strip() + faskey.strip()).encode()).hexdigest()


def gateway_hash(gateway_name: str) -> str:
    """The name under which a gateway asks for its list: SHA-256 of its name as it was sent."""
    return hashlib.sha256(gateway_name.strip().encode()).hexdigest()


def is_proved(gateway: str, faskey: str, proof: str) -> bool:
    """Whether a gateway that asks for its list has our key: `proof` is SHA-256 of its hash and the key, like `rhid`."""
    wanted = hashlib.sha256((gateway + faskey.strip()).encode()).hexdigest()
    return bool(faskey) and hmac.compare_digest(wanted.encode(), proof.strip().lower().encode("utf-8", "replace"))


def _wrap(landing: Landing) -> str:
    direct = landing.fields.first("fas")
    if direct or "status" not in landing.fields:
        return direct
    return landing.fields.first("redir").partition("fas=")[2].partition("&")[0]


def _from_base64(text: str) -> bytes:
    """Bytes of base64 in either alphabet, padded or not, its plus signs lost to spaces on the way or not."""
    plain = text.strip().replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    if not re.fullmatch(r"[A-Za-z0-9+/]*", plain):
        return b""
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4))
    except binascii.Error:
        return b""


def _decrypt(sealed: bytes, faskey: str, iv: str) -> bytes:
    """AES-256-CBC as PHP's openssl_decrypt does it: key and vector are texts, cut or filled up with zero bytes."""
    if not sealed or len(sealed) % _BLOCK_BYTES:
        return b""
    key = faskey.encode()[:_KEY_BYTES].ljust(_KEY_BYTES, b"\0")
    vector = iv.encode()[:_BLOCK_BYTES].ljust(_BLOCK_BYTES, b"\0")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    unpadder = PKCS7(_BLOCK_BYTES * 8).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:  # the wrong key
        return b""


def _pairs(plain: bytes) -> Fields:
    """`key=value, key=value` with values still escaped; nothing where no name of openNDS is in it."""
    parts = [part.partition("=") for part in plain.decode("utf-8", "replace").split(", ")]
    pairs = [(fold(name), value) for name, sign, value in parts if sign]
    said = Fields(tuple((name, unquote(value)) for name, value in pairs))
    as_sent = tuple((AS_SENT, value.strip()) for name, value in pairs if name == "gatewayname")
    return said + Fields(as_sent) if said.any_of("clientmac", "clientip", "hid") else Fields(())


def _gateway(landing: Landing) -> str:
    """Where the browser carries its answer at levels 0 to 2; "" where the redirect does not say."""
    if action := landing.fields.first("authaction"):
        return action.partition("?")[0]
    address = landing.fields.first("gatewayaddress")
    folder = landing.fields.first("authdir").strip("/") or "opennds_auth"
    good = re.fullmatch(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?", address) and re.fullmatch(r"[A-Za-z0-9_.-]+", folder)
    return f"http://{address}/{folder}/" if good else ""


def _step(landing: Landing, account: GuestAccount, onward: Onward) -> BrowserStep:
    url = _gateway(landing)
    if not url:
        raise ValueError("the redirect names no gateway")
    hid = landing.fields.first("hid")
    token = return_token(hid, account.secret) if hid else require_field(landing, "tok")
    return BrowserStep("GET", with_query(url, {"tok": token, "redir": onward.url}))


OPENNDS = System(
    PortalSystem.OPENNDS,
    lambda at: at.fields.any_of("fas", "hid") or "opennds" in at.fields.first("authaction", "gatewayname").lower(),
    WayOut.BROWSER_GET,
    _gateway,
    _step,
)
NODOGSPLASH = System(
    PortalSystem.NODOGSPLASH,
    lambda at: at.fields.have("tok", "authaction") or at.fields.have("tok", "redir"),
    WayOut.BROWSER_GET,
    _gateway,
    _step,
)
