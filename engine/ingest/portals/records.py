"""The nouns of captive portals: what the receiver was told beforehand, what a redirect says, how a phone is let out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.ingest.portals.landing import Landing
from engine.vocabulary import PortalRefusal, PortalSystem, WayOut


@dataclass(frozen=True, slots=True)
class PortalTold:
    """What a receiver knows before any redirect comes: the secret that a vendor signs with, and the name it signs
    under; openNDS' faskey, the secret where there is none; and the time (s UTC) that signatures are judged by."""

    identity: str = ""
    secret: str = field(default="", repr=False)
    now: float = 0.0
    faskey: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class GuestAccount:
    """What guests sign in with at the controller: a user name and password that its RADIUS or user list knows, and the
    secret that controller and portal share. Any may be empty."""

    username: str = ""
    password: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Onward:
    """Where the browser shall come out (an address of ours), and for how long the phone may stay out (s)."""

    url: str
    seconds: int


@dataclass(frozen=True, slots=True)
class BrowserStep:
    """What the phone's browser has to do: open `url` with `fields` in its query (GET), or send it a form (POST)."""

    method: str
    url: str
    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class PortalGrant:
    """How the phone is let out; `url` is where, as the redirect says it. Empty where the redirect does not say."""

    how: WayOut
    url: str = ""


Step = Callable[[Landing, GuestAccount, Onward], BrowserStep]
"""The browser's step from a redirect. Raises ValueError where the redirect lacks what it takes."""


@dataclass(frozen=True, slots=True)
class System:
    """One system: whether a redirect is of it, how it lets phones out and where, and the browser's step, if any."""

    name: PortalSystem
    matches: Callable[[Landing], bool]
    how: WayOut
    where: Callable[[Landing], str] = lambda _: ""
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class PortalRedirect:
    """What a redirect says, MACs as `aa:bb:cc:00:00:01`; None: not there. Without `client_mac`, `refused` says why.

    `signed` names the vendor's own signature where one was there and right. MACs are in clear here, because the
    controller has to be told whom to let out: whoever keeps or prints one does it on purpose.
    """

    system: PortalSystem
    client_mac: str | None = field(repr=False)
    client_ip: str | None = field(repr=False)
    ap: str | None
    ssid: str | None
    original_url: str | None = field(repr=False)
    grant: PortalGrant = field(repr=False)
    refused: PortalRefusal | None
    landing: Landing = field(repr=False)
    signed: str = field(default="", repr=False)
