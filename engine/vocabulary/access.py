"""Who may do what in the console: roles that people have, rights that roles give, and what the audit log tells of."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

KeyScope = Literal["manager", "till", "web", "health", "dpo", "partner", "crm"]
"""Whom a key is for."""


class Right(StrEnum):
    """One thing that a role or a key may allow, in one store or in all. `api.rights` says whom."""

    SEE_FIGURES = "see_figures"  # where people are, for how long, and every report of it
    COMPARE_STORES = "compare_stores"  # stores beside one another
    SCHEDULE_REPORTS = "schedule_reports"  # that go out by e-mail
    SEE_CAMPAIGNS = "see_campaigns"  # what they promise, decided and brought
    EDIT_CAMPAIGNS = "edit_campaigns"
    APPROVE_CAMPAIGNS = "approve_campaigns"  # of somebody else, above a value
    JUDGE_SHARES = "judge_shares"  # points that wait for the shop
    SEE_LIABILITY = "see_liability"  # what points that are out come to, for finance
    GIVE_POINTS = "give_points"  # as a partner of the programme
    READ_CRM_EVENTS = "read_crm_events"  # what customer files are told, for a program that asks
    REGISTER_CARDS = "register_cards"
    USE_TILLS = "use_tills"  # check, redeem, void
    SERVE_SHOPPERS = "serve_shoppers"  # hand orders over, see who chose to be recognised
    SEE_HEALTH = "see_health"
    SEE_RADIO = "see_radio"  # labels, and names of access points that no plan has
    SEE_PRIVACY = "see_privacy"  # register, impact assessment, consents, what was forgotten
    SEE_AUDIT = "see_audit"
    MANAGE_PEOPLE = "manage_people"  # invite, give and take roles, end sessions


class Role(StrEnum):
    """What somebody is in a store, or in all stores. Several add up."""

    VIEWER = "viewer"
    MANAGER = "manager"
    CAMPAIGN_EDITOR = "campaign_editor"
    TILL_ADMIN = "till_admin"
    CLERK = "clerk"
    IT = "it"
    DPO = "dpo"
    HQ = "hq"
    ADMIN = "admin"


class InvitationFate(StrEnum):
    """What a link to choose a password came to."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # also: a newer one was sent, or the account is closed


class AuditAction(StrEnum):
    """What the audit log tells of. Names of what is done, each in the past."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    SESSIONS_ENDED = "sessions_ended"
    INVITED = "invited"
    LINK_MADE = "link_made"
    PASSWORD_CHOSEN = "password_chosen"
    OIDC_BOUND = "oidc_bound"
    ROLE_GIVEN = "role_given"
    ROLE_TAKEN = "role_taken"
    DISABLED = "disabled"
    ENABLED = "enabled"
    PICKUP_HANDED_OVER = "pickup_handed_over"
    ERASED = "erased"
    CARD_SEEN = "card_seen"
    POINTS_ADDED = "points_added"
    COUPON_HONOURED = "coupon_honoured"
    NOTE_WRITTEN = "note_written"
    ORDER_ASKED = "order_asked"
    HQ_CAMPAIGN_WRITTEN = "hq_campaign_written"
    HQ_CAMPAIGN_APPROVED = "hq_campaign_approved"


class PasswordFlaw(StrEnum):
    """Why something is no password. There are no rules of composition."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"  # everybody has it, or it is one row of keys
    NAME = "name"  # hardly more than the account's own name
    DIFFERENT = "different"  # the second writing of it is another
