"""Verified identifiers: which profile is whose, links that prove a mailbox, and cards that prove themselves.

A link proves a mailbox once, within a quarter of an hour. Who follows it is signed in where they follow it. What was
asked for by somebody who was signed in is added to that profile only where the same browser follows the link: else
whoever asks in a stranger's name would get the stranger into their own profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal
from engine.storage.commerce.accounts import accounts_beside, bind_account, drop_accounts
from engine.storage.commerce.given import release_given
from engine.storage.database import Database, once_more
from engine.storage.facts.telling import tell_profile
from engine.storage.figures.segment_spans import look_again
from engine.storage.loyalty.waiting import release_by_account, release_by_identifier
from engine.storage.loyalty.wallets import living, lock_people
from engine.storage.models.identity import IdentifierTable, IdentityLinkTable, LoyaltyCardTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.people.merges import merge_in
from engine.storage.sending.letters import delete_by_key
from engine.storage.upserts import named_lock, table_of, upsert
from engine.vocabulary import IdentifierKind, LinkFate, ProblemCode

LINK_S = 900.0
KEPT_S = 86_400.0  # a link that is over is known for a day, so that it can be said kindly
LETTERS_PER_HOUR = 9  # to one mailbox, whoever asks; one asker has fewer
HOUR_S = 3_600.0
CARD_TRIES, CARD_TRIES_S = 20, HOUR_S  # wrong proofs of one card, whoever guesses; one guesser has fewer


class CardKnown(BusinessRefusal):
    """A card that is known already, sent by somebody who may only register new ones."""

    code = ProblemCode.CARD_KNOWN
    status = 409


@dataclass(frozen=True, slots=True)
class Identifier:
    """A verified identifier of a profile, sealed."""

    kind: IdentifierKind
    digest: str
    sealed: str
    verified_at: float


@dataclass(frozen=True, slots=True)
class AskedLink:
    """A link that somebody asked for: digests of what is in it, of the mailbox, and of the asking browser; who was
    signed in there, empty for nobody, and what the browser is called."""

    digest: str
    identifier: str
    sealed: str
    shopper_id: str
    browser: str
    label: str
    asked_at: float


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of a link or a card, and who is signed in by it, if anybody."""

    fate: LinkFate
    shopper_id: str | None = None


def keep_link(session: Session, link: AskedLink) -> bool | None:
    """Writes a link down, in the transaction that writes its letter. Whether the mailbox is a profile's; None where it
    has been asked for so often within the hour that it gets no more letters, whoever asks."""
    named_lock(session, f"mailbox.{link.identifier}")
    recent = select(func.count()).where(
        col(IdentityLinkTable.identifier) == link.identifier, col(IdentityLinkTable.asked_at) > link.asked_at - HOUR_S
    )
    if session.exec(recent).one() >= LETTERS_PER_HOUR:
        return None
    session.add(
        IdentityLinkTable(
            digest=link.digest,
            identifier=link.identifier,
            sealed=link.sealed,
            shopper_id=link.shopper_id,
            browser=link.browser,
            label=link.label,
            asked_at=link.asked_at,
            expires_at=link.asked_at + LINK_S,
        )
    )
    session.flush()
    return session.get(IdentifierTable, (IdentifierKind.EMAIL, link.identifier)) is not None


def look_at_link(db: Database, digest: str, now: float) -> tuple[LinkFate, AskedLink | None]:
    """Whether a link still waits; looking changes nothing."""
    with db.read() as session:
        row = session.get(IdentityLinkTable, digest)
        return (LinkFate.UNKNOWN, None) if row is None else (_fate(row, now), _to_asked(row))


def owner_of(db: Database, kind: IdentifierKind, digest: str) -> str | None:
    """Whose profile has this identifier; None where nobody's has."""
    with db.read() as session:
        row = session.get(IdentifierTable, (kind, digest))
        return None if row is None else living(session, row.shopper_id)


@once_more
def follow_link(db: Database, digest: str, browser: str, now: float) -> Followed:
    """Uses a link, once. `browser` is the digest of the following browser's cookie, empty where it has none."""
    with db.write() as session:
        lock_people(session)
        row = session.get(IdentityLinkTable, digest, with_for_update=True)
        if row is None:
            return Followed(LinkFate.UNKNOWN)
        if (fate := _fate(row, now)) is not LinkFate.OPEN:
            return Followed(fate)
        row.used_at = now
        same_browser = bool(browser) and browser == row.browser
        asker = row.shopper_id if same_browser else ""
        return _prove(session, IdentifierKind.EMAIL, row.identifier, row.sealed, asker, now)


def register_cards(db: Database, cards: Sequence[tuple[str, str]], *, again: bool) -> None:
    """Cards that the shop gave out, by digest, with the digest of what only their owners have; all of them or none.

    Raises CardKnown for one that is known already, unless it may be sent `again`: a new proof then replaces the old one
    and ends what was proved with it, or whoever sends it would get into its owner's profile.
    """
    with db.write() as session:
        lock_people(session)
        for digest, proof in dict(cards).items():
            card = session.get(LoyaltyCardTable, digest, with_for_update=True)
            if card is not None and not again:
                raise CardKnown("a card is known already: who registers cards for all stores may give it another proof")
            if card is None or card.proof != proof:
                _unbind(session, IdentifierKind.CARD, digest)
            row = {"digest": digest, "proof": proof, "tries": 0, "tries_from": 0.0}
            upsert(session, LoyaltyCardTable, [row], replace=("proof", "tries", "tries_from"))


@once_more
def present_card(db: Database, digest: str, proof: str, sealed: str, shopper_id: str, now: float) -> Followed:
    """Somebody names a card and its proof; `shopper_id` is who is signed in, empty for nobody.

    The same answer for an unknown card, a wrong proof, and too many wrong ones within the hour: a number by itself
    proves nothing, and is not told from one that nobody has.
    """
    with db.write() as session:
        lock_people(session)
        card = session.get(LoyaltyCardTable, digest, with_for_update=True)
        if card is None:
            return Followed(LinkFate.UNKNOWN)
        if now - card.tries_from >= CARD_TRIES_S:
            card.tries, card.tries_from = 0, now
        if card.tries >= CARD_TRIES or card.proof != proof:
            card.tries += 1
            return Followed(LinkFate.UNKNOWN)
        card.tries = 0
        return _prove(session, IdentifierKind.CARD, digest, sealed, shopper_id, now)


def identifiers_of(db: Database, shopper_id: str) -> list[Identifier]:
    """What this profile is known by, oldest first."""
    with db.read() as session:
        rows = select(IdentifierTable).where(col(IdentifierTable.shopper_id) == shopper_id)
        ordered = rows.order_by(col(IdentifierTable.verified_at), col(IdentifierTable.digest))
        return [Identifier(IdentifierKind(r.kind), r.digest, r.sealed, r.verified_at) for r in session.exec(ordered)]


def purge_links(db: Database, now: float) -> int:
    """Forgets links that are over for a day. How many."""
    with db.write() as session:
        table = table_of(IdentityLinkTable)
        return int(session.connection().execute(delete(table).where(table.c.expires_at <= now - KEPT_S)).rowcount)


def identifier_digests(session: Session, shopper_id: str) -> list[str]:
    """The digests of all that a profile has proved. Inside the caller's transaction."""
    return list(session.exec(select(IdentifierTable.digest).where(col(IdentifierTable.shopper_id) == shopper_id)))


def forget_identifiers(session: Session, shopper_id: str, address: str | None = None) -> None:
    """The profile is erased, with every link that it asked for or that went to its mailboxes, whoever asked, and their
    letters. `address` is the digest of one that it named and did not prove: forgotten unless another profile has proved
    that it is theirs. Inside the caller's transaction."""
    mine = select(IdentifierTable.digest).where(
        col(IdentifierTable.shopper_id) == shopper_id, col(IdentifierTable.kind) == IdentifierKind.EMAIL
    )
    mailboxes = set(session.exec(mine))
    if address is not None and session.get(IdentifierTable, (IdentifierKind.EMAIL, address)) is None:
        mailboxes.add(address)
    links, known = table_of(IdentityLinkTable), table_of(IdentifierTable)
    asked = (links.c.shopper_id == shopper_id) | links.c.identifier.in_(mailboxes)
    found = session.connection().execute(select(links.c.digest).where(asked)).scalars().all()
    delete_by_key(session, [letter_key(digest) for digest in found])
    session.connection().execute(delete(links).where(links.c.digest.in_(found)))
    session.connection().execute(delete(known).where(known.c.shopper_id == shopper_id))


def letter_key(link: str) -> str:
    """The key of the letter that brings a link, by the digest of the link."""
    return f"identity|{link}"


def _unbind(session: Session, kind: IdentifierKind, digest: str) -> None:
    """No profile is known by it any more."""
    table = table_of(IdentifierTable)
    session.connection().execute(delete(table).where((table.c.kind == kind) & (table.c.digest == digest)))
    drop_accounts(session, digest)


def _prove(session: Session, kind: IdentifierKind, digest: str, sealed: str, asker: str, now: float) -> Followed:
    """It is proved that whoever asks has this identifier; `asker` is the profile they are signed in with, if any.

    Who asked may have joined another profile since: what they prove is the person's.
    """
    lock_people(session)
    asker = living(session, asker) if asker else ""
    row = session.get(IdentifierTable, (kind, digest))
    alive = bool(asker) and session.get(ShopperTable, asker) is not None
    if row is None:
        if not alive:
            return Followed(LinkFate.NOBODY)
        session.add(IdentifierTable(kind=kind, digest=digest, shopper_id=asker, sealed=sealed, verified_at=now))
        session.flush()
        release_by_identifier(session, digest)
        release_given(session, digest)
        _know_accounts(session, kind, digest)
        look_again(session, [asker])
        tell_profile(session, asker, now)
        return Followed(LinkFate.ADDED, asker)
    row.verified_at = now
    owner = living(session, row.shopper_id)
    session.flush()
    if alive and owner != asker:
        merge_in(session, owner, asker, kind, now)
        return Followed(LinkFate.MERGED, owner)
    return Followed(LinkFate.SIGNED_IN, owner)


def _know_accounts(session: Session, kind: IdentifierKind, digest: str) -> None:
    """What shops have named beside it is theirs, too."""
    card, email = (digest, "") if kind is IdentifierKind.CARD else ("", digest)
    for account, at in accounts_beside(session, digest):
        if bind_account(session, account, card, email, at):
            release_by_account(session, account)


def _fate(row: IdentityLinkTable, now: float) -> LinkFate:
    if row.used_at is not None:
        return LinkFate.USED
    return LinkFate.OPEN if now < row.expires_at else LinkFate.EXPIRED


def _to_asked(row: IdentityLinkTable) -> AskedLink:
    return AskedLink(row.digest, row.identifier, row.sealed, row.shopper_id, row.browser, row.label, row.asked_at)
