"""Where a phone's browser may be sent: hosts that the shop named, and those that a vendor's own redirects use.

A redirect is not signed. Whoever sends somebody a link to the sign-in page chooses what is in it, and would choose
where it leads after the sign-in, and who gets the guests' password.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from engine.vocabulary import PortalSystem

VENDOR_HOSTS: Mapping[PortalSystem, tuple[str, ...]] = {
    PortalSystem.ALCATEL: ("cportal.al-enterprise.com",),
    PortalSystem.ARUBA: ("securelogin.arubanetworks.com", "securelogin.hpe.com"),
    PortalSystem.ARUBA_INSTANT_ON: ("cloudauth.net", "securelogin.arubanetworks.com"),
    PortalSystem.CAMBIUM: ("cambiumnetworks.com",),
    PortalSystem.DLINK: ("nuclias.com",),
    PortalSystem.DRAYTEK: ("portal.draytek.com",),
    PortalSystem.EXTREME: ("ezcloudx.com",),
    PortalSystem.GRANDSTREAM: ("gwnportal.cloud", "gwn.cloud"),
    PortalSystem.MERAKI: ("network-auth.com",),
    PortalSystem.ZYXEL: ("nebula.zyxel.com",),
}
"""Hosts of the vendors' clouds and access points, with all below them."""

_ADDRESS = re.compile(r"(?i)(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?(?:[/?][!-\[\]-~]*)?")
"""An address that every browser reads as this does: no user before the host, no backslash, no control character."""


def is_allowed(url: str, system: PortalSystem, hosts: Iterable[str]) -> bool:
    """Whether the address leads to one of the hosts, named with its port or without; subdomains of a name count."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return False
    host, port = found[2].lower(), found[3] or ""
    allowed = [*(name.strip().lower() for name in hosts), *VENDOR_HOSTS.get(system, ())]
    return any(_is_below(host, name) or _is_below(host + port, name) for name in allowed if name)


def _is_below(host: str, name: str) -> bool:
    is_number = re.fullmatch(r"[0-9.]+(:[0-9]+)?", name) is not None
    return host == name or (not is_number and host.endswith("." + name))
