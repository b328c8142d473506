"""An unknown key is told with the one of its place that it is most like."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.config import parse_config
from engine.errors import OperatorError
from engine.wording import MistakeCode, keys_at, nearest, validation_problems


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Percent(Strict):
    kind: Literal["percent"]
    basis_points: int


class Amount(Strict):
    kind: Literal["amount"]
    amount_minor: int


class Hours(Strict):
    from_: str = Field(alias="from")
    to: str


class File(Strict):
    offer: Annotated[Percent | Amount, Field(discriminator="kind")]
    either: Percent | Hours | None = None
    hours: tuple[Hours, ...] = ()
    by_day: dict[str, Hours] = {}


def fixes(raw: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        File.model_validate(raw)
    found = validation_problems(refused.value, "f.yaml", model=File)
    return {p.place: p.fix for p in found if "no key" in p.reason}


OFFER = {"kind": "percent", "basis_points": 1}


def test_the_nearest_is_of_the_same_place() -> None:
    assert nearest("ofer", ["offer", "other"]) == "offer"
    assert nearest("colour", ["offer", "other"]) is None
    assert nearest("x" * 5_000_000, ["offer"]) is None  # looked at as far as names are long
    assert fixes({"offer": OFFER, "hurs": []}) == {"hurs": "did you mean 'hours'?"}
    assert fixes({"offer": OFFER, "hours": [{"form": "1", "from": "1", "to": "2"}]}) == {
        "hours.0.form": "did you mean 'from'?"
    }
    assert fixes({"offer": OFFER, "by_day": {"mon": {"from": "1", "to": "2", "too": "2"}}}) == {
        "by_day.mon.too": "did you mean 'to'?"
    }


def test_a_key_of_another_kind_is_not_proposed() -> None:
    misspelt, of_another = {**OFFER, "basis_point": 1}, {**OFFER, "amount_minr": 1}
    assert fixes({"offer": misspelt}) == {"offer.percent.basis_point": "did you mean 'basis_points'?"}
    assert fixes({"offer": of_another}) == {"offer.percent.amount_minr": "remove it or correct its name"}
    assert keys_at(File, ["offer", "amount"]) == {"kind", "amount_minor"}
    assert keys_at(File, ["either", "Hours"]) == {"from", "to"}
    assert keys_at(File, ["hours", 3]) == {"from", "to"}


def test_a_key_of_the_configuration_is_told_with_the_nearest() -> None:
    wrong = {"storage": {"lease": 3}, "sources": [{"nme": "a", "name": "a", "kind": "native"}], "moon": 1}
    with pytest.raises(OperatorError) as refused:
        parse_config(wrong, "c.yaml")
    said = {p.place: (p.fix, p.code) for p in refused.value.problems if "no key" in p.reason}
    assert said == {
        "storage.lease": ("did you mean 'lease_s'?", MistakeCode.MISSPELT_KEY),
        "sources[0].nme": ("did you mean 'name'?", MistakeCode.MISSPELT_KEY),
        "moon": ("remove it or correct its name", MistakeCode.UNKNOWN_KEY),
    }
