"""What a receiver's answer means: taken, tried again, or dead; and whose fault it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from engine.delivery.web_push import retry_after_s
from engine.storage.crm.lines import DueEvent
from engine.vocabulary import CrmForm, CrmKind, CrmTrouble

LONGEST_ASKED_S = 3_600.0  # nobody's Retry-After keeps us away for longer
PATIENCE_S = 3 * 86_400.0
"""An event that breaks a receiver is tried for so long, where that takes others. Where it takes none, for ever."""


@dataclass(frozen=True, slots=True)
class CrmAnswer:
    """`trouble` is None where it was taken. `asked_s` is how long it asked us to wait."""

    trouble: CrmTrouble | None
    status: int = 0
    asked_s: float | None = None
    dead: bool = False


def read_answer(status: int, retry_after: str | None, now: float, form: CrmForm, kind: CrmKind) -> CrmAnswer:
    """What an answer says of one event. A contact that is not there is as good as erased."""
    if 200 <= status < 300 and status != 207:  # HubSpot: some of them failed, and there was one
        return CrmAnswer(None, status)
    if kind is CrmKind.ERASURE and status == 404 and form in (CrmForm.BREVO, CrmForm.HUBSPOT):
        return CrmAnswer(None, status)
    asked_s = retry_after_s(retry_after, now)
    asked_s = None if asked_s is None else min(asked_s, LONGEST_ASKED_S)
    if status == 410:
        return CrmAnswer(CrmTrouble.GONE, status, LONGEST_ASKED_S)
    if status in (408, 425, 429) or (status == 503 and asked_s is not None):
        return CrmAnswer(CrmTrouble.BUSY, status, asked_s)
    if status >= 500:
        return CrmAnswer(CrmTrouble.BROKEN, status, asked_s)
    if status in (401, 402, 403):
        return CrmAnswer(CrmTrouble.KEY_REFUSED, status)
    if status in (404, 405) or 300 <= status < 400:
        return CrmAnswer(CrmTrouble.NOT_FOUND, status)
    return CrmAnswer(CrmTrouble.REFUSED, status, dead=True)


def lose_patience(answer: CrmAnswer, due: DueEvent, now: float, taken_at: float | None) -> CrmAnswer:
    """An event that has broken its receiver for PATIENCE_S, while that took others, is dead. An end never is."""
    if answer.trouble is not CrmTrouble.BROKEN or due.failing_since is None or due.event.kind is CrmKind.ERASURE:
        return answer
    others = taken_at is not None and taken_at > due.failing_since
    if not others or now - due.failing_since < PATIENCE_S:
        return answer
    return CrmAnswer(CrmTrouble.GAVE_UP, answer.status, dead=True)
