"""A push service of our own (RFC 8030) over TLS, and phones that subscribe to it: it checks what it gets as strictly as
any, and a phone decrypts by RFC 8291 with code of its own."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import ipaddress
import json
import re
import secrets
import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.brokers import free_port
from tests.clocks import patience_s

ENDLESS = -1
"""As the status of an answer to the hook: 200, and a body that has no end."""


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The inverse."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _raw(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


class Browser:
    """A phone's keys, and what it reads."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._pair = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)
        self.p256dh, self.auth = b64(_raw(self._pair.public_key())), b64(self._auth)

    def read(self, body: bytes) -> Any:
        """The JSON of a message (RFC 8188, one record; keys by RFC 8291, 3.4)."""
        salt, size = body[:16], body[20]
        sender = body[21 : 21 + size]
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self._pair.exchange(ec.ECDH(), theirs)
        info = b"WebPush: info\0" + _raw(self._pair.public_key()) + sender
        secret = _hkdf(self._auth, info, 32, shared)
        key = _hkdf(salt, b"Content-Encoding: aes128gcm\0", 16, secret)
        nonce = _hkdf(salt, b"Content-Encoding: nonce\0", 12, secret)
        plain = AESGCM(key).decrypt(nonce, body[21 + size :], None)
        return json.loads(plain.rstrip(b"\0")[:-1])  # the delimiter of the last record is 2


def _hkdf(salt: bytes, info: bytes, length: int, secret: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


@dataclass(frozen=True)
class Pushed:
    """A message as the service took it."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    claims: dict[str, Any]
    key: str


@dataclass
class PushService:
    """`with PushService(folder) as service:` listens; `answers` are (status, headers) in place of the next 201s."""

    folder: Path
    got: list[Pushed] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    called: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)  # as a gateway for SMS

    def __enter__(self) -> PushService:
        self.port = free_port()
        self.ca_file = make_certificate(self.folder)
        hook = Route("/hook", self._hook, methods=["POST"])
        app = Starlette(routes=[Route("/push/{name}", self._push, methods=["POST"]), hook])
        settings = uvicorn.Config(
            app,
            port=self.port,
            log_config=None,
            ssl_certfile=str(self.ca_file),
            ssl_keyfile=str(self.folder / "push-key.pem"),
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        began = time.monotonic()
        while not self._server.started:
            assert time.monotonic() - began < patience_s(60)
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(60)

    @property
    def host(self) -> str:
        """As the configuration names it."""
        return f"127.0.0.1:{self.port}"

    def subscribe(self, name: str = "a") -> Browser:
        """A phone."""
        return Browser(f"https://{self.host}/push/{name}")

    async def _push(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            claims, key = self._check(headers)
        except AssertionError as error:
            self.refused.append(str(error))
            return Response(status_code=400)
        if self.answers:
            status, more = self.answers.pop(0)
            return Response(status_code=status, headers=more)
        self.got.append(Pushed(request.path_params["name"], headers, await request.body(), claims, key))
        return Response(status_code=201, headers={"Location": f"https://{self.host}/m/1"})

    async def _hook(self, request: Request) -> Response:
        self.called.append((dict(request.headers), await request.body()))
        status, more = self.answers.pop(0) if self.answers else (204, {})
        if status == ENDLESS:
            return StreamingResponse(self._drip(), 200)
        return Response(status_code=status, headers=more)

    async def _drip(self) -> AsyncIterator[bytes]:
        while not self._server.should_exit:
            yield b" "
            await asyncio.sleep(0.02)

    def _check(self, headers: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        """What RFC 8030, 8188 and 8292 ask of a request."""
        assert headers.get("ttl", "").isdigit(), "TTL"
        assert headers.get("content-encoding") == "aes128gcm", "Content-Encoding"
        assert headers.get("urgency") in {"very-low", "low", "normal", "high"}, "Urgency"
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers.get("topic", "")), "Topic"
        found = re.fullmatch(r"vapid t=([^,]+),\s?k=(\S+)", headers.get("authorization", ""))
        assert found, "Authorization"
        token, key = found.groups()
        head, claims, signature = token.split(".")
        assert json.loads(unb64(head))["alg"] == "ES256", "alg"
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(key))
        raw = unb64(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        said = json.loads(unb64(claims))
        assert said["aud"] == f"https://{self.host}", "aud"
        assert re.match(r"mailto:|https://", said["sub"]), "sub"
        assert 0 < said["exp"] - self.clock() <= 86_400, "exp"
        return said, key

    def clock(self) -> float:
        """What time it is here; tests that hold theirs replace it."""
        return time.time()


def make_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority; its key beside it as `push-key.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "push-key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path = folder / "push-cert.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path
