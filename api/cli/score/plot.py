"""The picture of `rayon score --plot`: the share of fixes within so many metres."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files.write import whole_file
from engine.referee.places import ErrorReport


def draw_errors(path: Path, report: ErrorReport) -> None:
    """Writes the cumulative distribution of errors. Raises OperatorError without matplotlib or a place to write."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise OperatorError([Problem(str(path), "--plot", "needs matplotlib", "pip install 'rayon[plots]'")]) from error
    errors = np.sort(report.errors_m)
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.step(np.append(0.0, errors), np.linspace(0, 1, len(errors) + 1), where="post", color="#0b6e4f")
    for share in (0.5, 0.9):
        if len(errors):
            metres = float(np.percentile(errors, 100 * share))
            axes.plot([0, metres, metres], [share, share, 0], color="#888888", linewidth=0.8, linestyle="--")
            axes.annotate(f"{share:.0%}: {metres:.2f} m", (metres, share), textcoords="offset points", xytext=(6, -12))
    axes.set(xlabel="error, m", ylabel="share of fixes", ylim=(0, 1), xlim=(0, None), title=f"{len(errors)} fixes")
    axes.grid(alpha=0.3)
    try:
        with whole_file(path, "--plot", "a writable .png, .svg or .pdf") as draft:
            figure.savefig(draft, dpi=150)
    except ValueError as error:
        raise OperatorError([Problem(str(path), "--plot", str(error), "a writable .png, .svg or .pdf")]) from error
