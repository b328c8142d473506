"""What every page has at hand."""

from __future__ import annotations

import pytest

from api.pages import STATIC, LetterLink, begins_with, render_letter, without_remarks
from tests.api.site import Site


@pytest.mark.parametrize(
    ("title", "badge", "said"),
    [
        ("\u221220\u00a0% sur le thé", "\u221220\u202f%", True),
        ("-10 % sur la cave", "\u221210\u00a0%", True),
        ("2 + 1 at \u221250%", "2 + 1", True),
        ("Le thé vert à \u221220 %", "\u221220 %", False),
        ("Thé", "", False),
    ],
)
def test_a_title_that_begins_with_its_badge(title: str, badge: str, said: bool) -> None:
    assert begins_with(title, badge) is said


def test_a_letter_says_its_language_and_holds_nothing_but_what_it_says() -> None:
    link = LetterLink("https://shop.example/id/x?lang=fr&a=1", "Ouvrir <ici>")
    html = render_letter("fr", "Reçu <b>", ["Bonjour & bienvenue\nà vous", link])
    assert '<html lang="fr">' in html
    assert html.count("Reçu &lt;b&gt;") == 2  # as title and as heading
    assert "<p>Bonjour &amp; bienvenue<br>à vous</p>" in html
    assert '<p><a href="https://shop.example/id/x?lang=fr&amp;a=1">Ouvrir &lt;ici&gt;</a></p>' in html


def test_what_remarks_are_left_out_of_scripts_is_no_code() -> None:
    """Served without their lines of remarks: none of those stands within a text over several lines."""
    for path in STATIC.glob("*.js"):
        script, within = path.read_text(encoding="utf-8"), False
        for line in script.splitlines():
            assert not (within and line.lstrip().startswith("//")), f"{path.name}: {line}"
            within ^= line.count("`") % 2 == 1
        served = without_remarks(script).splitlines()
        assert served == [line for line in script.splitlines() if not line.strip().startswith("//")]
        assert len(served) < len(script.splitlines()) or "// " not in script, path.name


def test_a_script_is_served_without_remarks_and_known_again(site: Site) -> None:
    with site.client() as phone:
        came = phone.get("/static/clock.js")
        assert came.text == without_remarks((STATIC / "clock.js").read_text(encoding="utf-8"))
        assert came.headers["content-type"].startswith("text/javascript")
        again = phone.get("/static/clock.js", headers={"If-None-Match": came.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert phone.head("/static/clock.js").status_code == 200
        vendor = next(p for p in sorted((STATIC / "vendor").rglob("*.js")))
        assert phone.get(f"/static/{vendor.relative_to(STATIC).as_posix()}").content == vendor.read_bytes()
