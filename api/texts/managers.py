"""Every sentence of the managers' pages, in French and English."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from api.texts.language import Language

TEXTS: dict[Language, dict[str, str]] = {
    "fr": {
        "stores": "Vos magasins",
        "zones_n": "rayons",
        "open": "Voir le magasin",
        "now": "Maintenant",
        "today": "Aujourd'hui",
        "yesterday": "Hier",
        "week": "7 jours",
        "year": "12 mois",
        "last_year": "L'an dernier",
        "all_day": "Toute la journée",
        "level": "Niveau",
        "hour": "Heure",
        "hot_now": "Zones chaudes maintenant",
        "hot_then": "Zones chaudes",
        "none_hot": "Aucun rayon ne dépasse nettement le reste du magasin",
        "too_little": "Pas encore assez de données pour dire où c'est chaud",
        "no_heat": "Du temps par rayon, mais pas de carte de chaleur sur cette période",
        "hot": "zone chaude",
        "not_hot": "",
        "not_enough_evidence": "pas assez de données",
        "plan": "Où sont les clients",
        "scale": "× la moyenne du magasin",
        "outline": "nettement plus fréquenté (Gi*, q < 5 %)",
        "ranking": "Rayons par temps passé",
        "in_all": "de présence",
        "visits": "visites",
        "each": "en moyenne",
        "by_hour": "Affluence par heure",
        "by_hour_mean": "Affluence par heure, moyenne des 7 jours",
        "by_hour_year": "Affluence par heure, moyenne des 12 mois",
        "by_hour_last_year": "Affluence par heure, moyenne de l'an dernier",
        "people_mean": "personnes en moyenne",
        "flows": "Et ensuite ? D'un rayon à l'autre",
        "flows_how": "Ligne : d'où ; colonne : où ensuite. En pour cent de ceux qui quittent le rayon.",
        "outside": "Dehors",
        "no_flows": "Aucun passage d'un rayon à l'autre sur cette période.",
        "connected": "appareils connectés",
        "issued": "coupons émis",
        "acknowledged": "coupons reçus",
        "redeemed": "coupons utilisés",
        "points": "points de partage",
        "decisions": "Coupons : pourquoi oui, pourquoi non",
        "latest": "Dernières décisions",
        "no_decisions": "Aucune décision sur cette période.",
        "live": "en direct",
        "stale": "moteur muet depuis",
        "no_engine": "moteur à l'arrêt",
        "updated": "Mis à jour à",
        "since": "depuis",
        "unknown": "Ce magasin n'existe pas",
        "back": "Tous les magasins",
        "away": "La base de données ne répond pas ; nouvel essai dans quelques secondes.",
        "privacy": "Des comptages seulement : cette page ne montre le parcours de personne.",
        "sign_out": "Quitter",
    },
    "en": {
        "stores": "Your stores",
        "zones_n": "zones",
        "open": "Open the store",
        "now": "Now",
        "today": "Today",
        "yesterday": "Yesterday",
        "week": "7 days",
        "year": "12 months",
        "last_year": "Last year",
        "all_day": "All day",
        "level": "Level",
        "hour": "Hour",
        "hot_now": "Hot zones now",
        "hot_then": "Hot zones",
        "none_hot": "No zone stands clearly above the rest of the store",
        "too_little": "Not enough data yet to say where it is hot",
        "no_heat": "Time by zone, but no heat map for this period",
        "hot": "hot zone",
        "not_hot": "",
        "not_enough_evidence": "not enough data",
        "plan": "Where shoppers are",
        "scale": "× the store's mean",
        "outline": "clearly busier (Gi*, q < 5 %)",
        "ranking": "Zones by time spent",
        "in_all": "in all",
        "visits": "visits",
        "each": "each",
        "by_hour": "People by hour",
        "by_hour_mean": "People by hour, mean of 7 days",
        "by_hour_year": "People by hour, mean of 12 months",
        "by_hour_last_year": "People by hour, mean of last year",
        "people_mean": "people on average",
        "flows": "And next? From zone to zone",
        "flows_how": "Row: from where; column: where next. In per cent of those who leave the zone.",
        "outside": "Outside",
        "no_flows": "No one went from one zone to another in this period.",
        "connected": "connected devices",
        "issued": "coupons issued",
        "acknowledged": "coupons received",
        "redeemed": "coupons redeemed",
        "points": "sharing points",
        "decisions": "Coupons: why, and why not",
        "latest": "Latest decisions",
        "no_decisions": "No decisions in this period.",
        "live": "live",
        "stale": "engine silent for",
        "no_engine": "engine not running",
        "updated": "Updated at",
        "since": "since",
        "unknown": "There is no such store",
        "back": "All stores",
        "away": "The database does not answer; trying again in a few seconds.",
        "privacy": "Counts only: this page shows no one's way through the store.",
        "sign_out": "Sign out",
    },
}

EVIDENCE: dict[Language, dict[str, str]] = {
    "fr": {
        "person_s": "moins d'une demi-heure de présence observée sur ce niveau",
        "fixes": "trop peu de positions observées sur ce niveau",
        "squares": "niveau trop petit pour comparer",
        "zone_squares": "rayon trop petit pour comparer",
        "zone_visits": "moins de 3 visites terminées",
        "hot_squares": "nettement plus fréquenté que le reste du niveau",
        "few_hot_squares": "quelques points chauds, moins d'un quart du rayon",
        "no_hot_squares": "comme le reste du niveau",
    },
    "en": {
        "person_s": "less than half an hour of presence seen on this level",
        "fixes": "too few positions seen on this level",
        "squares": "level too small to compare",
        "zone_squares": "zone too small to compare",
        "zone_visits": "fewer than 3 finished visits",
        "hot_squares": "clearly busier than the rest of the level",
        "few_hot_squares": "some hot spots, less than a quarter of the zone",
        "no_hot_squares": "like the rest of the level",
    },
}

REASONS: dict[str, tuple[str, str]] = {
    "ok": ("coupon émis", "coupon issued"),
    "no_consent": ("pas de consentement aux offres", "no consent to offers"),
    "cap_visit": ("déjà un coupon pendant cette visite", "already a coupon on this visit"),
    "cap_day": ("plafond du jour atteint", "cap of the day reached"),
    "cap_week": ("plafond de la semaine atteint", "cap of the week reached"),
    "cap_campaign_day": ("plafond du jour de la campagne atteint", "the campaign's cap of the day reached"),
    "cap_campaign_week": ("plafond hebdomadaire de la campagne atteint", "the campaign's cap of the week reached"),
    "campaign_unknown": ("campagne supprimée", "the campaign is gone"),
    "campaign_paused": ("campagne en pause", "the campaign is paused"),
    "already_issued": ("coupon déjà proposé pendant cette visite", "already offered on this visit"),
    "budget": ("budget de la campagne épuisé", "the campaign's budget is spent"),
    "lost_arbitration": ("une meilleure offre a été choisie", "a better offer was chosen"),
    "quiet_hours": ("heures calmes", "quiet hours"),
    "outside_hours": ("hors des horaires de la campagne", "outside the campaign's hours"),
    "not_started": ("campagne pas encore commencée", "the campaign has not begun"),
    "ended": ("campagne terminée", "the campaign has ended"),
    "audience": ("hors de l'audience visée", "not in the audience"),
    "holdout": ("groupe témoin", "control group"),
    "legal_cap": ("au-delà du plafond légal de remise", "above the legal cap on discounts"),
}


def reason_text(reason: str, lang: Language) -> str:
    """A decision's reason in words; a code we have no words for is shown as it is."""
    french, english = REASONS.get(reason, (reason.replace("_", " "),) * 2)
    return french if lang == "fr" else english


def number(value: float, lang: Language, digits: int = 0) -> str:
    """A number as people of the language write it: `1 234,5` or `1,234.5`."""
    text = f"{value:,.{digits}f}"
    return text.replace(",", "\u202f").replace(".", ",") if lang == "fr" else text


def duration(seconds: float | None) -> str:
    """`45 s`, `2 min 05`, `1 h 10`; a dash for None."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d}"
    return f"{whole // 3600} h {whole % 3600 // 60:02d}"


def clock(t: float, timezone: str, *, seconds: bool = False) -> str:
    """The time of day in the store."""
    return dt.datetime.fromtimestamp(t, ZoneInfo(timezone)).strftime("%H:%M:%S" if seconds else "%H:%M")


_MONTHS: dict[Language, tuple[str, ...]] = {
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def year(t: float, timezone: str) -> str:
    """The year in the store: `2025`."""
    return str(dt.datetime.fromtimestamp(t, ZoneInfo(timezone)).year)


def date(t: float, timezone: str, lang: Language) -> str:
    """The day in the store: `21 nov.` or `21 Nov`."""
    day = dt.datetime.fromtimestamp(t, ZoneInfo(timezone))
    return f"{day.day} {_MONTHS[lang][day.month - 1]}"
