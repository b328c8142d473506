"""What a campaign is on and whom it means, in words, for its page and the list."""

from __future__ import annotations

from collections.abc import Sequence

from api.campaigns.changes import value_words
from api.campaigns.mistakes import key_words
from api.texts.catalogue import words
from api.texts.categories import category_name
from api.texts.language import Language, in_language
from engine.config import SegmentConfig
from engine.offers.campaigns import Campaign
from engine.plan.model import Plan


def segment_name(segment: SegmentConfig, lang: Language) -> str:
    """As its file calls it."""
    return in_language({"fr": segment.fr, "en": segment.en}, lang)


def target_words(campaign: Campaign, plan: Plan, lang: Language) -> str:
    """The product, the category or the basket that the offer takes something off."""
    offer = campaign.offer
    if offer.sku is not None:
        product = plan.product_by_sku.get(offer.sku)
        return product.name if product else offer.sku
    return category_name(plan, offer.category) if offer.category is not None else words(lang).campaigns.basket


def audience_words(campaign: Campaign, plan: Plan, segments: Sequence[SegmentConfig], lang: Language) -> list[str]:
    """Each condition of its audience; one line where everybody who agreed to offers is meant."""
    t, audience = words(lang), campaign.audience
    called = {s.name: segment_name(s, lang) for s in segments}
    said = [t.campaigns.any_of.format(names=" · ".join(called.get(n, n) for n in audience.segments))]
    said = said if audience.segments else []
    if (after := audience.interested) is not None:
        product = plan.product_by_sku.get(after.product or "")
        name = product.name if product else after.product or category_name(plan, after.category or "")
        days = f"{after.within_days:g}"
        if after.how == "viewed_online":
            said.append(t.campaigns.viewed_online.format(name=name, days=days))
        else:
            said.append(t.campaigns.stopped_here.format(name=name, days=days))
    rest = audience.model_dump(mode="json", exclude_defaults=True, exclude={"segments", "interested"})
    for key, value in rest.items():
        path = f"audience.{key}"
        said.append(f"{key_words(path, t)}: {value_words(path, value, t, lang, plan)}")
    return said or [t.campaigns.everybody_agreed]
