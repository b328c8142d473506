"""The e-shop's own book of orders: what it knows of one after each event, as its webhooks tell it whole each time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.vocabulary import OrderState, ShopEventKind
from simulators.shops.said import Form, SaidEvent, Speaker


@dataclass(frozen=True, slots=True)
class OrderNow:
    """An order as it stands. `form` is its newest event, `states` those that it went through with their times (s UTC),
    `refunds` what was given back, `changed_at` the time of the last change; `refund` is what changed it, if one did."""

    form: Form
    states: tuple[tuple[OrderState, float], ...]
    changed_at: float
    refunds: tuple[Form, ...] = ()
    refund: Form | None = None

    @property
    def number(self) -> int:
        """By which the e-shop knows it."""
        return int(self.form["id"])

    @property
    def state(self) -> OrderState:
        """The newest state of the order."""
        return self.states[-1][0]

    def time_of(self, state: OrderState) -> float | None:
        """When it came into this state; None where it never did."""
        return next((at for one, at in self.states if one is state), None)

    @property
    def placed_at(self) -> float:
        """When it was made."""
        return self.states[0][1]

    @property
    def paid_at(self) -> float | None:
        """When it was paid; None where it never was."""
        return self.time_of(OrderState.PAID)

    @property
    def collect(self) -> bool:
        """Whether it is fetched in the store."""
        return bool(self.form.get("store"))

    @property
    def lines(self) -> list[Form]:
        """Its lines."""
        return list(self.form["lines"])

    @property
    def refunded_minor(self) -> int:
        """What was given back so far."""
        return sum(int(refund["total_minor"]) for refund in self.refunds)

    @property
    def is_all_back(self) -> bool:
        """Whether every line came back."""
        return self.refunded_minor >= sum(int(line["amount_minor"]) for line in self.lines)


class OrderBook:
    """Orders by number. One book follows one e-shop's events in their own order."""

    def __init__(self) -> None:
        self._orders: dict[str, OrderNow] = {}

    def take(self, said: SaidEvent) -> OrderNow | None:
        """The order that an event changes, as it stands then; None for what is no order's or refund's. A purchase is
        none: the order that is paid says as much."""
        if said.speaker is not Speaker.ESHOP:
            return None
        kind, form = said.form["kind"], said.form
        if kind == ShopEventKind.ORDER:
            name, state = str(form["id"]), OrderState(form["state"])
            known = self._orders.get(name)
            before = () if known is None else known.states
            refunds = () if known is None else known.refunds
            now = OrderNow(form, (*before, (state, said.at)), said.at, refunds)
        elif kind == ShopEventKind.RETURN:
            name = str(form["purchase_id"])
            known = self._orders[name]
            now = replace(known, changed_at=said.at, refunds=(*known.refunds, form), refund=form)
        else:
            return None
        self._orders[name] = replace(now, refund=None)
        return now
