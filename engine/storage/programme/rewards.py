"""Points buy a voucher: burned and issued in one transaction, once for each key; and given back while it is unused.

The voucher is redeemed with the same verbs as any other. It takes no slot of the shopper's caps: nobody is interrupted
by what they ask for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.loyalty.ledger import PROGRAMME, reversal
from engine.offers.bought.rewards import BOUGHT, Reward
from engine.records import Posting
from engine.storage.budget_release import LIVE, close_vouchers, lock_vouchers
from engine.storage.database import Database, once_more
from engine.storage.facts.coupons import tell_coupon
from engine.storage.loyalty.ledger import EntryConflict, entry_of, post_in
from engine.storage.loyalty.lots import lock_members
from engine.storage.loyalty.spending import spend_in
from engine.storage.loyalty.wallets import lock_living, person_of
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.vouchers import VoucherTable
from engine.storage.people.card_codes import read_code_in
from engine.storage.vouchers.claims import voucher_identity
from engine.storage.wallet_changes import note_changes
from engine.vocabulary import ProblemCode, VoucherState, WalletChangeKind


class RewardUsed(BusinessRefusal):
    """A voucher that was used, is over, or was no reward gives no points back."""

    code = ProblemCode.REWARD_USED
    status = 409


@once_more
def buy_reward(db: Database, reward: Reward, shopper_id: str, store: str, key: str, secret: bytes, now: float) -> str:
    """The id of the voucher that this shopper's points buy, the same when asked again with this key.

    Whoever calls has proof that it is the shopper who asks. Raises NotEnoughPoints, NotFound for a profile that is
    gone, EntryConflict where the key bought something else.
    """
    with db.write() as session:
        return buy_reward_in(session, reward, shopper_id, store, key, secret, now)


@once_more
def buy_with_card(
    db: Database, reward: Reward, digest: str, store: str, till: str, step: int, key: str, secret: bytes, now: float
) -> str:
    """The same by the code that a shopper's card shows, for the till that has read it; one code buys one reward.

    Raises NotFound and CardCodeUsed besides.
    """
    with db.write() as session:
        shopper_id = read_code_in(session, digest, till, step, key)
        return buy_reward_in(session, reward, shopper_id, store, f"{till}|{key}", secret, now)


def buy_reward_in(
    session: Session, reward: Reward, shopper_id: str, store: str, key: str, secret: bytes, now: float
) -> str:
    """The same within a caller's transaction. The voucher is of the profile that the shopper is by then."""
    profile = lock_living(session, shopper_id)
    if profile is None:
        raise NotFound("no such shopper")
    members = members_in(session, shopper_id)
    lock_members(session, members)
    decision = BOUGHT + hashlib.sha256(f"{shopper_id}|{key}".encode()).hexdigest()[:24]
    made = select(VoucherTable).where(col(VoucherTable.decision_id) == decision)
    known = session.exec(made.execution_options(populate_existing=True)).first()
    if known is not None:
        if (known.campaign_id, known.store) != (reward.campaign_id, store):
            raise EntryConflict("this key bought another reward")
        return known.voucher_id
    voucher = _voucher(session, reward, profile.shopper_id, store, decision, secret, now)
    spend_in(session, burn_key(voucher.voucher_id), PROGRAMME, members, reward.points, now, note=reward.id)
    session.add(voucher)
    session.flush()
    tell_coupon(session, voucher, now)
    return voucher.voucher_id


@once_more
def undo_reward(db: Database, voucher_id: str, shopper_id: str | None, now: float) -> int:
    """Ends an unused voucher that points bought, and gives them back to the lots that they came from; again it changes
    nothing. `shopper_id` None: whoever calls may undo anybody's. Returns the points.

    Points whose lot is past its end come back to it, and end with it. Raises NotFound, RewardUsed.
    """
    with db.write() as session:
        found = lock_vouchers(session, [voucher_id])
        if not found or (shopper_id is not None and found[0].shopper_id != shopper_id):
            raise NotFound("no such voucher")
        [voucher] = found
        burned = entry_of(session, PROGRAMME, burn_key(voucher_id))
        if burned is None:
            raise RewardUsed("no points bought this voucher")
        back = reversal(burned, now)
        if entry_of(session, PROGRAMME, back.key) is not None:
            return _points(burned.postings)
        if voucher.state not in LIVE or voucher.uses or now >= voucher.expires_at:
            raise RewardUsed("this voucher was used, or is over")
        close_vouchers(session, [voucher], VoucherState.VOIDED, release_slot=False)
        session.flush()
        post_in(session, back)
        note_changes(session, [voucher], WalletChangeKind.VOIDED, now)
        return _points(burned.postings)


def members_in(session: Session, shopper_id: str) -> list[str]:
    """Under which names the ledger knows this person, the profile's own first."""
    profiles = [shopper_id, *(who for who in person_of(session, shopper_id) if who != shopper_id)]
    rows = select(ShopperTable.shopper_id, ShopperTable.member_id).where(col(ShopperTable.shopper_id).in_(profiles))
    named = dict(session.exec(rows).all())
    return [named[who] for who in profiles if who in named]


def burn_key(voucher_id: str) -> str:
    """The key of the entry that paid for this voucher."""
    return f"{BOUGHT}{voucher_id}"


def _points(postings: Sequence[Posting]) -> int:
    return sum(p.amount for p in postings if not p.member)


def _voucher(
    session: Session, reward: Reward, owner: str, store: str, decision: str, secret: bytes, now: float
) -> VoucherTable:
    """Seen at once: it is shown to who asked for it, and waits in no outbox."""
    voucher_id, code_hmac = voucher_identity(session, decision, secret)
    return VoucherTable(
        voucher_id=voucher_id,
        store=store,
        campaign_id=reward.campaign_id,
        shopper_id=owner,
        visit_id=f"asked-{decision}",
        decision_id=decision,
        code_hmac=code_hmac,
        state=VoucherState.SEEN,
        issued_at=now,
        expires_at=now + reward.valid_s,
        holds_slot=False,
        reserved_minor=0,
        worth_minor=0,
        most_minor=None,
        currency=reward.currency,
        offer=reward.offer.model_dump_json(),
        texts=reward.texts.model_dump_json(),
    )
