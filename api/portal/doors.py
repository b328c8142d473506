"""The captive portals that the configuration declares, with their secrets, and who was let out of them lately."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address

from fastapi import Request

from api.portal.calls import Controller
from api.portal.counts import DoorCounts
from api.portal.declared import check_portals
from api.portal.freed import FreedAddresses
from api.portal.waiting import WaitingLists
from engine.config import Config, PortalConfig
from engine.ingest.portals.records import GuestAccount, PortalRedirect, PortalTold
from engine.ingest.portals.systems.opennds import ASKING_LEVEL, is_proved
from engine.privacy.secrets import Secrets
from engine.vocabulary import PortalSystem


@dataclass(frozen=True, slots=True)
class Door:
    """One declared portal. `controller` is what our server calls; None where only browsers do."""

    config: PortalConfig
    account: GuestAccount
    controller: Controller | None = field(repr=False)


class Doors:
    """All declared portals of a site, and what happened at them."""

    def __init__(self, secrets: Secrets, doors: Iterable[Door] = ()) -> None:
        self.secrets = secrets
        self._doors = {(door.config.store, door.config.system): door for door in doors}
        self.freed = FreedAddresses()
        self.waiting = WaitingLists()
        self.counts = DoorCounts()

    def door(self, store: str, redirect: PortalRedirect) -> Door | None:
        """The portal that sent this redirect: the declared one of its system, else one declared as generic, else the
        store's only one where nothing in the redirect says whose it is."""
        found = self._doors.get((store, redirect.system)) or self._doors.get((store, PortalSystem.GENERIC))
        if found is None and redirect.system is PortalSystem.GENERIC:
            mine = [door for door in self._doors.values() if door.config.store == store]
            return mine[0] if len(mine) == 1 else None
        return found

    def may_ask(self, store: str, gateway: str, proof: str, address: str) -> bool:
        """Whether a caller is the store's openNDS gateway: it proves that it has the faskey, or it asks from a declared
        address. Anybody can know a gateway's name and its digest."""
        door = self._doors.get((store, PortalSystem.OPENNDS))
        if door is None or door.config.fas_level < ASKING_LEVEL:
            return False
        return is_proved(gateway, door.account.secret, proof) or _is_in(address, door.config.gateway_addresses)

    def tell(self, store: str, now: float) -> PortalTold:
        """What checks a redirect to this store: the secret under which its portal signs or seals, if it does."""
        signs, seals = (self._doors.get((store, s)) for s in (PortalSystem.EXTREME, PortalSystem.OPENNDS))
        identity, secret = (signs.config.username, signs.account.secret) if signs else ("", "")
        return PortalTold(identity, secret, now, seals.account.secret if seals else "")

    def stores_of_site(self, site: str) -> list[str]:
        """The stores whose UniFi site has this name, or all with UniFi where none has; sorted."""
        named = [d.config for d in self._doors.values() if d.config.system is PortalSystem.UNIFI]
        return sorted([c.store for c in named if c.site == site] or [c.store for c in named])

    def any_at(self, store: str) -> bool:
        """Whether the store has a declared portal."""
        return any(door.config.store == store for door in self._doors.values())

    async def close(self) -> None:
        """Ends all connections to controllers."""
        for door in self._doors.values():
            if door.controller is not None:
                await door.controller.close()


def _is_in(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    try:
        asks = ip_address(address)
    except ValueError:
        return False
    plain = getattr(asks, "ipv4_mapped", None) or asks
    return any(plain in network for network in networks)


def doors_of(request: Request) -> Doors:
    """FastAPI dependency: the site's portals."""
    doors = request.app.state.doors
    assert isinstance(doors, Doors)
    return doors


def open_doors(config: Config, secrets: Secrets, stores: Collection[str], environ: Mapping[str, str]) -> Doors:
    """The declared portals with their secrets, without those of stores that another process serves.

    Raises OperatorError as `check_portals`.
    """
    check_portals(config, stores, environ, "config.yaml")
    return Doors(secrets, [_door(portal, environ) for portal in config.portals if portal.store in stores])


def _door(portal: PortalConfig, environ: Mapping[str, str]) -> Door:
    password = environ.get(portal.password_variable or "", "")
    secret = environ.get(portal.secret_variable or "", "")
    url = portal.url or ("https://manage.alta.inc" if portal.system is PortalSystem.ALTA else None)
    controller = None
    if url is not None:
        tls = ssl.create_default_context(cafile=portal.tls_ca_file) if url.startswith("https:") else None
        controller = Controller(url, portal.timeout_s, tls)
    return Door(portal, GuestAccount(portal.username, password, secret), controller)
