"""Which rows of a decoded frame are usable, decided for all rows at once. Vendor decoders end here too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from engine.plan.model import ApIndex, ap_key
from engine.privacy.pseudonyms import NOT_A_MAC, OPTED_OUT, normal_mac
from engine.records import F64, I32, U64, Bools, Pseudonym, Readings
from engine.vocabulary import LabelRefusal, ReadingRefusal, RecordRefusal

TIME_MAX_S = 1e11  # the year 5138: what is later counts milliseconds, or nonsense
FUTURE_S = 5.0  # a reading may be this much newer than its frame's sent_at: clocks inside a controller differ a little
RSSI_MIN_DBM = -120.0
RSSI_END_DBM = 0.0  # and above is no measurement: 0 is how many receivers say "not reported"
NO_READINGS = Readings.empty()
SIGMA_MIN_M = 1e-6  # of a range: far less than any radio tells, and less than a float32 holds would divide by nothing
RANGE_MAX_M = 1_000.0  # Wi-Fi is not heard further; larger values are a unit mistake


class ReadingColumns(NamedTuple):
    """Readings of the right shape, not yet looked at: n of them."""

    mac: Sequence[str]
    ap: Sequence[str]
    number: F64  # (4, n): t, rssi, range_m, range_sigma_m; NaN where absent
    given_nan: Bools | None  # (4, n): a number was given, but is not one; None where JSON rules that out


def usable(
    columns: ReadingColumns,
    sent_at: float,
    store_aps: Mapping[str, int],
    pseudonym: Pseudonym,
    refused: dict[ReadingRefusal | RecordRefusal | LabelRefusal, int],
) -> tuple[Readings, Readings]:
    """(readings of devices, of access points). Refused rows are added to `refused` under their first reason; a range
    that is too long for the store is too, while its row is kept, with an infinite one."""
    t = columns.number[0]
    n = t.shape[0]
    if n == 0:
        return NO_READINGS, NO_READINGS
    ap = _ap_indices(columns.ap, store_aps)
    device = _devices(columns.mac, pseudonym)
    macs = _macs_among(tuple(store_aps))
    no_shopper = {NOT_A_MAC, OPTED_OUT, *(_devices(macs, pseudonym).tolist() if macs else ())}
    if _all_plain(columns, ap, sent_at) and no_shopper.isdisjoint(device.tolist()):
        return Readings(t, device, ap, *columns.number[1:].astype(np.float32)), NO_READINGS
    heard = _heard_aps(columns.mac, device, store_aps, pseudonym)
    checks = _checks(columns, device, ap, heard, sent_at)
    good = device != OPTED_OUT  # not even refused: a count of them would count them
    for reason, bad in checks.items():
        count = int(np.count_nonzero(bad & good))
        if count:
            refused[reason] = refused.get(reason, 0) + count
            good &= ~bad
    columns = _without_far_ranges(columns, store_aps, good, refused)
    with np.errstate(over="ignore"):  # what does not fit is out of range, and refused above
        numbers = columns.number[1:].astype(np.float32)
    everything = Readings(t, device, ap, *numbers)
    is_ap = heard >= 0
    if not is_ap.any():
        return (everything if good.all() else everything.take(good)), NO_READINGS
    between_aps = Readings(t, heard.astype(np.uint64), ap, *numbers)
    return everything.take(good & ~is_ap), between_aps.take(good & is_ap)


def _all_plain(columns: ReadingColumns, ap: I32, sent_at: float) -> bool:
    """Whether every row is a good RSSI without a range at an access point of the plan: almost every frame of almost
    every network is such, and small ones would spend their time in the checks of rows one reason at a time."""
    if columns.given_nan is not None or np.minimum.reduce(ap) < 0:
        return False
    oldest, weakest, nearest, sigma = np.fmin.reduce(columns.number, 1).tolist()  # NaN where all of them are
    newest, strongest = np.maximum.reduce(columns.number[:2], 1).tolist()  # NaN where one of them is
    if nearest == nearest or sigma == sigma:
        return False
    return bool(
        oldest >= 0 and newest < TIME_MAX_S and newest <= sent_at + FUTURE_S  # NaN compares false
        and weakest >= RSSI_MIN_DBM and strongest < RSSI_END_DBM
    )  # fmt: skip


def _without_far_ranges(
    columns: ReadingColumns,
    store_aps: Mapping[str, int],
    good: Bools,
    refused: dict[ReadingRefusal | RecordRefusal | LabelRefusal, int],
) -> ReadingColumns:
    """With infinite ranges in the place of those that cannot be true in the store, which are counted."""
    longest = store_aps.longest_range_m if isinstance(store_aps, ApIndex) else RANGE_MAX_M
    far = good & (columns.number[2] > longest)  # NaN compares false
    if not far.any():
        return columns
    refused[ReadingRefusal.BAD_RANGE] = refused.get(ReadingRefusal.BAD_RANGE, 0) + int(np.count_nonzero(far))
    number = columns.number.copy()
    number[2, far], number[3, far] = np.inf, np.nan
    return columns._replace(number=number)


def _checks(columns: ReadingColumns, device: U64, ap: I32, heard: I32, sent_at: float) -> dict[ReadingRefusal, Bools]:
    """Reason to the rows it refuses, each (n,), in the order of precedence."""
    t, rssi, range_m, sigma_m = columns.number
    nan = columns.given_nan if columns.given_nan is not None else np.zeros((4, t.shape[0]), np.bool_)
    with np.errstate(invalid="ignore"):  # NaN compares false, which is what absent values want
        bad_sigma = nan[3] | (sigma_m < SIGMA_MIN_M) | (sigma_m > RANGE_MAX_M)
        return {
            ReadingRefusal.BAD_MAC: (device == NOT_A_MAC) & (heard < 0),
            ReadingRefusal.UNKNOWN_AP: ap < 0,
            ReadingRefusal.BAD_TIME: ~((t >= 0) & (t < TIME_MAX_S)),
            ReadingRefusal.TIME_IN_FUTURE: t > sent_at + FUTURE_S,
            ReadingRefusal.BAD_RSSI: nan[1] | (rssi >= RSSI_END_DBM) | (rssi < RSSI_MIN_DBM),
            ReadingRefusal.BAD_RANGE: nan[2] | (range_m < 0.0) | (range_m > RANGE_MAX_M) | bad_sigma,
            ReadingRefusal.NO_MEASUREMENT: np.isnan(rssi) & np.isnan(range_m),
        }


def _ap_indices(names: Sequence[str], store_aps: Mapping[str, int]) -> I32:
    """The access points' indices, int32 (n,), -1 where the plan has none of that name."""
    index: dict[str, int] = {}
    for name in set(names):
        found = store_aps.get(name)
        index[name] = store_aps.get(ap_key(name), -1) if found is None else found
    return np.fromiter(map(index.__getitem__, names), np.int32, len(names))


def _devices(macs: Sequence[str], pseudonym: Pseudonym) -> U64:
    """The pseudonyms, (n,), 0 where a text is no MAC. A pseudonym function that has a `many` takes a batch at once."""
    many = getattr(pseudonym, "many", None)  # `isinstance` of a protocol takes longer than a small frame may
    if many is not None:
        found: U64 = many(macs)
        return found
    return np.array([_device(mac, pseudonym) for mac in macs], np.uint64)


def _device(mac: str, pseudonym: Callable[[str], int]) -> int:
    try:
        return pseudonym(mac)
    except ValueError:
        return NOT_A_MAC


@lru_cache(maxsize=1_000)
def _macs_among(aps: tuple[str, ...]) -> tuple[str, ...]:
    """The access points of a plan that are named by a MAC; the others are never a device that is heard by MAC."""
    return tuple(name for name in aps if _is_mac(name))


def _is_mac(text: str) -> bool:
    try:
        return bool(normal_mac(text))
    except ValueError:
        return False


def _heard_aps(macs: Sequence[str], device: U64, store_aps: Mapping[str, int], pseudonym: Pseudonym) -> I32:
    """Which access point each `mac` is, int32 (n,), -1 where it is a shopper's device.

    Compared as pseudonyms, so that every spelling of an access point's MAC counts; named ones are no MACs, and are
    looked up by name.
    """
    heard = np.full(device.shape[0], -1, np.int32)
    keys = list(store_aps)
    known = _devices(keys, pseudonym)
    with_mac = np.flatnonzero(known)
    if with_mac.size:
        order = with_mac[np.argsort(known[with_mac])]
        at = np.minimum(np.searchsorted(known[order], device), order.size - 1)
        same = known[order][at] == device
        indices = np.fromiter(store_aps.values(), np.int32, len(keys))
        heard[same] = indices[order][at[same]]
    for row in np.flatnonzero(device == NOT_A_MAC):
        heard[row] = store_aps.get(macs[int(row)].strip(), -1)
    return heard
