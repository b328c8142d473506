"""Receipts as a table, a line of a receipt a row, as tills without a network of their own export them each night.

Columns, in any order: `receipt`, `at`, `sku`, `quantity`, `amount` (of the line, with tax), and where there is such
`currency`, `store`, `category`, `card`, `email`, `voucher`, `voids` (yes) and `refunds` (the receipt that it gives
money back for: the row's amount is then below zero, or above).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from engine.commerce.records import OrderLine, Purchase, Return, ShopEvent
from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import MAX_LINES, checked_size
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.decoders.values import RecordUnusable, flag
from engine.ingest.shops import values as v
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.plain import MOST_LINES, text
from engine.vocabulary import RecordRefusal, SalesChannel

NEEDED = ("receipt", "at", "sku", "quantity", "amount")
COLUMNS = (*NEEDED, "currency", "store", "category", "card", "email", "voucher", "voids", "refunds")

Row = Mapping[str, str]


def decode_receipts_csv(message: VendorMessage, told: ShopTold) -> ShopDecoded:
    """One table: UTF-8, with a line of column names; commas, semicolons or tabs between. Raises MessageRefused."""
    decoded = ShopDecoded()
    for rows in _receipts(_table(message.body)):
        v.add_whole(decoded, _read(rows, told))
    return decoded


def _table(body: bytes) -> list[Row]:
    try:
        text = checked_size(body).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "not UTF-8") from None
    head, _, _ = text.partition("\n")
    delimiter = max(",;\t", key=head.count)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "no table") from None
    names = {name.strip() for name in head.strip().split(delimiter)}
    if not names >= set(NEEDED):
        missing = ", ".join(name for name in NEEDED if name not in names)
        raise MessageRefused(RecordRefusal.BAD_SHAPE, f"no column {missing}")
    if len(rows) > MAX_LINES:
        raise MessageRefused(RecordRefusal.TOO_LARGE, f"{len(rows)} rows, at most {MAX_LINES}")
    return [_plain(row) for row in rows]


def _plain(row: Mapping[str | None, object]) -> Row:
    """The columns that are known; more cells than names are dropped, fewer are empty."""
    named = {str(key).strip(): value for key, value in row.items()}
    return {name: value.strip() if isinstance(value := named.get(name), str) else "" for name in COLUMNS}


def _receipts(rows: list[Row]) -> Iterator[list[Row]]:
    """The rows of each receipt, in the order in which receipts begin."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["receipt"], []).append(row)
    yield from found.values()


def _read(rows: list[Row], told: ShopTold) -> Iterator[ShopEvent]:
    """Half a receipt is none: one row that cannot be read refuses them all."""
    first, name = rows[0], v.identifier(rows[0]["receipt"])
    if len(rows) > MOST_LINES:
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    code, at = v.currency(first["currency"], told), v.time_s(first["at"], told.zone)
    lines = tuple(_line(i, row, code) for i, row in enumerate(rows, 1))
    voided = any(flag(row["voids"]) for row in rows)
    if first["refunds"]:
        back = tuple(OrderLine(x.id, x.sku, abs(x.quantity_milli), abs(x.amount_minor), x.category) for x in lines)
        purchase = v.identifier(first["refunds"])
        yield Return(told.source, name, 1 + voided, at, purchase, code, 0 if voided else v.total(back), back)
        return
    if v.total(lines) < 0:
        raise RecordUnusable(RecordRefusal.BAD_AMOUNT)
    who, store = told.customer(first["email"], first["card"]), v.place(first["store"], told)
    codes = tuple(dict.fromkeys(filter(None, (text(row["voucher"]) for row in rows))))
    version, channel = 1 + voided, SalesChannel.STORE
    yield Purchase(
        told.source, name, version, at, channel, code, v.total(lines), lines, who, store, codes, voided=voided
    )


def _line(number: int, row: Row, code: str) -> OrderLine:
    sku, category = v.identifier(row["sku"]), v.name(row["category"])
    return OrderLine(str(number), sku, v.milli(row["quantity"]), v.minor(row["amount"], code), category)
