"""The till: what would a code do to this basket, use it once, and undo that once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.offers.codes import code_digest, parse_code
from engine.offers.discounts import Basket, Discount
from engine.storage.budget_release import ERASED, LIVE, lock_vouchers, settle
from engine.storage.database import Database
from engine.storage.facts.coupons import tell_redemption
from engine.storage.loyalty.friends import hold_after_return, release_sooner
from engine.storage.models.shoppers import ConsentTable
from engine.storage.models.vouchers import DeliveryTable, RedemptionTable, VoucherTable
from engine.storage.vouchers.hq.shared import room_minor
from engine.storage.vouchers.verdicts import OFFLINE_S as OFFLINE_S
from engine.storage.vouchers.verdicts import PARIS, SENTENCES, sale_time, verdict
from engine.storage.vouchers.verdicts import TillReason as TillReason
from engine.storage.wallet_changes import note_changes
from engine.vocabulary import ProblemCode, Purpose, SalesChannel, VoucherState, WalletChangeKind


class RedemptionState(StrEnum):
    """Whether a use of a voucher stands."""

    REDEEMED = "redeemed"
    VOIDED = "voided"


class VoucherRefused(BusinessRefusal):
    """The voucher cannot be used on this basket now; `code` is `voucher_` and the reason."""

    code = ProblemCode.VOUCHER_REFUSED
    status = 409


class KeyReused(BusinessRefusal):
    """The idempotency key was used for another code or basket."""

    code = ProblemCode.IDEMPOTENCY_KEY_REUSED
    status = 422


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a voucher would do to a basket. `reason` is `ok`, or why it would do nothing, or less than it says
    (`legal_cap`); unknown codes say no more."""

    ok: bool
    reason: TillReason
    voucher_id: str | None = None
    campaign_id: str | None = None
    discount_minor: int = 0
    line_minor: tuple[int, ...] = ()
    currency: str | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Redemption:
    """A use of a voucher."""

    redemption_id: str
    voucher_id: str
    campaign_id: str
    store: str
    till: str
    state: RedemptionState
    discount_minor: int
    line_minor: tuple[int, ...]
    basket_minor: int
    currency: str
    redeemed_at: float
    voided_at: float | None
    reason: TillReason = TillReason.OK
    cashier: str = ""
    channel: SalesChannel = SalesChannel.STORE


def check_voucher(
    db: Database,
    code: str,
    basket: Basket,
    store: str,
    now: float,
    *,
    secret: bytes,
    timezone: str = PARIS,
    sold_at: float | None = None,
    channel: SalesChannel = SalesChannel.STORE,
) -> CheckResult:
    """What `redeem` would answer, without effect. A code that is wrong, foreign or another store's is `unknown`."""
    with db.read() as session:
        voucher = find_voucher(session, code, store, secret)
        if voucher is None:
            return CheckResult(False, TillReason.UNKNOWN)
        reason, off = verdict(voucher, basket, sale_time(voucher, now, sold_at), timezone, channel)
        return CheckResult(
            off is not None and off.amount_minor > 0,
            reason,
            voucher.voucher_id,
            voucher.campaign_id,
            off.amount_minor if off else 0,
            off.line_minor if off else (0,) * len(basket.lines),
            voucher.currency,
            voucher.expires_at,
        )


def redeem(
    db: Database,
    code: str,
    basket: Basket,
    store: str,
    till: str,
    key: str,
    now: float,
    *,
    secret: bytes,
    timezone: str = PARIS,
    sold_at: float | None = None,
    cashier: str = "",
    channel: SalesChannel = SalesChannel.STORE,
) -> Redemption:
    """Uses a voucher on a basket, exactly as often as it may be used, whoever asks at once.

    An e-shop asks on the `channel` web: whichever comes first has it.

    `cashier` is who sold, as the till says, for its list of uses. `sold_at` is when a till that was offline sold: a
    voucher that was valid then counts, up to OFFLINE_S later, though it has ended since. What was given has been given,
    so this alone may pass a campaign's amount budget.

    What comes off keeps the law's caps of the price paid, as they hold `now` in a shop of this time zone.

    The same till, key, code and basket give the first redemption again. Raises NotFound (`voucher_unknown`) for a code
    that is wrong, foreign or another store's; VoucherRefused (`voucher_redeemed`, `voucher_expired`, `voucher_voided`,
    `voucher_channel`, `voucher_currency`, `voucher_not_in_basket`, `voucher_min_basket`, `voucher_too_few`,
    `voucher_legal_cap`); KeyReused.
    """
    content = _content(code, basket)
    try:
        with db.write() as session:
            return _redeem(
                session, code, basket, store, till, key, content, now, secret, timezone, sold_at, cashier, channel
            )
    except IntegrityError:
        # Two requests with one key at the same moment, on two vouchers: the second now finds what the first wrote.
        with db.write() as session:
            return _redeem(
                session, code, basket, store, till, key, content, now, secret, timezone, sold_at, cashier, channel
            )


def void(db: Database, redemption_id: str, now: float, *, stores: Collection[str] | None = None) -> Redemption:
    """Undoes a redemption, once; again, it answers the same. The voucher can be used again while it is valid.

    Its discount leaves the campaign's spending, what it may cost is held again as far as the budget goes, and points
    that it released before their time wait again. With `stores`, only a redemption of those. Raises NotFound.
    """
    with db.write() as session:
        found = session.get(RedemptionTable, redemption_id)
        if found is None or (stores is not None and found.store not in stores):
            raise NotFound("no such redemption")
        [voucher] = lock_vouchers(session, [found.voucher_id])
        session.refresh(found)
        if found.state == RedemptionState.REDEEMED:
            _give_back(session, found, voucher, now)
        session.flush()
        return redemption_of(found, voucher.campaign_id)


def _redeem(
    session: Session,
    code: str,
    basket: Basket,
    store: str,
    till: str,
    key: str,
    content: str,
    now: float,
    secret: bytes,
    timezone: str,
    sold_at: float | None,
    cashier: str,
    channel: SalesChannel,
) -> Redemption:
    voucher = find_voucher(session, code, store, secret, lock=True)
    first = session.exec(
        select(RedemptionTable).where(
            col(RedemptionTable.store) == store, col(RedemptionTable.till) == till, col(RedemptionTable.key) == key
        )
    ).first()
    if first is not None and (first.content != content or first.channel != channel or voucher is None):
        raise KeyReused("this idempotency key was used for another code or basket, or on another channel")
    if voucher is None:
        raise NotFound("no such voucher", code=ProblemCode.VOUCHER_UNKNOWN)
    if first is not None:
        return redemption_of(first, voucher.campaign_id)
    at = sale_time(voucher, now, sold_at)
    reason, off = verdict(voucher, basket, at, timezone, channel)
    if off is None or off.amount_minor == 0:
        raise VoucherRefused(SENTENCES[reason], code=ProblemCode(f"voucher_{reason}"))
    return _use(session, voucher, off, basket, till, key, content, at, now, cashier, channel)


def _use(
    session: Session,
    voucher: VoucherTable,
    off: Discount,
    basket: Basket,
    till: str,
    key: str,
    content: str,
    at: float,
    now: float,
    cashier: str,
    channel: SalesChannel,
) -> Redemption:
    row = RedemptionTable(
        redemption_id=_redemption_id(voucher.store, till, key),
        voucher_id=voucher.voucher_id,
        store=voucher.store,
        till=till,
        key=key,
        content=content,
        state=RedemptionState.REDEEMED,
        discount_minor=off.amount_minor,
        line_minor=json.dumps(off.line_minor),
        basket_minor=basket.total_minor,
        currency=basket.currency,
        redeemed_at=at,
        state_before=voucher.state,
        reason=TillReason(off.reason),
        cashier=cashier,
        channel=channel,
    )
    session.add(row)
    held = voucher.worth_minor if voucher.state in LIVE else 0  # what ended has given its reservation back
    voucher.uses += 1
    if voucher.uses >= voucher.max_uses:
        voucher.state = VoucherState.REDEEMED
    # The reservation becomes what was really given.
    voucher.reserved_minor -= held
    settle(
        session,
        voucher.store,
        voucher.campaign_id,
        vouchers=0,
        amount_minor=off.amount_minor - held,
    )
    session.flush()
    release_sooner(session, voucher.shopper_id, voucher.store, voucher.campaign_id, row.redemption_id, now)
    tell_redemption(session, row, voucher, now)
    note_changes(session, [voucher], WalletChangeKind.REDEEMED, now, off.amount_minor)
    return redemption_of(row, voucher.campaign_id)


def _give_back(session: Session, row: RedemptionTable, voucher: VoucherTable, now: float) -> None:
    row.state, row.voided_at = RedemptionState.VOIDED, now
    voucher.uses -= 1
    usable = now < voucher.expires_at and row.state_before in LIVE
    ended = VoucherState.EXPIRED
    if usable and not _is_wanted(session, row, voucher):
        usable, ended = False, VoucherState.VOIDED
    if voucher.state == VoucherState.REDEEMED:
        voucher.state = row.state_before if usable else ended
    reserved = _reserve_again(session, row, voucher) if voucher.state in LIVE else 0
    settle(
        session,
        voucher.store,
        voucher.campaign_id,
        vouchers=0,
        amount_minor=reserved - row.discount_minor,
    )
    session.flush()
    hold_after_return(
        session,
        voucher.shopper_id,
        voucher.store,
        voucher.campaign_id,
        row.redemption_id,
        now,
        instead=_other_use(session, voucher),
    )
    tell_redemption(session, row, voucher, now)
    note_changes(session, [voucher], WalletChangeKind.RETURNED, now, row.discount_minor)


def _reserve_again(session: Session, row: RedemptionTable, voucher: VoucherTable) -> int:
    """Holds what the voucher may cost once more. What its use left over may be another's by now: then it is worth what
    is there, at least what the use gives back, and takes off no more. Returns how much more is held."""
    held, uses = voucher.reserved_minor, voucher.max_uses - voucher.uses
    room = room_minor(session, voucher.store, voucher.campaign_id)
    if room is not None and room + row.discount_minor < voucher.worth_minor:
        voucher.worth_minor = max(0, held + room + row.discount_minor) // uses
        voucher.most_minor = voucher.worth_minor
        voucher.reserved_minor = voucher.worth_minor * uses
    else:
        voucher.reserved_minor += voucher.worth_minor
    return voucher.reserved_minor - held


def _is_wanted(session: Session, row: RedemptionTable, voucher: VoucherTable) -> bool:
    """Whether a voucher would be live had it not been used: not of somebody who was erased, nor, unseen, of one who
    has withdrawn every way by which it may come. Coupons that nothing brings, as those of shares, are asked for."""
    if voucher.shopper_id.startswith(ERASED):
        return False
    brought = select(DeliveryTable.delivery_id).where(col(DeliveryTable.voucher_id) == voucher.voucher_id)
    if row.state_before != VoucherState.ISSUED or session.exec(brought).first() is None:
        return True
    agreed = select(ConsentTable.channel).where(
        col(ConsentTable.shopper_id) == voucher.shopper_id,
        col(ConsentTable.purpose) == Purpose.LOCATION_OFFERS,
        col(ConsentTable.granted),
    )
    return session.exec(agreed).first() is not None


def _other_use(session: Session, voucher: VoucherTable) -> str | None:
    """A redemption that still stands, of this shopper and campaign."""
    return session.exec(
        select(RedemptionTable.redemption_id)
        .join(VoucherTable, col(VoucherTable.voucher_id) == col(RedemptionTable.voucher_id))
        .where(
            col(VoucherTable.shopper_id) == voucher.shopper_id,
            col(VoucherTable.store) == voucher.store,
            col(VoucherTable.campaign_id) == voucher.campaign_id,
            col(RedemptionTable.state) == RedemptionState.REDEEMED,
        )
        .order_by(col(RedemptionTable.redemption_id))
    ).first()


def find_voucher(session: Session, code: str, store: str, secret: bytes, *, lock: bool = False) -> VoucherTable | None:
    """The voucher of a code in this store. A code that cannot be one is looked up all the same: one path, one time."""
    digest = code_digest(secret, parse_code(code) or "")
    query = select(VoucherTable).where(col(VoucherTable.code_hmac) == digest, col(VoucherTable.store) == store)
    return session.exec(query.with_for_update() if lock else query).first()


def _redemption_id(store: str, till: str, key: str) -> str:
    """Of one key of one till. As a list: two tills whose names and keys run together are two. Rows keep the id that
    they were given, and are found by till and key."""
    said = json.dumps(["redemption", store, till, key], separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def _content(code: str, basket: Basket) -> str:
    lines = [
        # others' advantages only where there are any: what was asked before tills could say them stays the same
        [line.sku, line.category, line.quantity, line.unit_price_minor]
        + ([line.advantages_minor] if line.advantages_minor else [])
        + (["near_end"] if line.near_end else [])
        for line in basket.lines
    ]
    said = json.dumps([parse_code(code) or code, basket.currency, lines], separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def redemption_of(row: RedemptionTable, campaign_id: str) -> Redemption:
    """The record of a row."""
    return Redemption(
        row.redemption_id,
        row.voucher_id,
        campaign_id,
        row.store,
        row.till,
        RedemptionState(row.state),
        row.discount_minor,
        tuple(json.loads(row.line_minor)),
        row.basket_minor,
        row.currency,
        row.redeemed_at,
        row.voided_at,
        TillReason(row.reason),
        row.cashier,
        SalesChannel(row.channel),
    )
