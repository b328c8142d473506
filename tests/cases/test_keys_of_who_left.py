"""An account was erased, or closed, and the keys that its person had went on opening the managers' pages.

In: somebody with two keys, one of which ends tomorrow; a key that nobody has; a key that is exchanged while its person
is erased. Right: theirs open nothing from that moment on, nor can they be exchanged or made anew; the others stay.
"""

from __future__ import annotations

import pytest

from engine.errors import NotFound
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import disable_account, enable_account, erase_account
from engine.storage.database import Database
from engine.storage.keys import add_key, end_key, list_keys, rotate_key
from engine.vocabulary import Role
from tests.engine.storage.accounts.test_people import made
from tests.engine.storage.scenes import NOW, STORE


def opening(db: Database, now: float) -> set[str]:
    return {key.key_id for key in list_keys(db) if key.holds(now)}


@pytest.mark.parametrize("leave", [disable_account, erase_account])
def test_their_keys_end_with_them(db: Database, leave: object) -> None:
    ada, ben = made(db, "ada", (Role.MANAGER, STORE)), made(db, "ben", (Role.MANAGER, STORE))
    mine, soon = (add_key(db, "manager", NOW, held_by=ada.account_id)[0] for _ in range(2))
    nobodys, bens = add_key(db, "till", NOW)[0], add_key(db, "manager", NOW, held_by=ben.account_id)[0]
    end_key(db, soon, NOW + 86_400)
    assert opening(db, NOW + 1) == {mine, soon, nobodys, bens}
    assert callable(leave)
    leave(db, COMMAND, ada.account_id, NOW + 1)
    assert opening(db, NOW + 1) == {nobodys, bens}
    for again in (
        lambda: rotate_key(db, mine, NOW + 2, 60.0),
        lambda: add_key(db, "till", NOW, held_by=ada.account_id),
    ):
        with pytest.raises(NotFound):
            again()
    assert opening(db, NOW + 2) == {nobodys, bens}


def test_who_comes_back_gets_no_old_key(db: Database) -> None:
    ada = made(db, "ada", (Role.MANAGER, STORE))
    key_id = add_key(db, "manager", NOW, held_by=ada.account_id)[0]
    disable_account(db, COMMAND, ada.account_id, NOW + 1)
    enable_account(db, COMMAND, ada.account_id, NOW + 2)
    assert key_id not in opening(db, NOW + 3)
    assert add_key(db, "manager", NOW + 3, held_by=ada.account_id)[0] in opening(db, NOW + 3)
