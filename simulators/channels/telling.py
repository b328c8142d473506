"""What the systems of the shop say of a week, event by event, in Rayon's own form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.vocabulary import OrderState, SalesChannel, ShopEventKind
from simulators.channels.browsing import WebBasket, WebView
from simulators.channels.customers import Customers
from simulators.channels.orders import SoldLine, WebOrder
from simulators.channels.sales import BroughtBackGoods, TillReceipt
from simulators.channels.week import Week
from simulators.shops.said import Form, SaidEvent, Speaker, in_order, line


def say_week(week: Week) -> list[SaidEvent]:
    """All events of the week in the order in which they are said."""
    telling = WeekTelling(week.customers, week.plan.store, week.plan.currency)
    prices = {product.sku: product.price_minor for product in week.plan.products}
    said = [telling.view(number, view) for number, view in enumerate(week.views, start=1)]
    for number, basket in enumerate(week.baskets, start=1):
        said += telling.basket(number, basket, prices)
    for order in week.orders:
        said += telling.order(order)
    said += [telling.receipt(receipt) for receipt in week.receipts]
    said += [telling.back(back) for back in week.returns]
    return in_order(one for one in said if week.span.holds(one.at))


class WeekTelling:
    """Puts what happened into words, for the customers of one store."""

    def __init__(self, customers: Customers, store: str, currency: str) -> None:
        self._customers, self._store, self._currency = customers, store, currency

    def view(self, number: int, view: WebView) -> SaidEvent:
        """A look at a product."""
        form = _head(ShopEventKind.PRODUCT_VIEW, f"v{number}", view.at) | {"version": 1, "sku": view.sku}
        return SaidEvent(view.at, _pages(app=view.app), form | {"customer": self._customers.web(view.who)})

    def basket(self, number: int, basket: WebBasket, prices: dict[str, int]) -> Iterator[SaidEvent]:
        """What lies in it, and that nothing does once it is ordered."""
        lines = [line(str(k), sku, prices[sku]) for k, sku in enumerate(basket.skus, start=1)]
        for at, kept in ((basket.at, lines), (basket.ordered_at, [])):
            if at is not None:
                form = _head(ShopEventKind.BASKET, f"b{number}", at) | self._money(kept)
                yield SaidEvent(at, _pages(app=basket.app), form | {"customer": self._customers.web(basket.who)})

    def order(self, order: WebOrder) -> Iterator[SaidEvent]:
        """The order with each change, and the purchase that it is once it is paid."""
        lines = _lines(order.lines)
        for state, at in changes_of(order):
            form = _head(ShopEventKind.ORDER, order.name, at) | self._money(lines, order.total_minor)
            form |= {"state": str(state), "customer": self._customers.web(order.who)}
            yield SaidEvent(at, Speaker.ESHOP, form | ({"store": self._store} if order.collect else {}))
            if state in (OrderState.PAID, OrderState.CANCELLED):
                sold = _head(ShopEventKind.PURCHASE, order.name, at) | self._money(lines, order.total_minor)
                sold |= {"at": order.paid_at, "channel": str(SalesChannel.WEB)}
                sold |= {"customer": self._customers.web(order.who), "voided": state is OrderState.CANCELLED}
                yield SaidEvent(at, Speaker.ESHOP, sold)

    def receipt(self, receipt: TillReceipt) -> SaidEvent:
        """A receipt of the till, with the card where it was shown."""
        form = _head(ShopEventKind.PURCHASE, receipt.name, receipt.at) | self._money(_lines(receipt.lines))
        form |= {"channel": str(SalesChannel.STORE), "store": self._store}
        form |= {"customer": {"card": self._customers.card_of(receipt.who)}} if receipt.shown else {}
        return SaidEvent(receipt.at, Speaker.TILL, form)

    def back(self, back: BroughtBackGoods) -> SaidEvent:
        """What came back, said by whoever sold it."""
        form = _head(ShopEventKind.RETURN, back.name, back.at) | self._money(_lines(back.lines))
        speaker = Speaker.ESHOP if back.web else Speaker.TILL
        return SaidEvent(back.at, speaker, form | {"purchase_id": back.purchase, "version": 1})

    def _money(self, lines: Sequence[Form], total_minor: int | None = None) -> Form:
        total = sum(one["amount_minor"] for one in lines) if total_minor is None else total_minor
        return {"currency": self._currency, "total_minor": total, "lines": list(lines)}


def changes_of(order: WebOrder) -> list[tuple[OrderState, float]]:
    """The states that an order went through, each with its time (s UTC)."""
    times = (
        (OrderState.PLACED, order.placed_at),
        (OrderState.PAID, order.paid_at),
        (OrderState.CANCELLED, order.cancelled_at),
        (OrderState.READY, order.ready_at),
        (OrderState.COLLECTED, order.collected_at),
        (OrderState.SENT, order.sent_at),
    )
    return [(state, at) for state, at in times if at is not None]


def _head(kind: ShopEventKind, name: str, at: float) -> Form:
    return {"kind": str(kind), "id": name, "version": int(at), "at": at}


def _lines(lines: Sequence[SoldLine]) -> list[Form]:
    return [line(one.name, one.sku, one.amount_minor, one.category, one.pieces) for one in lines]


def _pages(*, app: bool) -> Speaker:
    return Speaker.APP if app else Speaker.PAGES
