"""Who may do what in the console: roles that people have, rights that roles give, and what the audit log tells of."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """One thing that a role or a key may allow, in one store or in all. `api.rights` says whom."""

    SEE_FIGURES = "see_figures"  # where people are, for how long, and every report of it
    COMPARE_STORES = "compare_stores"  # stores beside one another
    SCHEDULE_REPORTS = "schedule_reports"  # that go out by e-mail
    SEE_CAMPAIGNS = "see_campaigns"  # what they promise, decided and brought
    EDIT_CAMPAIGNS = "edit_campaigns"
    APPROVE_CAMPAIGNS = "approve_campaigns"  # of somebody else, above a value
    JUDGE_SHARES = "judge_shares"  # points that wait for the shop
    REGISTER_CARDS = "register_cards"
    USE_TILLS = "use_tills"  # check, redeem, void
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
    IT = "it"
    DPO = "dpo"
    HQ = "hq"
    ADMIN = "admin"
