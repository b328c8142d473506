"""The words that the engine's nouns are in: closed lists, each word as it stands in databases, files and events.

A word is never reused for something else, since rows that hold it outlive the code that wrote them.
"""

from __future__ import annotations

from engine.vocabulary.access import AuditAction, InvitationFate, KeyScope, PasswordFlaw, Right, Role
from engine.vocabulary.commerce import (
    AskedState,
    OrderState,
    OrderWay,
    PickupState,
    SalesChannel,
    ShopEventKind,
    StockState,
)
from engine.vocabulary.crm import CRM_PURPOSES, CrmForm, CrmKind, CrmTrouble
from engine.vocabulary.delivery import Channel, DeliveryReason, DeliveryState, LetterReason, LetterState, MailboxMark
from engine.vocabulary.hearing import (
    NO_LOSS,
    FrameRefusal,
    ReadingRefusal,
    RecordRefusal,
    SessionChange,
    SourceSession,
    SourceState,
    StoreTrouble,
)
from engine.vocabulary.labels import LabelKind, LabelRefusal
from engine.vocabulary.messages import MessageKind, MessageOutcome, MessageReason, OfferReason
from engine.vocabulary.offers import (
    DecisionOutcome,
    DecisionReason,
    EventKind,
    MuteKind,
    VisitChange,
    VoucherState,
    WalletChangeKind,
    Weekday,
)
from engine.vocabulary.people import IdentifierKind, LinkFate, Proof, Purpose, RetentionRule
from engine.vocabulary.points import (
    Account,
    EarnWait,
    EntryKind,
    GivenState,
    LedgerFault,
    PointsAge,
    PointsState,
    ReviewVerdict,
)
from engine.vocabulary.portals import CapportFlaw, LetOut, PortalRefusal, PortalSystem, WayOut
from engine.vocabulary.problems import ProblemCode

__all__ = [
    "CRM_PURPOSES",
    "NO_LOSS",
    "Account",
    "AskedState",
    "AuditAction",
    "CapportFlaw",
    "Channel",
    "CrmForm",
    "CrmKind",
    "CrmTrouble",
    "DecisionOutcome",
    "DecisionReason",
    "DeliveryReason",
    "DeliveryState",
    "EarnWait",
    "EntryKind",
    "EventKind",
    "FrameRefusal",
    "GivenState",
    "IdentifierKind",
    "InvitationFate",
    "KeyScope",
    "LabelKind",
    "LabelRefusal",
    "LedgerFault",
    "LetOut",
    "LetterReason",
    "LetterState",
    "LinkFate",
    "MailboxMark",
    "MessageKind",
    "MessageOutcome",
    "MessageReason",
    "MuteKind",
    "OfferReason",
    "OrderState",
    "OrderWay",
    "PasswordFlaw",
    "PickupState",
    "PointsAge",
    "PointsState",
    "PortalRefusal",
    "PortalSystem",
    "ProblemCode",
    "Proof",
    "Purpose",
    "ReadingRefusal",
    "RecordRefusal",
    "RetentionRule",
    "ReviewVerdict",
    "Right",
    "Role",
    "SalesChannel",
    "SessionChange",
    "ShopEventKind",
    "SourceSession",
    "SourceState",
    "StockState",
    "StoreTrouble",
    "VisitChange",
    "VoucherState",
    "WalletChangeKind",
    "WayOut",
    "Weekday",
]
