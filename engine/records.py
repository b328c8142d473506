"""The nouns of Rayon: small frozen records of scalars, and column sets for the hot path.

Units are in the names: `_m` metres, `_s` seconds, `_dbm` dBm, `_minor` minor currency units. Times are float
seconds UTC since the epoch. A device is a 64-bit keyed pseudonym; no record can hold a raw MAC address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NewType

import numpy as np
import numpy.typing as npt
from scipy import sparse

from engine.columns import Columns
from engine.vocabulary import (
    Account,
    Channel,
    DecisionOutcome,
    DecisionReason,
    DeliveryState,
    EntryKind,
    VisitChange,
    VoucherState,
    WalletChangeKind,
)

DeviceId = NewType("DeviceId", int)
"""A keyed pseudonym of a device: the first 64 bits of an HMAC of its MAC, as an unsigned integer."""

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

Posterior = F32 | sparse.csr_array
"""Rows of probabilities over cells: an array, or in large stores a sparse one of float32, which holds no zeros. Both
know `rows @ members`, `weights @ rows`, `rows[index]`, `shape` and `dtype`; what else is needed is in
`engine.positioning.posterior`."""

Pseudonym = Callable[[str], DeviceId]
"""What a decoder calls on a MAC, at once, so that nothing downstream ever holds one."""


def device_hex(device: int) -> str:
    """The pseudonym as people and JSON see it: 16 hexadecimal digits."""
    return f"{int(device):016x}"


def device_from_hex(text: str) -> DeviceId:
    """The inverse of `device_hex`. Raises ValueError when `text` is not hexadecimal."""
    return DeviceId(int(text, 16))


@dataclass(frozen=True, slots=True)
class Readings(Columns):
    """Readings as columns, one row each: what one access point heard of one device at one time.

    All arrays have shape (n,). `ap` indexes the plan's access points, in the plan's order. `rssi_dbm`, `range_m`
    and `range_sigma_m` are NaN where absent; every row has at least one of RSSI and range. A range that cannot be true
    in the store (`Plan.longest_range_m`) is infinite: that it was said is all that it says.
    """

    t: F64
    device: U64
    ap: I32
    rssi_dbm: F32
    range_m: F32
    range_sigma_m: F32


@dataclass(frozen=True, slots=True)
class Hearings(Columns):
    """Access points hearing each other, arrays (n,): `heard` spoke, `ap` listened; both index the plan's access
    points."""

    t: F64
    heard: I32
    ap: I32
    rssi_dbm: F32
    range_m: F32


@dataclass(frozen=True, slots=True)
class ToldPositions(Columns):
    """Where a source itself says that devices are, one row each, arrays (n,): in the store's frame, with the radial
    standard deviation `sigma_m`. `level` indexes the plan's levels."""

    t: F64
    device: U64
    level: I32
    x_m: F64
    y_m: F64
    sigma_m: F64


@dataclass(frozen=True, slots=True)
class Labels(Columns):
    """Evidence that devices were at places, one row each, arrays (n,).

    `t` is when, for receipts and redeemed vouchers (`kind`, the number of a `LabelKind`) the till's time, before which
    the device was at the place. `level` indexes the plan's levels, `product` its products, -1 where the place is no
    product's. `public` are labels of the store's own terminals and surveys, which need nobody's consent.
    """

    t: F64
    device: U64
    kind: I32
    product: I32
    level: I32
    x_m: F64
    y_m: F64
    public: Bools


@dataclass(frozen=True, slots=True)
class Scans(Columns):
    """One row per device and window: what all access points heard of it.

    `t` (n,) is the time of the newest reading in the window. `rssi_dbm`, `range_m`, `range_sigma_m` (n, A) hold
    NaN where an access point did not hear the device; several readings of one access point in a window are averaged in
    dB, newer ones weighing more; a range is infinite where all were that its mean is of (`Readings`). `age_s` (n, A)
    is `t` minus the mean time of that access point's readings, weighted alike, NaN where unheard.
    """

    t: F64
    device: U64
    rssi_dbm: Annotated[F32, "n_ap"]
    range_m: Annotated[F32, "n_ap"]
    range_sigma_m: Annotated[F32, "n_ap"]
    age_s: Annotated[F32, "n_ap"]


@dataclass(frozen=True, slots=True)
class Fixes(Columns):
    """Estimated places, one row per device and time.

    `level` (n,) indexes the plan's levels; `x_m`, `y_m` metres in the store's frame; `cov_m2` (n, 2, 2) the
    covariance; `n_ap` how many access points were heard. `posterior` (n, C) is the probability over walkable cells,
    each row summing to 1: every P(place) downstream is `posterior @ membership`. It is sparse in large stores.
    """

    t: F64
    device: U64
    level: I32
    x_m: F64
    y_m: F64
    cov_m2: Annotated[F64, 2, 2]
    n_ap: I32
    posterior: Annotated[Posterior, "n_cells"]

    @property
    def sigma_m(self) -> F64:
        """Radial standard deviation, (n,): the square root of the covariance's trace."""
        return np.sqrt(self.cov_m2[:, 0, 0] + self.cov_m2[:, 1, 1])


@dataclass(frozen=True, slots=True)
class VisitEvent:
    """A device entered or left a zone. `dwell_s` is 0 on entry; on leaving, last sure presence minus `started_at`."""

    kind: VisitChange
    device: DeviceId
    zone: str
    started_at: float
    at: float
    dwell_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class StoreVisit:
    """One stay of a device in the store, from first to last reading. The id is a pure function of device and start."""

    visit_id: str
    device: DeviceId
    started_at: float
    last_seen_at: float


@dataclass(frozen=True, slots=True)
class Trigger:
    """A presence event that meets a campaign's place and dwell: P(place) was at least p for at least t seconds.

    `caused_by_t` is the time of the newest reading behind it: what latency is measured from. `promised` is false where
    the campaign states a precision that cannot be promised at its place: it is refused.
    """

    trigger_id: str
    campaign_id: str
    device: DeviceId
    visit_id: str
    since: float
    at: float
    probability: float
    caused_by_t: float
    promised: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trigger that passed the pure rules: what a claim takes, and what it needs to know to issue its voucher.

    `gain_minor` is the expected margin, by which candidates of one event are ranked; `worth_minor` the most that the
    voucher may cost, which is reserved of the campaign's budget. `fallbacks` are the channels to try after `channel`.
    `fit` is what speaks for its product and which other product does, empty where none; None where no model was asked.
    """

    decision_id: str
    trigger: Trigger
    shopper_id: str
    store: str
    currency: str
    channel: Channel
    gain_minor: float
    worth_minor: int
    priority: int
    fallbacks: tuple[Channel, ...] = ()
    fit: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision was taken on. None where it was not known, or where the campaign is in no experiment. `fit` is
    what spoke for its product (`engine.vocabulary.OfferReason`), where a model was asked."""

    store: str
    currency: str
    channel: Channel | None
    gain_minor: float
    worth_minor: int | None = None
    priority: int | None = None
    experiment: str | None = None
    holdout_share: float | None = None
    fit: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no to a trigger, with its reason and what it was taken on."""

    decision_id: str
    trigger: Trigger
    shopper_id: str | None
    outcome: DecisionOutcome
    reason: DecisionReason
    at: float
    grounds: Grounds

    @property
    def holds_slot(self) -> bool:
        """Whether it takes a place in the shopper's caps: a voucher, or the ghost of one."""
        return self.outcome is DecisionOutcome.ISSUE or self.reason is DecisionReason.HOLDOUT


@dataclass(frozen=True, slots=True)
class Voucher:
    """One shopper's right under a campaign. The code is derived from the id by the secret, never stored in clear."""

    voucher_id: str
    campaign_id: str
    shopper_id: str
    store: str
    visit_id: str
    state: VoucherState
    issued_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Issued:
    """A decision that said yes, and the voucher that came of it."""

    decision: Decision
    voucher: Voucher


@dataclass(frozen=True, slots=True)
class Delivery:
    """An attempt to show a voucher to its shopper on one channel, with a time to live."""

    delivery_id: int
    voucher_id: str
    shopper_id: str
    channel: Channel
    created_at: float
    expires_at: float
    state: DeliveryState
    caused_by_t: float


@dataclass(frozen=True, slots=True)
class WalletChange:
    """Something became of a voucher that its shopper has; `amount_minor` came off at the till, or went back."""

    change_id: int
    shopper_id: str
    voucher_id: str
    kind: WalletChangeKind
    at: float
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Posting:
    """One movement of a ledger entry: `amount` points on `account` of `member` (empty for the programme's own).

    `lot` is the key of the entry that these points were earned with; empty where nobody has said so, and for debts.
    """

    account: Account
    member: str
    amount: int
    lot: str = ""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A dated, never-changed group of postings that sum to zero. `key` makes it idempotent.

    Points that it earns are a lot of its name, which ends at `expires_at` (s UTC), or never.
    """

    key: str
    programme: str
    kind: EntryKind
    at: float
    postings: tuple[Posting, ...]
    reverses: str | None = None
    note: str = ""
    expires_at: float | None = None
