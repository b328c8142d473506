"""What points are worth, as the wallet says it."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import Field, field_validator

from engine.config.section import ConfigSection
from engine.errors import OperatorError, Problem


class WorthConfig(ConfigSection):
    """So many points of a programme take so much off: whole numbers both, so that nothing is rounded but the sum."""

    programme: str = Field("points", min_length=1, max_length=64)
    points: int = Field(ge=1)
    amount_minor: int = Field(ge=1)
    currency: str = Field(pattern="^[A-Z]{3}$")  # of the stores where it holds


class LoyaltyConfig(ConfigSection):
    """Without a rate nothing is said of what points are worth."""

    worth: tuple[WorthConfig, ...] = ()

    @field_validator("worth")
    @classmethod
    def _one_of_a_programme(cls, worth: tuple[WorthConfig, ...]) -> tuple[WorthConfig, ...]:
        named = [rate.programme for rate in worth]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"declared twice: {', '.join(twice)}")
        return worth

    def of(self, programme: str) -> WorthConfig | None:
        """The programme's rate, where there is one."""
        return next((rate for rate in self.worth if rate.programme == programme), None)


def check_worth(config: LoyaltyConfig, currencies: Collection[str], file: str) -> None:
    """Raises OperatorError with every rate in a currency that no store has: it would be said to nobody."""
    fix = f"a currency of the floor plans: {', '.join(sorted(currencies))}"
    wrong = [(n, rate) for n, rate in enumerate(config.worth) if rate.currency not in currencies]
    if wrong:
        why = "no store has this currency"
        raise OperatorError([Problem(file, f"loyalty.worth[{n}].currency", why, fix) for n, _ in wrong])
