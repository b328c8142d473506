"""Stops at products, as histories tell them: each with its chance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LikelyStop:
    """A stop at a product at `at` (s UTC), with the chance that there was one."""

    at: float
    chance: float


@dataclass(frozen=True, slots=True)
class MadeStop:
    """The first stop of a device's stay in the store at the product `sku`."""

    device: int
    sku: str
    stop: LikelyStop
