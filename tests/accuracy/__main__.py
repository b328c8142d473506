"""`python -m tests.accuracy` compares every referee with the baseline; `--write` makes a new baseline; `--recordings`
scores measured recordings instead, and `--leave-one-site-out` does so with constants chosen on the other sites."""

from __future__ import annotations

import argparse
import sys

from engine.errors import OperatorError
from tests.accuracy.left_out.report import leave_one_site_out
from tests.accuracy.left_out.search import MOST_ROUNDS
from tests.accuracy.recorded.recordings import folder_of, sites_in, table, with_baselines
from tests.accuracy.referees import baseline, moved, referees, write


def main(arguments: list[str]) -> int:
    """1 when a figure has moved by more than 5 %, better or worse: then look, and write the new baseline. 2 where the
    recordings are not what they should be: each mistake is printed with its place."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy")
    parser.add_argument("--write", action="store_true", help="replace the baseline")
    parser.add_argument(
        "--recordings", nargs="?", const="", metavar="DIR", help="score the sites of this folder (or $RAYON_RECORDINGS)"
    )
    parser.add_argument("--leave-one-site-out", action="store_true", help="choose constants on the other sites")
    parser.add_argument("--minutes", type=float, default=60.0, help="for that search; asked again, it goes on")
    parser.add_argument("--rounds", type=int, default=MOST_ROUNDS, help="of that search, at most")
    asked = parser.parse_args(arguments)
    try:
        if asked.leave_one_site_out:
            return leave_one_site_out(folder_of(asked.recordings), asked.minutes, asked.rounds)
        if asked.recordings is not None:
            return _recordings(asked.recordings)
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return _referees(asked.write)


def _recordings(argument: str) -> int:
    folder = folder_of(argument)
    rows = {name: score for site in sites_in(folder) for name, score in site.rows().items()}
    sys.stdout.write("\n".join(table(with_baselines(folder, rows))) + "\n")
    return 0


def _referees(writes: bool) -> int:
    now = {}
    for name, run in referees().items():
        now[name] = run()
        sys.stdout.write(f"{name:45} {'  '.join(f'{k} {v:.3f}' for k, v in now[name].items())}\n")
        sys.stdout.flush()
    if writes:
        write(now)
        return 0
    then = baseline()
    changes = [line for name, own in now.items() for line in moved(name, own, then)]
    changes += [f"{name}: in the baseline, but no longer run" for name in then if name not in now]
    sys.stdout.write("\n".join(changes or ["All figures are within 5 % of the baseline."]) + "\n")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
