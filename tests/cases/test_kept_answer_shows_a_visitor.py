"""A clerk's answers were kept a day for who repeats them: after the visit, and after its shopper was erased.

Input: the card and a note with an Idempotency-Key while the shopper is here; again with the same keys after she took
her choice back, and after she was erased. Wrong: her name, purchases and note once more, and rows that kept them.
Right: 404 as for nobody, and no row with either.
"""

from __future__ import annotations

import time

from sqlmodel import select

from engine.storage.erasure import erase_shopper
from engine.storage.models.running import IdempotencyTable
from engine.vocabulary import Role
from tests.api.site import Site
from tests.api.staff.test_desk import act, choose, config, jeanne, proved_phone

__all__ = ["config"]
NOTE = {"text": "Wears 38"}


def kept(site: Site) -> str:
    with site.db.read() as session:
        bodies = session.exec(select(IdempotencyTable.body)).all()
    return b"\n".join(body or b"" for body in bodies).decode()


def test_nothing_is_repeated_after_the_visit_or_the_erasure(site: Site) -> None:
    with site.client() as phone, site.colleague("Ada", (Role.CLERK, "corner")) as clerk:
        who = jeanne(site, phone)
        proved_phone(site, who)
        for ends in ("choice", "erasure"):
            choose(site, phone, who)
            [visitor] = clerk.get("/v1/staff/corner/desk").json()["visitors"]
            name = visitor["visitor"]
            assert act(clerk, name, "card").json()["name"] == "Jeanne"
            assert [act(clerk, name, "notes", NOTE).status_code for _ in range(2)] == [200, 200]
            assert ("Jeanne" in kept(site), "Wears 38" in kept(site)) == (False, True)
            if ends == "choice":
                choose(site, phone, who, chosen=False)
            else:
                erase_shopper(site.db, who, time.time())
            again = [act(clerk, name, "card"), act(clerk, name, "notes", NOTE)]
            assert [answer.json()["code"] for answer in again] == ["visitor_unknown"] * 2
            assert "Wears 38" not in kept(site)
