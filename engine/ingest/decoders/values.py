"""Single values as vendors write them: numbers as text, `NaN` as text, times in five units, signals of two signs.

Each function gives a good value, NaN where nothing was said, or raises `RecordUnusable` with the reason to count.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from engine.ingest.decoders.columns import RSSI_END_DBM, RSSI_MIN_DBM, TIME_MAX_S
from engine.ingest.decoders.heard import ABSENT
from engine.ingest.decoders.macs import colon_mac
from engine.vocabulary import RecordRefusal

FOOT_M = 0.3048
NO_VALUE_TEXTS = frozenset(("", "nan", "-nan", "null", "none", "--", "-", "n/a", "undefined"))
"""What stands where a number would, in lower case, when there is none."""
COORDINATE_MAX_M = 1e6  # no plan is larger
NOWHERE_NUMBER = -999.0
"""What Cisco's systems write for a coordinate that they have not."""
_CLOCKS_SET_S = 946_684_800.0  # the year 2000: access points that start without a network count from 1970
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WITHOUT_ZONE = datetime(1970, 1, 1)
_NUMBER_MAX = 40  # characters of a number in a text
_TIME_MIN = 16  # characters: date, hour and minute at least
_TIME_MAX = 40
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_HEX_MIN = 32  # digits: an MD5 and longer; an EUI-64 has 16
_HEX = re.compile(r"[0-9a-fA-F]+")


class RecordUnusable(Exception):
    """One record of a message gives nothing; caught by the decoder that is at work, and counted. `wrong` tells its
    sender what, where that is known."""

    def __init__(self, reason: RecordRefusal, wrong: str = "") -> None:
        self.reason, self.wrong = reason, wrong
        super().__init__(str(reason))


def is_absent(value: object) -> bool:
    """Whether nothing is said: no value, or one of the ways to write that there is none."""
    if value is None or value != value:
        return True
    return isinstance(value, str) and len(value) <= _NUMBER_MAX and value.strip().lower() in NO_VALUE_TEXTS


def number(value: object) -> float:
    """A finite number, from a number or a text of one; NaN for everything else."""
    kind = type(value)
    if kind is float:
        found: float = value  # type: ignore[assignment]
    elif kind is int or (kind is str and len(value) <= _NUMBER_MAX and "_" not in value):  # type: ignore[arg-type, operator]
        try:
            found = float(value)  # type: ignore[arg-type]
        except (ValueError, OverflowError):  # no number, or an integer of hundreds of digits
            return ABSENT
    else:
        return ABSENT
    return found if math.isfinite(found) else ABSENT


def dbm(value: object, above_zero: float = ABSENT) -> float:
    """A signal in dBm, in a text also with the unit behind it. `above_zero` is what the source adds, where it writes
    positive numbers: 95 means dBm + 95.

    Raises RecordUnusable: `no_rssi` where there is none, `bad_rssi` where it is no measurement."""
    found = number(value)
    if found != found and isinstance(value, str) and value[-3:].lower() == "dbm":
        found = number(value[:-3])
    if RSSI_MIN_DBM <= found < RSSI_END_DBM:
        return found
    if 0 < found < above_zero:
        return dbm(found - above_zero)
    raise RecordUnusable(RecordRefusal.NO_RSSI if is_absent(value) else RecordRefusal.BAD_RSSI)


def epoch_s(value: object) -> float:
    """Seconds UTC from an epoch (s, ms, us or ns: they are told apart by their size) or from ISO 8601; a time without
    a zone is UTC. NaN where there is none, which 0 says too, and every time before the year 2000: a clock that was not
    set yet. Raises RecordUnusable `bad_time`."""
    if type(value) is str and _TIME_MIN <= len(value) <= _TIME_MAX and value[4] == "-":
        found = iso_s(value)  # asked first, as most texts are dates
    else:
        found = number(value)
        if found != found and is_absent(value):
            return ABSENT
    while found >= TIME_MAX_S:
        found /= 1000.0
    if not found >= 0:  # NaN compares false
        raise RecordUnusable(RecordRefusal.BAD_TIME)
    return found if found >= _CLOCKS_SET_S else ABSENT


def iso_s(text: str) -> float:
    """Seconds UTC of a date with a time in ISO 8601, with `T` or a space between; NaN where it is none."""
    try:
        at = datetime.fromisoformat(text.rstrip())
        return (at - (_EPOCH if at.tzinfo else _EPOCH_WITHOUT_ZONE)).total_seconds()
    except (ValueError, OverflowError):
        return ABSENT


def phone_mac(value: object) -> str:
    """The MAC that a phone is named by, in our spelling. Raises RecordUnusable: `no_mac` where there is none, `bad_mac`
    where it is no device's, `hashed_mac` where a digest stands in its place."""
    if isinstance(value, str):
        mac = colon_mac(value)
        if mac is not None:
            return mac
        if value.strip() and is_digest(value):
            raise RecordUnusable(RecordRefusal.HASHED_MAC)
    raise RecordUnusable(RecordRefusal.NO_MAC if is_absent(value) else RecordRefusal.BAD_MAC)


def ap_mac(value: object, phone: str = "") -> str:
    """An access point's MAC. Raises RecordUnusable: `no_ap` where there is none, `ap_mac` where it is the `phone`'s."""
    mac = colon_mac(value) if isinstance(value, str) else None
    if mac is None:
        raise RecordUnusable(RecordRefusal.NO_AP)
    if mac == phone:
        raise RecordUnusable(RecordRefusal.AP_MAC)
    return mac


def is_digest(value: object) -> bool:
    """Whether a text is hexadecimal and too long for an address: no part of it may be taken for a MAC."""
    return isinstance(value, str) and _HEX_MIN <= len(value.strip()) <= 128 and bool(_HEX.fullmatch(value.strip()))


def flag(value: object) -> bool | None:
    """Yes or no, also as scripts between a controller and us write it; None for neither."""
    if isinstance(value, str):
        return _FLAGS.get(value.strip().lower())
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def read_name(value: object) -> str:
    """A name that the source gives: its text, or its number; empty where there is none."""
    if isinstance(value, str):
        text = value.strip()
        return "" if len(text) == 4 and text.lower() in ("null", "none") else text
    return str(value) if type(value) is int else ""


def length_m(value: object, unit_m: float = 1.0) -> float:
    """A coordinate or length in metres; NaN where it is none, as -999 is, or farther than any plan reaches."""
    given = value if type(value) is float else number(value)
    found = ABSENT if given == NOWHERE_NUMBER else given * unit_m
    return found if -COORDINATE_MAX_M <= found <= COORDINATE_MAX_M else ABSENT  # NaN compares false


def error_m(value: object, unit_m: float = 1.0) -> float:
    """An error's size in metres; NaN where it is none. Sources write 0 for "not known": nobody is located so well."""
    found = length_m(value, unit_m)
    return found if found > 0 else ABSENT


def degrees(lon: object, lat: object) -> tuple[float, float]:
    """(lon, lat), both NaN where either is none: -999 is how Cisco says so."""
    east, north = number(lon), number(lat)
    return (east, north) if abs(east) <= 180 and abs(north) <= 90 else (ABSENT, ABSENT)
