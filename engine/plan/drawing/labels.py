"""Where labels go: inside their zone, wrapped to its width, clear of each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry import Polygon

GLYPH_EM = 0.56  # mean width of a letter of a sans-serif, in font sizes
LINE_EM = 1.2
LARGEST_PX, SMALLEST_PX = 15.0, 8.5  # below the smallest a label is not legible in print: it may stand over the border

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Label:
    """Lines of text centred at pixels x, y."""

    lines: tuple[str, ...]
    x: float
    y: float
    size_px: float


@dataclass
class LabelPlacer:
    """Places labels one after the other; what is placed stays."""

    taken: list[Box] = field(default_factory=list)

    def keep_clear(self, x: float, y: float, radius_px: float) -> None:
        """Reserves the place of an icon."""
        self.taken.append((x - radius_px, y - radius_px, x + radius_px, y + radius_px))

    def place(self, text: str, area: Polygon) -> Label:
        """A label for an area given in pixels: near its middle, where it covers least of what is placed already."""
        x0, _, x1, _ = area.bounds
        lines, size_px = fit(text, x1 - x0 - 6)
        width = max(len(line) for line in lines) * GLYPH_EM * size_px
        height = len(lines) * LINE_EM * size_px
        best: tuple[float, float, float] | None = None
        places = _candidates(area)
        covered = _measure_covered(places, width, height, self.taken)
        for (x, y), over in zip(places, covered, strict=True):
            if best is not None and over >= best[0]:  # what lies outside of the area only adds to it
                continue
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            inside = area.intersection(shapely.box(*box)).area / (width * height)
            cost = over + (1 - inside) * width * height
            if best is None or cost < best[0] - 1e-9:
                best = (cost, x, y)
            if cost < 1e-6:
                break
        assert best is not None
        _, x, y = best
        self.taken.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        return Label(lines, x, y, size_px)


def fit(text: str, width_px: float) -> tuple[tuple[str, ...], float]:
    """The text in one to three lines at the largest size that fits the width."""
    words = text.split()
    choices = [_wrap(words, n) for n in range(1, min(len(words), 3) + 1)]
    sizes = [width_px / (GLYPH_EM * max(len(line) for line in lines)) for lines in choices]
    for lines, size in zip(choices, sizes, strict=True):
        if size >= 12:
            return lines, min(size, LARGEST_PX)
    best = int(np.argmax(sizes))
    return choices[best], min(max(sizes[best], SMALLEST_PX), LARGEST_PX)


def _wrap(words: list[str], n: int) -> tuple[str, ...]:
    """The words in `n` lines, the longest of them as short as can be."""
    if n == 1:
        return (" ".join(words),)
    cuts = [(" ".join(words[:i]), *_wrap(words[i:], n - 1)) for i in range(1, len(words) - n + 2)]
    return min(cuts, key=lambda lines: max(len(line) for line in lines))


def _candidates(area: Polygon) -> list[tuple[float, float]]:
    """Places to try in pixels: the middle first, then a lattice over the area, nearest to the middle first."""
    centre = area.centroid if area.contains(area.centroid) else area.representative_point()
    x0, y0, x1, y1 = area.bounds
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(x0, x1, 9)[1:-1], np.linspace(y0, y1, 17)[1:-1]))
    inside = shapely.contains_xy(area, x, y)
    x, y = x[inside], y[inside]
    order = np.argsort(np.hypot(x - centre.x, y - centre.y), kind="stable")
    return [(centre.x, centre.y), *((float(x[i]), float(y[i])) for i in order)]


def _measure_covered(places: list[tuple[float, float]], width: float, height: float, taken: list[Box]) -> list[float]:
    """Of a box around each place, the area of what is taken already, box by box."""
    if not taken:
        return [0.0] * len(places)
    at, box = np.asarray(places), np.asarray(taken)
    half = np.asarray((width / 2, height / 2))
    low, high = (at - half)[:, None, :], (at + half)[:, None, :]
    shared = np.minimum(high, box[None, :, 2:]) - np.maximum(low, box[None, :, :2])
    areas = np.maximum(shared, 0.0).prod(axis=2)
    return [float(total) for total in areas.sum(axis=1)]
