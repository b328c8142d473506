"""Every kind of shop system, by the name that `sources:` and `rayon decode` know it by."""

from __future__ import annotations

from collections.abc import Mapping

from engine.ingest.shops.heard import ShopDecoder
from engine.ingest.shops.odoo import decode_odoo
from engine.ingest.shops.own import decode_own
from engine.ingest.shops.prestashop import decode_prestashop
from engine.ingest.shops.receipts_csv import decode_receipts_csv
from engine.ingest.shops.shopify import decode_shopify
from engine.ingest.shops.woocommerce import decode_woocommerce

SHOP_DECODERS: Mapping[str, ShopDecoder] = {
    "shop": decode_own,
    "shopify": decode_shopify,
    "woocommerce": decode_woocommerce,
    "prestashop": decode_prestashop,
    "odoo-pos": decode_odoo,
    "receipts-csv": decode_receipts_csv,
}
