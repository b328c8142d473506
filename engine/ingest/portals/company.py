"""Which name means the phone: by its own name, and where that says nothing, by the names around it.

Most names are plain. `mac` is not: Ruckus, Unleashed and SmartZone mean their access point by it, everybody else the
phone. The names in its company decide: beside a `client_mac` that could hold an address, or among Ruckus' own names, it
is the access point; beside an access point of another name, or a hotspot's own names, it is the phone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.ingest.portals.landing import Fields
from engine.ingest.portals.spellings import Spelt, read_ap, read_ip, read_phone
from engine.vocabulary import PortalRefusal

PHONE = (
    "clientmac", "usermac", "gacmac", "stamac", "stationmac", "callingstationid", "umac", "cmac", "wlanusermac",
    "usermacaddress", "clientmacaddress", "stamacaddress", "uemac", "guestmac",
)  # fmt: skip
"""Names, folded, that mean the phone in every system that has them."""

WEAK = ("id", "cid")
"""Names that mean the phone where they hold an address (UniFi, older Omada), and anything else otherwise."""

BARE = ("mac", "macesc")
"""The bare name, and MikroTik's second spelling of it."""

AP = (
    "apmac", "nodemac", "gaapmac", "mgtmacaddress", "switchmac", "apmacaddress", "wlanapmac", "accesspointmac",
    "calledstationid", "called", "gatewaymac", "gwmac", "routermac", "nasmac", "ap", "bssid", "apbssid", "apname",
)  # fmt: skip
"""Names that mean the access point or what stands for it, the surest first."""

AP_NAMES = ("apname", "ap")
"""Names that hold the access point's own name where none of the above holds an address."""

IP = (
    "clientip",
    "userip",
    "uip",
    "staip",
    "wlanuserip",
    "uaddress",
    "useripaddress",
    "stationip",
    "framedipaddress",
    "ip",
)
SSID = ("ssid", "ssidname", "essid", "gassid", "network")
ORIGINAL = (
    "usercontinueurl", "userurl", "originurl", "originalurl", "origurl", "linkorig", "redirecturl", "continueurl",
    "redirurl", "redirect", "redir", "clientredirecturl", "starturl", "target", "dest", "req", "url",
)  # fmt: skip

_OF_RUCKUS = frozenset(
    {"nbiip", "sip", "uip", "lid", "loc", "dn", "zonename", "wlanname", "starturl", "sshtunnelstatus"}
)
_OF_A_HOTSPOT = frozenset({
    "called", "calledstationid", "callingstationid", "apmac", "nodemac", "switchmac", "essid", "network", "cmd",
    "uamip", "challenge", "linklogin", "linkloginonly", "macesc", "gwid", "gwaddress", "ufi", "hwcip", "mgtmacaddress",
    "loginurl",
})  # fmt: skip

_WORST_FIRST = (PortalRefusal.ENCRYPTED, PortalRefusal.HASHED_MAC, PortalRefusal.BAD_MAC)


@dataclass(frozen=True, slots=True)
class Named:
    """Whom the fields name; None: nobody. `refused` where no phone can be believed."""

    client_mac: str | None = field(default=None, repr=False)
    client_ip: str | None = field(default=None, repr=False)
    ap: str | None = None
    ssid: str | None = None
    refused: PortalRefusal | None = None


def who(fields: Fields) -> Named:
    """Reads phone, access point and network out of the fields, whatever the system."""
    strong = [read_phone(value) for value in fields.all(*PHONE)]
    mac_is_ap = _mac_is_ap(fields, strong)
    weak = [spelt for spelt in map(read_phone, fields.all(*WEAK)) if spelt.mac]
    bare = [] if mac_is_ap else [read_phone(value) for value in fields.all(*BARE)]
    client_mac, refused = _one_of(strong, weak, bare)
    aps, ssids = _access_points(fields, {spelt.mac for spelt in strong} if mac_is_ap else None)
    if client_mac is not None and client_mac in aps:
        client_mac, refused = None, PortalRefusal.AP_MAC
    ap = next(iter(aps), None) or next((name.strip() for name in fields.all(*AP_NAMES)), None)
    client_ip = next((ip for ip in map(read_ip, fields.all(*IP)) if ip), None)
    named = fields.all(*SSID, *(("wlan",) if "switchurl" in fields else ()))  # Cisco's wlan is a name, others' a number
    return Named(client_mac, client_ip, ap, next((n.strip() for n in named), None) or next(iter(ssids), None), refused)


def original_url(fields: Fields) -> str | None:
    """Where the phone wanted to go before it was caught."""
    return fields.first(*ORIGINAL) or None


def _one_of(*kinds: list[Spelt]) -> tuple[str | None, PortalRefusal | None]:
    """The phone by the surest kind of names that has one; where none has, why. Two phones under one kind are none."""
    for spelt in kinds:
        found = list(dict.fromkeys(s.mac for s in spelt if s.mac))
        if found:
            return (found[0], None) if len(found) == 1 else (None, PortalRefusal.AMBIGUOUS)
    flaws = {s.flaw for spelt in kinds for s in spelt}
    return None, next((flaw for flaw in _WORST_FIRST if flaw in flaws), PortalRefusal.NO_MAC)


def _mac_is_ap(fields: Fields, strong: list[Spelt]) -> bool:
    if any(s.mac or (s.flaw and not s.word) for s in strong):
        return True
    names = fields.names()
    return not names & _OF_A_HOTSPOT and len(names & _OF_RUCKUS) > 1


def _access_points(fields: Fields, phones: set[str | None] | None) -> tuple[list[str], list[str]]:
    """The MACs that are access points', the surest first, and the SSIDs that hang on them. `phones` are those that
    other names say where the bare `mac` is an access point's; None where it is not."""
    named = [read_ap(value) for value in fields.all(*AP)]
    bare = [] if phones is None else [read_ap(value) for value in fields.all("mac")]
    macs = [mac for mac, _ in named if mac] + [mac for mac, _ in bare if mac and mac not in (phones or ())]
    return list(dict.fromkeys(macs)), [ssid for _, ssid in named + bare if ssid]
