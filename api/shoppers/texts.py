"""Every sentence of the shopper's pages, in French and English, and which of the two a request wants."""

from __future__ import annotations

from typing import Literal

from fastapi import Request

Language = Literal["fr", "en"]
TEXT_VERSION = "2026-11"
"""Version of the consent texts below; logged with every answer. A changed sentence needs a new version."""

CONSENTS: dict[Language, dict[str, tuple[str, str]]] = {
    "fr": {
        "location_offers:page": (
            "Des offres là où je me trouve",
            "Mon téléphone est situé dans le magasin pendant ma visite ; des coupons s'affichent sur ma page quand je "
            "suis près des produits. Mes trajets sont effacés sous 24 heures, seules mes visites de rayons restent.",
        ),
        "statistics:any": (
            "Mieux aménager le magasin",
            "Mes visites comptent dans les statistiques d'affluence d'une visite à l'autre.",
        ),
    },
    "en": {
        "location_offers:page": (
            "Offers where I stand",
            "My phone is located inside the shop during my visit; coupons appear on my page when I am near products. "
            "My paths are deleted within 24 hours, only my visits to departments remain.",
        ),
        "statistics:any": (
            "A better laid-out shop",
            "My visits count in footfall statistics from one visit to the next.",
        ),
    },
}

PAGES: dict[Language, dict[str, str]] = {
    "fr": {
        "welcome": "Bienvenue",
        "wifi_lead": "Le Wi-Fi est gratuit. Rien n'est coché : choisissez, ou laissez tout vide.",
        "wifi_title": "Wi-Fi du magasin",
        "choices": "Ce que j'accepte",
        "name": "Prénom (facultatif)",
        "connect": "Se connecter",
        "text_version": "Texte version",
        "withdraw_note": "Vous pouvez tout retirer d'un geste, à tout moment, sur « Ma page ».",
        "opt_out": "Ne pas être suivi",
        "connected": "Vous êtes connecté",
        "connected_bare": "Rien n'est gardé sur vous. Bonne visite !",
        "connected_lead": "Gardez votre page ouverte pendant vos courses : vos coupons s'y affichent.",
        "open_me": "Ouvrir ma page",
        "open_browser": "Cette fenêtre peut se fermer seule. Pour garder votre page, ouvrez ce lien dans votre "
        "navigateur (valable 15 minutes) :",
        "back": "Revenir aux choix",
        "my_page": "Ma page",
        "no_session": "Cette page s'ouvre après la connexion au Wi-Fi du magasin.",
        "hello": "Bonjour",
        "live": "En direct",
        "offline": "Hors ligne, nouvelle tentative…",
        "points": "points",
        "pending_points": "en attente",
        "empty_title": "Pas encore de coupon",
        "empty_text": "Promenez-vous : une offre s'affichera ici quand vous serez près du produit.",
        "empty_off": "Les offres sont désactivées. Vous pouvez les activer ci-dessous.",
        "code_hint": "À présenter en caisse",
        "valid_for": "Encore",
        "expired": "Expiré",
        "redeemed": "Utilisé",
        "voided": "Annulé",
        "why": "Pourquoi cette offre ?",
        "less": "Moins souvent",
        "mute": "Pas ce magasin",
        "never": "Plus jamais",
        "share": "Partager",
        "share_hint": "Des points pour chaque personne qui ouvre votre lien.",
        "copy": "Copier le lien",
        "copied": "Lien copié",
        "email": "E-mail",
        "earlier": "Plus tôt",
        "settings": "Mes choix",
        "saved": "Enregistré",
        "delete": "Tout effacer",
        "delete_confirm": "Effacer votre profil, vos coupons et vos points ? C'est immédiat et définitif.",
        "deleted": "Tout est effacé.",
        "data": "Mes données",
        "export": "Télécharger mes données",
        "failed": "Cela n'a pas marché. Réessayez.",
        "done_less": "Entendu : moins souvent.",
        "done_mute": "Entendu : plus d'offres de ce magasin.",
        "done_never": "Entendu : plus d'offres.",
        "till": "Caisse",
        "managers": "Responsables",
        "health": "État",
        "no_device_linked": "Vous êtes connecté au Wi-Fi. Ce téléphone est lié à un autre profil : ouvrez votre page "
        "dans le navigateur où vous l'aviez créée.",
    },
    "en": {
        "welcome": "Welcome",
        "wifi_lead": "Wi-Fi is free. Nothing is ticked: choose, or leave everything empty.",
        "wifi_title": "Shop Wi-Fi",
        "choices": "What I agree to",
        "name": "First name (optional)",
        "connect": "Connect",
        "text_version": "Text version",
        "withdraw_note": "You can withdraw everything in one tap, at any time, on “My page”.",
        "opt_out": "Not be followed",
        "connected": "You are connected",
        "connected_bare": "Nothing is kept about you. Enjoy your visit!",
        "connected_lead": "Keep your page open while you shop: your coupons appear there.",
        "open_me": "Open my page",
        "open_browser": "This window may close by itself. To keep your page, open this link in your browser "
        "(valid for 15 minutes):",
        "back": "Back to the choices",
        "my_page": "My page",
        "no_session": "This page opens after signing in to the shop's Wi-Fi.",
        "hello": "Hello",
        "live": "Live",
        "offline": "Offline, trying again…",
        "points": "points",
        "pending_points": "pending",
        "empty_title": "No coupon yet",
        "empty_text": "Have a walk: an offer appears here when you are near the product.",
        "empty_off": "Offers are off. You can turn them on below.",
        "code_hint": "Show this at the till",
        "valid_for": "Valid for",
        "expired": "Expired",
        "redeemed": "Used",
        "voided": "Cancelled",
        "why": "Why this offer?",
        "less": "Less often",
        "mute": "Not this shop",
        "never": "Never again",
        "share": "Share",
        "share_hint": "Points for every person who opens your link.",
        "copy": "Copy link",
        "copied": "Link copied",
        "email": "E-mail",
        "earlier": "Earlier",
        "settings": "My choices",
        "saved": "Saved",
        "delete": "Delete everything",
        "delete_confirm": "Delete your profile, coupons and points? It is immediate and final.",
        "deleted": "Everything is deleted.",
        "data": "My data",
        "export": "Download my data",
        "failed": "That did not work. Try again.",
        "done_less": "Understood: less often.",
        "done_mute": "Understood: no more offers from this shop.",
        "done_never": "Understood: no more offers.",
        "till": "Till",
        "managers": "Managers",
        "health": "Health",
        "no_device_linked": "You are on the Wi-Fi. This phone is linked to another profile: open your page in the "
        "browser in which you made it.",
    },
}


def language(request: Request) -> Language:
    """`?lang=` first, then Accept-Language in its order of preference; French where neither says."""
    asked = request.query_params.get("lang", "").lower()
    if asked in ("fr", "en"):
        return "fr" if asked == "fr" else "en"
    wanted: list[tuple[float, int, str]] = []
    for i, part in enumerate(request.headers.get("accept-language", "").split(",")):
        tag, _, quality = part.strip().lower().partition(";q=")
        try:
            wanted.append((-float(quality or 1), i, tag[:2]))
        except ValueError:
            continue  # not a quality: the tag is left out, as if it were not there
    for _, _, tag in sorted(wanted):
        if tag in ("fr", "en"):
            return "fr" if tag == "fr" else "en"
    return "fr"
