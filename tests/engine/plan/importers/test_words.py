"""What names of layers say, in the languages that drawings come in."""

from __future__ import annotations

import pytest

from engine.plan.importers.words import (
    clean,
    fixture_category,
    id_like,
    is_mac,
    kinds_of_layer,
    opening_category,
    some,
    unique_id,
    wall_material,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("A-WALL", "wall"), ("murs_porteurs", "wall"), ("Wände", "wall"), ("CLOISONS", "wall"), ("A-GLAZ", "wall"),
        ("points_wifi", "access_point"), ("Points d'accès", "access_point"), ("AP-WIFI", "access_point"),
        ("accessPoints", "access_point"), ("bornes magasin", "access_point"), ("rayonnages", "fixture"),
        ("GONDOLES", "fixture"), ("Regale", "fixture"), ("rafturi", "fixture"), ("A-FURN", "fixture"),
        ("S-COLS", "fixture"),
        ("zones", "section"), ("Abteilungen", "section"), ("rayons", "section"), ("limite_magasin", "level"),
        ("Grundriss", "level"), ("shop_outline", "level"), ("Portes", "opening"), ("A-DOOR", "opening"),
        ("Caisses", "opening"), ("COTES", "ignore"), ("A-ANNO-DIMS", "ignore"),
    ],
)  # fmt: skip
def test_what_a_layer_holds(name: str, kind: str) -> None:
    assert kinds_of_layer(name)[0] == kind


@pytest.mark.parametrize("name", ["", "CALQUE 1", "0", "Layer_12", "été"])
def test_what_tells_nothing(name: str) -> None:
    assert kinds_of_layer(name) == []


def test_what_things_are() -> None:
    assert [fixture_category(n) for n in ("GONDOLES", "Poteaux BA", "frigos", "comptoir")] == [
        "gondola", "pillar", "fridge", "counter",
    ]  # fmt: skip
    assert [opening_category(n) for n in ("porte", "Sortie de secours", "caisse 1", "retrait", "drive")] == [
        "entrance", "exit", "checkout", "pickup", "drive",
    ]  # fmt: skip
    assert [wall_material(n) for n in ("A-WALL", "MURS BÉTON", "cloison placo", "FENÊTRES")] == [
        "", "concrete", "drywall", "glass",
    ]  # fmt: skip


def test_ids_and_texts() -> None:
    assert id_like("Fruits & légumes") == "fruits-legumes"
    assert (id_like("été"), id_like("!?")) == ("ete", "")
    taken: dict[str, int] = {}
    assert [unique_id(wish, taken) for wish in ("a", "a", "a-2", "a", "b")] == ["a", "a-2", "a-2-2", "a-3", "b"]
    assert clean("  a\nb\x00\ud800 ") == "a b"
    assert (clean(None), clean(True), clean(3), clean(["x"]), clean("x" * 300, 5)) == ("", "", "3", "", "xxxxx")
    assert some(["a", "b", "c"], 2) == "a, b and 1 more"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("02-00-5E-00-53-01", True),
        ("0200.5e00.5301", True),
        ("02005E005301", True),
        ("00:00:00:00:00:00", False),
        ("", False),
    ],
)
def test_what_is_a_receivers_mac(text: str, is_one: bool) -> None:
    assert is_mac(text) is is_one


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("points_wifi_magasin", ["access_point", "level"]),
        ("shopWindows", ["wall", "level"]),
        ("puncte de acces", ["access_point", "opening"]),
        ("access point", ["access_point"]),
        ("Accès", ["opening"]),
        ("texte rayons", ["section", "ignore"]),
        ("mur2", ["wall"]),
        ("murx", []),
    ],
)
def test_the_most_telling_kind_comes_first(name: str, kinds: list[str]) -> None:
    assert kinds_of_layer(name) == kinds


def test_lists_and_ids_have_their_lengths() -> None:
    assert some("abcdef") == "a, b, c, d, e and 1 more"
    assert (some("abcde"), some("ab", 2), some([]), some([1, 2, 3], 1)) == ("a, b, c, d, e", "a, b", "", "1 and 2 more")
    assert (len(clean("x" * 300)), len(clean(" " + "x" * 300))) == (200, 200)
    assert (clean("ab cd", 3), clean(0), clean(2.5), clean(b"x")) == ("ab", "0", "2.5", "")
    assert id_like("é" * 120) == "e" * 100
    assert id_like("a" * 99 + " b") == "a" * 99
    assert (id_like("Straße Œuvre"), id_like("")) == ("strasse-oeuvre", "")
    taken: dict[str, int] = {}
    assert [unique_id("x", taken) for _ in range(4)] == ["x", "x-2", "x-3", "x-4"]
    assert [fixture_category(n) for n in ("", "Cols 3", "caisse", "frais", "table basse")] == [
        "gondola", "pillar", "checkout", "fridge", "table",
    ]  # fmt: skip
