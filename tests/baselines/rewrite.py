"""Rewrites the baselines with today's figures, and says which have moved: `python -m tests.baselines.rewrite`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.baselines.chain import CASES, TOLERANCE, baseline_path, moved, run


def main() -> None:
    """Every case anew."""
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            figures = run(case, Path(folder))
        path = baseline_path(case)
        before = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.is_file() else {}
        changes = moved(figures, before) if before.keys() == figures.keys() else ["all new"]
        said = {"scenario": case.scenario, "seconds": case.seconds, "tolerance": TOLERANCE, "figures": figures}
        path.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
        sys.stdout.write(f"{path.name}: {'; '.join(changes) or 'within the tolerance'}\n")


if __name__ == "__main__":
    main()
