"""The constants of the locator that were chosen on data, each with a coarse grid: what a search may choose anew.

They stand in frozen settings that functions share, and in modules; a trial changes them there and puts them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.pathloss import DEFAULT_PRIOR
from engine.radio.ridge import DEFAULT_RIDGE

Setting = Mapping[str, float]
"""Values by the constants' names; those that are not named stay."""

ALL_KINDS, ALL_MODELS = ("rssi", "range"), ("no survey", "surveyed", "unlabelled")


@dataclass(frozen=True, slots=True)
class Constant:
    """A field of `owner`, and the values that are tried. `kinds` and `models`: which rows it can move."""

    owner: object
    field: str
    grid: tuple[float, ...]
    kinds: tuple[str, ...] = ALL_KINDS
    models: tuple[str, ...] = ALL_MODELS
    also: tuple[tuple[object, str], ...] = ()
    """Where the same value stands once more."""

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"{type(self.owner).__name__}.{self.field}"

    @property
    def value(self) -> float:
        """What stands there now."""
        return float(getattr(self.owner, self.field))

    def put(self, value: float) -> None:
        """Changes it for everybody, frozen or not."""
        for owner, field in ((self.owner, self.field), *self.also):
            object.__setattr__(owner, field, value)


CONSTANTS = (
    Constant(DEFAULT_PRIOR, "p0_dbm", (-46.0, -42.0, -38.0)),
    Constant(DEFAULT_PRIOR, "p0_spread_db", (7.0, 10.0, 13.0)),
    Constant(DEFAULT_PRIOR, "exponent", (2.0, 2.3, 2.6)),
    Constant(DEFAULT_PRIOR, "bare_exponent", (2.3, 2.6, 2.9)),
    Constant(DEFAULT_PRIOR, "exponent_spread", (0.2, 0.4, 0.6), also=((DEFAULT_RIDGE, "exponent"),)),
    Constant(DEFAULT_PRIOR, "sigma_db", (2.8, 3.5, 4.5)),
    Constant(DEFAULT_SETTINGS, "tail_dof", (3.0, 4.0, 6.0)),
    Constant(DEFAULT_SETTINGS, "plan_memory_s", (2.25, 3.2, 4.5)),
    Constant(DEFAULT_PRIOR, "range_bias_m", (0.0, 0.4, 0.8), kinds=("range",)),
    Constant(DEFAULT_PRIOR, "range_bias_spread_m", (1.0, 1.8, 3.0), kinds=("range",)),
    Constant(DEFAULT_PRIOR, "range_sigma_m", (0.7, 1.0, 1.5), kinds=("range",)),
    Constant(DEFAULT_SETTINGS, "range_memory_s", (3.0, 6.0, 9.0), kinds=("range",)),
    Constant(DEFAULT_SETTINGS, "map_error", (1.0, 1.4, 2.0), kinds=("range",)),
    Constant(DEFAULT_RIDGE, "ap_power_db", (2.0, 3.0, 5.0), models=("surveyed",)),
)
"""The prior of the law and what is believed of a scan: what moves places most. Each evaluation is dear."""


@contextmanager
def changed(setting: Setting, constants: tuple[Constant, ...] = CONSTANTS) -> Iterator[None]:
    """With these values while it lasts."""
    own = [(c, c.value) for c in constants if c.name in setting]
    try:
        for c, _ in own:
            c.put(setting[c.name])
        yield
    finally:
        for c, value in own:
            c.put(value)
