"""The table of rights: whole, and what is asked of a caller in a store."""

from __future__ import annotations

from typing import get_args

import pytest

from api.auth import Forbidden, NotSignedIn, check_right, find_right, needs
from api.keyring import Grant
from api.rights import ROLE_RIGHTS, SCOPE_RIGHTS
from engine.errors import BusinessRefusal, NotFound
from engine.vocabulary import KeyScope, Right, Role


def person(*holds: tuple[Role, str]) -> Grant:
    return Grant(None, tuple((ROLE_RIGHTS[role], store) for role, store in holds), "", "ana", "a1")


def test_every_role_and_scope_has_its_rights_and_every_right_is_somebodys() -> None:
    assert set(ROLE_RIGHTS) == set(Role)
    assert set(SCOPE_RIGHTS) == set(get_args(KeyScope))
    assert frozenset[Right]().union(*(ROLE_RIGHTS[role] for role in set(Role) - {Role.ADMIN})) == set(Right) - {
        Right.MANAGE_PEOPLE,
        Right.GIVE_POINTS,  # programs of partners give points, by a key
        Right.READ_CRM_EVENTS,  # and those of customer files read them, by another
    }
    assert ROLE_RIGHTS[Role.ADMIN] == set(Right)


def test_no_key_manages_people() -> None:
    assert all(not rights & {Right.MANAGE_PEOPLE, Right.SEE_AUDIT} for rights in SCOPE_RIGHTS.values())


def test_roles_add_up_and_stay_in_their_store() -> None:
    grant = person((Role.VIEWER, "a"), (Role.CAMPAIGN_EDITOR, "b"))
    assert [grant.may(Right.SEE_FIGURES, s) for s in ("a", "b", "c", None)] == [True, True, False, False]
    assert [grant.may(Right.EDIT_CAMPAIGNS, s) for s in ("a", "b", "c", None)] == [False, True, False, False]
    assert grant.where(Right.SEE_FIGURES) == {"a", "b"}
    assert person((Role.VIEWER, "*")).may(Right.SEE_FIGURES, None)


@pytest.mark.parametrize(("store", "refused"), [("a", Forbidden), ("b", None), ("c", NotFound), (None, Forbidden)])
def test_another_store_is_not_there_and_another_right_is_forbidden(
    store: str | None, refused: type[BusinessRefusal] | None
) -> None:
    grant = person((Role.VIEWER, "a"), (Role.CAMPAIGN_EDITOR, "b"))
    if refused is None:
        assert check_right(grant, Right.EDIT_CAMPAIGNS, store) is grant
        return
    with pytest.raises(refused):
        check_right(grant, Right.EDIT_CAMPAIGNS, store)


def test_a_key_of_another_scope_is_no_key() -> None:
    till = Grant("till", ((SCOPE_RIGHTS["till"], "*"),), "f", "f")
    with pytest.raises(NotSignedIn, match="of scope manager"):
        check_right(till, Right.SEE_FIGURES, "a")


def test_a_person_with_no_role_sees_no_store() -> None:
    with pytest.raises(NotFound):
        check_right(person(), Right.SEE_FIGURES, "a")


def test_a_dependency_says_what_it_needs() -> None:
    assert find_right(needs(Right.SEE_HEALTH)) is Right.SEE_HEALTH
    assert find_right(needs(Right.SEE_HEALTH, everywhere=True)) is Right.SEE_HEALTH
    assert find_right(print) is None
