"""Names as people and programs write them: clean lines of text, ids, and what a layer's name says it holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from engine.plan.model import ap_key, is_no_receiver

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")

KINDS = ("level", "wall", "fixture", "section", "opening", "access_point", "ignore")
"""What a layer of a drawing may be said to hold."""

_WORDS: dict[str, str] = {
    "access_point": "wifi wlan ap aps accesspoint accesspoints antenne antenna borne bornes router wap puntoacceso",
    "opening": """door doors porte portes entree entrees entrance entrances exit sortie tur tueren turen eingang ausgang
        puerta puertas entrada salida porta usa usi intrare iesire opening openings ouverture ouvertures acces caisse
        caisses checkout checkouts till tills kasse kassen caja cajas cassa casse retrait pickup""",
    "wall": """glaz glazing vitrine vitrines vitrage vitrages window windows fenetre fenetres fenster ventana ventanas
        finestra finestre fereastra ferestre wall walls mur murs cloison cloisons wand wande waende mauer muro muri
        muros pared paredes perete pereti parete partition partitions muren structure""",
    "fixture": """shelf shelves shelving rack racks gondola gondolas gondole gondoles rayonnage rayonnages rayonage
        etagere etageres meuble meubles mobilier furniture furn fixture fixtures regal regale mobel moebel scaffale
        scaffali scaffalatura estante estantes estanteria raft rafturi mobila mobilier equip equipment presentoir
        pillar pilier poteau column columns cols colonne colonnes pilar schap schappen kiosk""",
    "section": """zone zones section sections department departments departement rayon rayons secteur secteurs univers
        abteilung abteilungen bereich bereiche reparto reparti seccion secciones zona zonas area areas space spaces
        room rooms piece pieces espace espaces sector sectoare categorie afdeling""",
    "level": """level levels floor floors niveau niveaux etage etages limite limites limit contour contours emprise
        outline outlines boundary perimetre perimeter perimetru perimetro grundriss umriss magasin magasins shop store
        building batiment cladire gebaude gebaeude edificio etaj nivel piano planta geschoss surface plan slab dalle
        footprint magazin negozio tienda laden winkel""",
    "ignore": """text texte texts textes cote cotes dim dims dimension dimensions cotation defpoints annotation anno
        titre title cartouche viewport vport grid axe axes hatch hachure label labels legende legend""",
}
_BY_WORD = {word: kind for kind, words in _WORDS.items() for word in words.split()}


def clean(text: Any, at_most: int = 200) -> str:
    """A text on one line without what no file can hold; empty for what is no text."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return ""
    return _UNFIT.sub(" ", str(text)).strip()[:at_most].strip()


@lru_cache(20_000)
def plain(text: str) -> str:
    """Lower case without accents: `Étage n°2` is `etage n 2`."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", bare.lower().replace("ß", "ss").replace("œ", "oe")).strip()


def id_like(text: str) -> str:
    """A text as an id: `Fruits & légumes` is `fruits-legumes`. Empty where nothing is left of it."""
    return plain(text).replace(" ", "-")[:100].strip("-")


def is_mac(text: str) -> bool:
    """Whether a text is a receiver's MAC, in any spelling."""
    return re.fullmatch("[0-9a-f]{12}", ap_key(text)) is not None and not is_no_receiver(text)


def unique_id(wanted: str, taken: dict[str, int]) -> str:
    """`wanted`, or with a number behind it where it is taken; it is taken from now on. `taken` maps each id to the
    number that was given last."""
    made = wanted
    while made in taken:
        taken[wanted] += 1
        made = f"{wanted}-{taken[wanted]}"
    taken[made] = 1
    return made


def kinds_of_layer(name: str) -> list[str]:
    """What a layer of this name may hold (of `KINDS`), the most telling word's first: `points_wifi_magasin` are access
    points rather than a shop. Empty where its name does not tell."""
    words = plain(_split_humps(name))
    found = {_BY_WORD[word] for word in re.findall(r"[a-z]+", words) if word in _BY_WORD}
    if re.search(r"\b(access point|points? (d )?acces|puncte? (de )?acces|punt(o|os|i) (de |di )?acces)", words):
        found.add("access_point")
    return [kind for kind in _WORDS if kind in found]


_FIXTURES = {
    "pillar": "pillar cols pilier piliers poteau poteaux column columns colonne colonnes pilar saule stalp",
    "fridge": "fridge frigo frigos froid frais kuhl kuhlregal refrigerator frigider",
    "freezer": "freezer congelateur congelateurs surgele surgeles congelator tiefkuhl",
    "counter": "counter comptoir comptoirs banque theke mostrador banco tejghea desk",
    "checkout": "caisse caisses checkout checkouts till tills kasse kassen caja cajas cassa casse",
    "table": "table tables tisch tavolo mesa masa",
}
_OPENINGS = {
    "checkout": _FIXTURES["checkout"],
    "drive": "drive",
    "locker": "locker lockers consigne consignes schliessfach",
    "pickup": "pickup retrait collect abholung",
    "exit": "exit sortie sorties ausgang salida uscita iesire secours emergency",
}


_MATERIALS = {
    "glass": """glass glaz glazing vitre vitrine vitrines vitrage verre glas vetro vidrio sticla curtain window windows
        fenetre fenetres fenster ventana ventanas finestra finestre fereastra ferestre""",
    "concrete": "concrete beton porteur load bearing hormigon calcestruzzo",
    "brick": "brick brique parpaing ziegel mattone ladrillo caramida",
    "drywall": "drywall cloison cloisons placo platre gips gipskarton partition partitions rigips",
    "metal": "metal acier steel stahl",
}


def wall_material(text: str) -> str:
    """The material of a wall that a name speaks of; empty where it does not tell."""
    return _by_word(text, _MATERIALS)


def fixture_category(text: str) -> str:
    """What kind of fixture a name speaks of; a gondola where it does not tell, as most in shops are."""
    return _by_word(text, _FIXTURES) or "gondola"


def opening_category(text: str) -> str:
    """What kind of opening a name speaks of; an entrance where it does not tell."""
    return _by_word(text, _OPENINGS) or "entrance"


def _by_word(text: str, table: dict[str, str]) -> str:
    words = set(plain(text).split())
    return next((kind for kind, known in table.items() if words & set(known.split())), "")


def _split_humps(name: str) -> str:
    return re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", name)


def some(names: Iterable[Any], at_most: int = 5) -> str:
    """A list short enough for one line: `a, b, c and 7 more`."""
    listed = [str(name) for name in names]
    more = len(listed) - at_most
    return ", ".join(listed[:at_most]) + (f" and {more} more" if more > 0 else "")
