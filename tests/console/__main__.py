"""`python -m tests.console [NAME…] [--folder DIR] [--days N] [--thin]`: all pages of the console in a real Chromium.

Each page is opened in three sizes and two languages, clicked through, and looked at light and dark: by axe, for words
that are cut, for its width, and for what the browser's console complains of. The pictures and a table of it all go into
the folder. Exits 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.console.listed import pages
from tests.console.seeded import seeded
from tests.console.walk import table, walk
from tests.console.windows import browser, sign_in


def main(arguments: list[str]) -> int:
    """The walk."""
    parser = argparse.ArgumentParser(prog="python -m tests.console")
    parser.add_argument("names", nargs="*", help="of pages; all without any")
    parser.add_argument("--folder", type=Path, default=Path("build/pages"))
    parser.add_argument("--days", type=int, default=35, help="of the busy store")
    parser.add_argument("--thin", action="store_true", help="three looks at each page instead of twelve")
    asked = parser.parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    with seeded(asked.days) as made, browser() as page:
        listed = [one for one in pages(made.person, made.campaign) if not asked.names or one.name in asked.names]
        unknown = set(asked.names) - {one.name for one in listed}
        if unknown:
            parser.error(f"no page is called {', '.join(sorted(unknown))}")
        looks = walk(page, made.url, [one for one in listed if one.signed_out], asked.folder, thin=asked.thin)
        sign_in(page, made)
        looks += walk(page, made.url, [one for one in listed if not one.signed_out], asked.folder, thin=asked.thin)
    said = table(looks)
    (asked.folder / "pages.md").write_text(said, encoding="utf-8")
    sys.stdout.write(said)
    return 1 if any(look.wrong for look in looks) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
