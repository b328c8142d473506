"""Shop events as JSON: nothing is lost on the way there and back, and what is no shop event is refused."""

from __future__ import annotations

import msgspec
import pytest

from engine.commerce.form import as_form, from_form
from engine.commerce.records import CatalogueEntry, OrderLine, Purchase
from engine.vocabulary import SalesChannel

BOUGHT = Purchase(
    "till", "7", 1, 1_767_225_600.0, SalesChannel.STORE, "EUR", 18_900, (OrderLine("1", "COAT-38", 1000, 18_900),)
)
COAT = CatalogueEntry("shop", "COAT-38", 3, 1_767_225_600.0, "COAT-38", "Coat", "EUR", 18_900)


@pytest.mark.parametrize("event", [BOUGHT, COAT])
def test_an_event_comes_back_as_it_was(event: Purchase | CatalogueEntry) -> None:
    form = as_form(event)
    assert form["kind"] == str(event.kind)
    assert from_form(msgspec.json.decode(msgspec.json.encode(form))) == event


def test_a_form_is_left_as_it_was() -> None:
    form = as_form(BOUGHT)
    from_form(form)
    assert form == as_form(BOUGHT)


def test_a_key_that_no_record_has_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown keys: colour, size$"):
        from_form({**as_form(COAT), "size": "38", "colour": "red"})


@pytest.mark.parametrize("wrong", [{"kind": "gift"}, {"total_minor": "much"}])
def test_another_kind_or_type_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        from_form({**as_form(BOUGHT), **wrong})
    with pytest.raises(ValueError):
        from_form({})
