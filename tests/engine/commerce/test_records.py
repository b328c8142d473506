"""Shop events: one record of each kind, and nobody's address in any."""

from __future__ import annotations

import dataclasses

import pytest

from engine.commerce.records import RECORDS, CatalogueEntry, Customer, OrderLine, Purchase
from engine.vocabulary import SalesChannel, ShopEventKind


def test_every_kind_has_its_record() -> None:
    assert set(RECORDS) == set(ShopEventKind)
    assert all(made.kind is kind for kind, made in RECORDS.items())


def test_a_record_never_changes() -> None:
    line = OrderLine("1", "COAT-38", 1000, 18_900)
    bought = Purchase("till", "7", 1, 1_767_225_600.0, SalesChannel.STORE, "EUR", 18_900, (line,))
    with pytest.raises(dataclasses.FrozenInstanceError):
        bought.total_minor = 0  # type: ignore[misc]
    assert bought == dataclasses.replace(bought)
    assert not bought.customer.is_known


def test_what_a_source_does_not_take_back_stands() -> None:
    assert not Purchase("till", "7", 1, 1_767_225_600.0, SalesChannel.WEB, "EUR", 18_900).voided
    assert not CatalogueEntry("shop", "COAT-38", 1, 1_767_225_600.0, "COAT-38", "Coat").gone


@pytest.mark.parametrize("known_by", ["email", "card", "account"])
def test_a_customer_is_known_by_any_of_three(known_by: str) -> None:
    assert Customer(**{known_by: "5f1e"}).is_known
