"""Who may do what, all of it: the rights that each role gives to people, and each scope to keys of programs.

This table is the only place that says so. `api.auth.needs` reads it for every request, the reference in
docs/operations/accounts.md is made from it, and a test tries every route with every role.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.vocabulary import KeyScope, Right, Role

_STORE = frozenset(
    {
        Right.SEE_FIGURES,
        Right.SCHEDULE_REPORTS,
        Right.SEE_CAMPAIGNS,
        Right.EDIT_CAMPAIGNS,
        Right.APPROVE_CAMPAIGNS,
        Right.JUDGE_SHARES,
        Right.SERVE_SHOPPERS,
    }
)
"""What running a shop takes."""

ROLE_RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.SEE_FIGURES}),
    Role.MANAGER: _STORE | {Right.SEE_HEALTH, Right.SEE_RADIO},
    Role.CAMPAIGN_EDITOR: frozenset({Right.SEE_FIGURES, Right.SEE_CAMPAIGNS, Right.EDIT_CAMPAIGNS}),
    Role.TILL_ADMIN: frozenset({Right.USE_TILLS, Right.REGISTER_CARDS}),
    Role.CLERK: frozenset({Right.SERVE_SHOPPERS}),
    Role.IT: frozenset({Right.SEE_HEALTH, Right.SEE_RADIO}),
    Role.DPO: frozenset({Right.SEE_PRIVACY, Right.SEE_AUDIT}),
    Role.HQ: _STORE | {Right.COMPARE_STORES, Right.SEE_LIABILITY},
    Role.ADMIN: frozenset(Right),
}

SCOPE_RIGHTS: Mapping[KeyScope, frozenset[Right]] = {
    "manager": frozenset(Right)
    - {
        Right.USE_TILLS,
        Right.SEE_AUDIT,
        Right.MANAGE_PEOPLE,
        Right.SERVE_SHOPPERS,
        Right.GIVE_POINTS,
        Right.READ_CRM_EVENTS,
    },
    "till": frozenset({Right.USE_TILLS}),
    "web": frozenset({Right.USE_TILLS}),
    "health": frozenset({Right.SEE_HEALTH}),
    "dpo": frozenset({Right.SEE_PRIVACY}),
    "partner": frozenset({Right.GIVE_POINTS}),
    "crm": frozenset({Right.READ_CRM_EVENTS}),
}
"""A key is nobody: it neither manages people nor reads what they did, nor sees a shopper as a clerk does."""
