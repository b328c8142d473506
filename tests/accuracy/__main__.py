"""`python -m tests.accuracy` compares every referee with the baseline; `--write` makes a new baseline."""

from __future__ import annotations

import sys

from tests.accuracy.referees import baseline, moved, referees, write


def main(arguments: list[str]) -> int:
    """1 when a figure has moved by more than 5 %, better or worse: then look, and write the new baseline."""
    if arguments not in ([], ["--write"]):
        sys.stderr.write("usage: python -m tests.accuracy [--write]\n")
        return 2
    now = {}
    for name, run in referees().items():
        now[name] = run()
        sys.stdout.write(f"{name:45} {'  '.join(f'{k} {v:.3f}' for k, v in now[name].items())}\n")
        sys.stdout.flush()
    if arguments:
        write(now)
        return 0
    then = baseline()
    changes = [line for name, own in now.items() for line in moved(name, own, then)]
    changes += [f"{name}: in the baseline, but no longer run" for name in then if name not in now]
    sys.stdout.write("\n".join(changes or ["All figures are within 5 % of the baseline."]) + "\n")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
