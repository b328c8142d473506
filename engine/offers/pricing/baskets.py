"""What a till is about to sell."""

from __future__ import annotations

from dataclasses import dataclass

from engine.offers.pricing.kinds import MAX_MINOR


@dataclass(frozen=True, slots=True)
class Line:
    """A basket line: `quantity` whole units at `unit_price_minor` each, the price paid at this till before any coupon.

    `legal_class` is the product's, empty where nobody knows it. `advantages_minor` is what others take off this line
    already, at once or as points: the legal caps are for all of it together. `near_end`: these very units are
    perishable and near their end, as their label says. Raises ValueError on impossible numbers.
    """

    sku: str
    quantity: int
    unit_price_minor: int
    category: str | None = None
    legal_class: str = ""
    advantages_minor: int = 0
    near_end: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= 100_000:
            raise ValueError(f"quantity of {self.sku!r} must be 1 to 100000")
        if not 0 <= self.unit_price_minor <= MAX_MINOR:
            raise ValueError(f"unit price of {self.sku!r} must be 0 to {MAX_MINOR}")
        if self.advantages_minor < 0:
            raise ValueError(f"advantages on {self.sku!r} must not be negative")

    @property
    def price_minor(self) -> int:
        """All units, before any advantage."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True)
class Basket:
    """What the till is about to sell."""

    currency: str
    lines: tuple[Line, ...]

    @property
    def total_minor(self) -> int:
        """The sum of all lines before any discount."""
        return sum(line.price_minor for line in self.lines)
