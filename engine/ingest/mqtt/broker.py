"""Where the broker is, who we are to it, and how long to wait before the next attempt to reach it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tenacity import RetryCallState, wait_exponential

from engine.config import MqttConfig
from engine.errors import OperatorError, Problem

_SCHEMES = {"mqtt": (False, 1883), "mqtts": (True, 8883)}


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker's address and our credentials. The password is not shown by `repr`."""

    host: str
    port: int
    protocol: str = "5"  # "5" | "3.1.1"
    tls: bool = False
    tls_ca_file: Path | None = None  # None: the system's authorities
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    keepalive_s: int = 30
    reconnect_min_s: float = 0.5
    reconnect_max_s: float = 30.0
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    @staticmethod
    def from_config(config: MqttConfig, environ: Mapping[str, str] = os.environ) -> Broker:
        """The broker of `config.yaml`, credentials from RAYON_MQTT_USERNAME and RAYON_MQTT_PASSWORD."""
        return Broker(
            host=config.host,
            port=config.port,
            protocol=config.protocol,
            tls=config.tls,
            tls_ca_file=config.tls_ca_file,
            tls_cert_file=config.tls_cert_file,
            tls_key_file=config.tls_key_file,
            keepalive_s=config.keepalive_s,
            reconnect_min_s=config.reconnect_min_s,
            reconnect_max_s=config.reconnect_max_s,
            username=environ.get("RAYON_MQTT_USERNAME"),
            password=environ.get("RAYON_MQTT_PASSWORD"),
        )

    @staticmethod
    def from_url(url: str, environ: Mapping[str, str] = os.environ, *, tls_ca_file: Path | None = None) -> Broker:
        """`mqtt://user:pass@host:port` or `mqtts://…`; ports default to 1883 and 8883, credentials to the environment.

        Speaks MQTT 3.1.1, which every broker understands: who is given a URL only publishes, and needs no MQTT 5.
        Raises OperatorError; the message does not repeat the URL, which may hold a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise OperatorError([_url_problem("the port is not a number from 0 to 65535")]) from None
        if parts.scheme not in _SCHEMES:
            raise OperatorError([_url_problem("the scheme is neither mqtt nor mqtts")])
        if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise OperatorError([_url_problem("not just a host and a port")])
        tls, usual_port = _SCHEMES[parts.scheme]
        address = Broker(parts.hostname, port or usual_port, protocol="3.1.1", tls=tls, tls_ca_file=tls_ca_file)
        if parts.username is None:
            return replace(
                address, username=environ.get("RAYON_MQTT_USERNAME"), password=environ.get("RAYON_MQTT_PASSWORD")
            )
        return replace(
            address,
            username=unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )


def _url_problem(reason: str) -> Problem:
    return Problem("--mqtt", "URL", reason, "as in mqtt://127.0.0.1:1883 or mqtts://user:password@broker.example:8883")


def jittered_waits(minimum_s: float, maximum_s: float, chance: random.Random) -> Callable[[RetryCallState], float]:
    """How long to wait after attempt number n (from 1): exponential, jittered, bounded.

    Uniform between half and all of `minimum_s * 2**(n - 1)`, itself at most `maximum_s`, so that a thousand clients of
    a broker that restarts do not come back in the same instant.
    """
    ceiling = wait_exponential(multiplier=minimum_s, max=maximum_s)
    return lambda state: ceiling(state) * chance.uniform(0.5, 1.0)
