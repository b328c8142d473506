"""The command `rayon`, as it is started: nothing is imported that the asked-for command does not use."""

from __future__ import annotations

import sys

SEEK_GARBAGE_AFTER = 50_000
"""Objects made and not yet freed. After Python's 700, a tenth to a quarter of a server's start went into looking for
garbage among modules, which stay."""

ENDED_BY_SIGINT = 130


def main() -> None:
    """Runs the command line. An operator's mistakes are printed one a line, with exit status 2."""
    try:
        _run()
    except KeyboardInterrupt:  # while modules load; of a command that runs Typer makes the same
        sys.exit(ENDED_BY_SIGINT)


def _run() -> None:
    # imported here: these take long enough for somebody to press Ctrl-C
    from api.cli.version import version_line
    from engine.errors import OperatorError, StorageUnavailable

    if sys.argv[1:] == ["--version"]:  # answered before Typer is imported, which takes longer than all the rest of it
        print(version_line())
        return
    import gc

    gc.set_threshold(SEEK_GARBAGE_AFTER)
    from api.cli.commands import build

    try:
        build()(prog_name="rayon")
    except OperatorError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        n = len(error.problems)
        left = error.left or "nothing was started or written"
        print(f"{n} problem{'s' if n != 1 else ''} found; {left}.", file=sys.stderr)
        sys.exit(2)
    except StorageUnavailable as error:
        print(f"The database cannot be used: {error}. {error.fix}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
