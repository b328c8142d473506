"""The site's segments, as managers see them: what they are called, and how many people are in each as far as told."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.auth import needs
from api.campaigns.desk import segment_names
from api.campaigns.said import segment_name
from api.context import AppContext, context
from api.problems import problem_responses
from api.tagged import TaggedRoute
from api.texts.catalogue import Words, words
from api.texts.language import Language
from engine.storage.segments.counts import segment_counts
from engine.vocabulary import Right

Choice = tuple[str, str]
"""A value of a form's list, and what is read there."""
router = APIRouter(
    prefix="/v1/stores/{store}/segments",
    tags=["campaigns"],
    dependencies=[Depends(needs(Right.SEE_CAMPAIGNS))],
    responses=problem_responses(401, 403, 404),
    route_class=TaggedRoute,
)


class SegmentOut(BaseModel):
    """A segment of the site."""

    name: str = Field(description="What `audience.segments` calls it.")
    fr: str
    en: str
    people: int | None = Field(description="In whole ks, of the site; null: nobody, or fewer than k.")


class SegmentList(BaseModel):
    """In the order of the configuration."""

    items: list[SegmentOut]


@router.get("", summary="Segments of shoppers")
def list_segments(store: str, ctx: AppContext = Depends(context)) -> SegmentList:
    """What audiences may name, with how many people are in each. People are the site's; the store says who may ask."""
    ctx.plan(store)
    people = _people(ctx)
    return SegmentList(
        items=[SegmentOut(name=s.name, fr=s.fr, en=s.en, people=people[s.name] or None) for s in ctx.config.segments]
    )


def segment_choices(ctx: AppContext, lang: Language) -> list[tuple[str, str]]:
    """Name and label of each, with its people, for a form."""
    t, people = words(lang), _people(ctx)
    return [
        (s.name, t.campaigns.of_segment.format(name=segment_name(s, lang), n=people[s.name]))
        if people[s.name]
        else (s.name, t.campaigns.of_few.format(name=segment_name(s, lang), k=ctx.config.privacy.k))
        for s in ctx.config.segments
    ]


def _people(ctx: AppContext) -> dict[str, int]:
    privacy, names = ctx.config.privacy, segment_names(ctx)
    return segment_counts(ctx.db, names, k=privacy.k, block_s=privacy.block_s, now=time.time()) if names else {}


def interest_choices(fields: Mapping[str, str], goods: Sequence[Choice], t: Words) -> dict[str, list[Choice]]:
    """What a form offers for who is after something: `goods` are categories and products, and what is chosen already,
    be it of the e-shop alone; and by what it shows."""
    interests = [("", t.campaigns.any_interest), *goods]
    chosen = fields.get("interested", "")
    if chosen not in dict(interests):
        interests.append((chosen, chosen.partition(":")[2]))
    hows = [("viewed_online", t.campaigns.how_viewed), ("stopped_in_store", t.campaigns.how_stopped)]
    return {"interests": interests, "hows": hows}
