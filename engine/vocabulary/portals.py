"""Captive portals: whose they are, and whether they let a phone out."""

from __future__ import annotations

from enum import StrEnum


class PortalSystem(StrEnum):
    """Whose captive portal sent a phone to the sign-in page. `generic` is one that we know by its names only."""

    AEROHIVE = "aerohive"
    ALCATEL = "alcatel"
    ALTA = "alta"
    ARUBA = "aruba"
    ARUBA_INSTANT_ON = "aruba_instant_on"
    CAMBIUM = "cambium"
    CISCO = "cisco"
    COOVACHILLI = "coovachilli"
    DLINK = "dlink"
    DRAYTEK = "draytek"
    EXTREME = "extreme"
    FORTINET = "fortinet"
    GENERIC = "generic"
    GRANDSTREAM = "grandstream"
    HUAWEI = "huawei"
    MERAKI = "meraki"
    MIKROTIK = "mikrotik"
    MIST = "mist"
    NODOGSPLASH = "nodogsplash"
    OMADA = "omada"
    OPENNDS = "opennds"
    PFSENSE = "pfsense"
    RUCKUS = "ruckus"
    RUIJIE = "ruijie"
    SMARTZONE = "smartzone"
    SONICWALL = "sonicwall"
    UNIFI = "unifi"
    ZYXEL = "zyxel"


class PortalRefusal(StrEnum):
    """Why a captive portal's redirect names no phone that can be believed."""

    NO_MAC = "no_mac"
    BAD_MAC = "bad_mac"
    AP_MAC = "ap_mac"
    AMBIGUOUS = "ambiguous"
    ENCRYPTED = "encrypted"
    HASHED_MAC = "hashed_mac"
    BAD_SECRET = "bad_secret"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    BAD_SHAPE = "bad_shape"


class CapportFlaw(StrEnum):
    """What is wrong with an answer of a captive portal's API (RFC 8908)."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    BAD_MEDIA_TYPE = "bad_media_type"
    NO_CAPTIVE = "no_captive"
    BAD_VALUE = "bad_value"
    PLAIN_HTTP = "plain_http"


class WayOut(StrEnum):
    """How a captive portal is told to let a phone out."""

    BROWSER_GET = "browser_get"  # the phone's browser opens an address of the controller
    BROWSER_POST = "browser_post"  # the phone's browser sends a form to the controller
    SERVER_CALL = "server_call"  # our server calls the controller
    GATEWAY_ASKS = "gateway_asks"  # the gateway asks our server whom to let out
    UNKNOWN = "unknown"


class LetOut(StrEnum):
    """What became of a phone that asked to be let out. After `waiting` come the ways in which it was not."""

    OPENED = "opened"
    SENT_ON = "sent_on"
    WAITING = "waiting"
    NOT_DECLARED = "not_declared"
    NO_PHONE = "no_phone"
    INCOMPLETE = "incomplete"
    HOST_NOT_ALLOWED = "host_not_allowed"
    CONTROLLER_AWAY = "controller_away"
    CONTROLLER_REFUSED = "controller_refused"
    PHONE_UNKNOWN = "phone_unknown"
    BAD_ANSWER = "bad_answer"
