"""A captive portal's redirect, from whatever system, into what it says: the phone, the access point, the way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.ingest.portals.company import Named, original_url, who
from engine.ingest.portals.landing import land
from engine.ingest.portals.records import PortalGrant, PortalRedirect, PortalTold, System
from engine.ingest.portals.systems import chilli, controllers, extreme, forms, meraki, mist, opennds, wifidog
from engine.vocabulary import PortalRefusal, PortalSystem, WayOut

SYSTEMS: Mapping[str, System] = {
    "opennds": opennds.OPENNDS,
    "extreme": extreme.EXTREME,
    "coovachilli": chilli.COOVACHILLI,
    "mikrotik": forms.MIKROTIK,
    "meraki_click_through": meraki.CLICK_THROUGH,
    "grandstream": meraki.GRANDSTREAM,
    "dlink": meraki.DLINK,
    "draytek": forms.DRAYTEK,
    "meraki_sign_on": meraki.SIGN_ON,
    "cisco": forms.CISCO,
    "omada_radius": controllers.OMADA_RADIUS,
    "omada": controllers.OMADA,
    "smartzone": controllers.SMARTZONE,
    "ruckus": controllers.RUCKUS,
    "aruba_instant_on": forms.ARUBA_INSTANT_ON,
    "aruba": forms.ARUBA,
    "aerohive": forms.AEROHIVE,
    "cambium": forms.CAMBIUM,
    "fortinet": forms.FORTINET,
    "zyxel": forms.ZYXEL,
    "huawei": forms.HUAWEI,
    "ruijie": wifidog.RUIJIE,
    "sonicwall": controllers.SONICWALL,
    "alcatel": forms.ALCATEL,
    "mist": mist.MIST,
    "nodogsplash": opennds.NODOGSPLASH,
    "pfsense": forms.PFSENSE,
    "alta": controllers.ALTA,
    "unifi": controllers.UNIFI,
    "generic": forms.GENERIC,
}
"""Asked in this order: the first that knows a redirect as its own is it. The last knows every one."""


def parse(
    target: str, headers: Mapping[str, str] | None = None, body: str = "", told: PortalTold | None = None
) -> PortalRedirect:
    """What the redirect to `target` (a URL, or path and query) says. `body` is a form's, as MikroTik sends one.

    Raises nothing: a redirect without a phone that can be believed has the reason in `refused`. With a secret told,
    signatures and seals are checked; what fails is believed in nothing.
    """
    told = told or PortalTold()
    landing = land(target, headers, body)
    inner, sealed = opennds.unwrap(landing, told.faskey or told.secret)
    landing = replace(landing, fields=landing.fields + inner)
    system = next(known for known in SYSTEMS.values() if known.matches(landing))
    where = system.where(landing)
    grant = PortalGrant(system.how if where or system.name is not PortalSystem.GENERIC else WayOut.UNKNOWN, where)
    said, signed = who(landing.fields), ""
    if system is extreme.EXTREME and told.secret and extreme.SIGNATURE in landing.fields:
        flaw = extreme.judge(landing, told)
        said = Named(refused=flaw) if flaw else said
        signed = "" if flaw else landing.fields.first(extreme.SIGNATURE)
    if said.client_mac is None and said.refused is PortalRefusal.NO_MAC:
        said = replace(said, refused=sealed or _hidden(system))
    return PortalRedirect(
        system.name, said.client_mac, said.client_ip, said.ap, said.ssid, original_url(landing.fields), grant,
        said.refused, landing, signed,
    )  # fmt: skip


def _hidden(system: System) -> PortalRefusal:
    """Why there is no phone where no name means one: Alta's token holds it, and nobody but Alta opens that."""
    return PortalRefusal.ENCRYPTED if system.name is PortalSystem.ALTA else PortalRefusal.NO_MAC
