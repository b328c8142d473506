"""A line of the audit log says whom or what it was about, where people know it by that."""

from __future__ import annotations

import pytest

from api.accounts.audit import _whom
from engine.storage.accounts.audit import AuditEntry
from engine.vocabulary import AuditAction


@pytest.mark.parametrize(
    ("action", "account", "detail", "whom"),
    [
        (AuditAction.PICKUP_HANDED_OVER, "a1", {"source": "web"}, "10042"),
        (AuditAction.PICKUP_HANDED_OVER, "", {"source": "web"}, "10042"),
        (AuditAction.CARD_SEEN, "a1", {}, ""),
        (AuditAction.ROLE_GIVEN, "a1", {"name": "Ada"}, "Ada"),
    ],
)
def test_a_hand_over_names_its_order_and_nobody_is_a_number(
    action: AuditAction, account: str, detail: dict[str, str], whom: str
) -> None:
    assert _whom(AuditEntry(1, 0.0, "Eve", account, action, "corner", "10042", detail)) == whom
