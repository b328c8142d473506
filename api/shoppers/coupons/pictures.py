"""A picture for a product that has none: the tint and sign of its category, the same on every page."""

from __future__ import annotations

import hashlib

_SIGNS = {
    "bottle": ("drink", "boisson", "beverage", "wine", "vin", "juice", "water", "tea", "coffee"),
    "leaf": ("fruit", "vegetable", "legume", "garden", "jardin", "organic", "bio", "plant", "fresh"),
    "round": ("dairy", "fromage", "cheese", "bakery", "bread", "pain", "cake", "sweet", "pet"),
    "shirt": ("cloth", "mode", "fashion", "shirt", "textile", "shoe", "sport", "apparel"),
    "plug": ("electr", "tool", "phone", "computer", "tv", "light", "kitchen", "dish"),
}
_PATHS = {
    "bottle": "M28 12h8v8l6 8v22a4 4 0 0 1-4 4H26a4 4 0 0 1-4-4V28l6-8z",
    "leaf": "M14 50C10 26 26 12 52 12c0 26-12 40-34 38m0 0l18-22",
    "round": "M12 36a20 20 0 1 1 40 0 20 20 0 0 1-40 0zm12-6h.1M36 26h.1M32 42h.1M42 38h.1",
    "shirt": "M22 12l-12 8 6 10 6-3v27h20V27l6 3 6-10-12-8c-4 6-16 6-20 0z",
    "plug": "M24 10v12m16-12v12M18 22h28v8a14 14 0 0 1-28 0zm14 22v12",
    "tag": "M12 14h20l22 22-18 18-24-22zm10 8h.1",
}


def picture_svg(category: str) -> str:
    """An `<svg>` with a viewBox and no size of its own; it says nothing that the title beside it does not."""
    name = category.casefold()
    sign = next((sign for sign, words in _SIGNS.items() if any(word in name for word in words)), "tag")
    hue = int.from_bytes(hashlib.sha256(name.encode()).digest()[:2], "big") % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" aria-hidden="true">'
        f'<rect width="64" height="64" rx="12" fill="hsl({hue} 45% 88%)"/>'
        f'<path d="{_PATHS[sign]}" fill="none" stroke="hsl({hue} 55% 28%)" stroke-width="3.500" '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
