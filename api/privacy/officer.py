"""For the data protection officer: register, impact assessment, consents by wording, and the proof of forgetting."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from api.auth import needs, needs_or_nobody
from api.context import AppContext, context
from api.keyring import Grant
from api.manager_login import OFFICER, sign_in_page
from api.notices import notice_of
from api.pages import page
from api.privacy.assessment import facts_of, risks_of
from api.problems import problem_responses
from api.tagged import TaggedRoute
from api.texts.catalogue import words
from api.texts.consents import wording
from api.texts.language import Language, language
from api.texts.times import moment
from engine.privacy.k_anonymity import whole_ks
from engine.privacy.processing import BASES
from engine.storage.people.answers import AnswerCount, answer_counts
from engine.storage.retention.proofs import proofs
from engine.storage.retention.rules import rules_of
from engine.vocabulary import Right

router = APIRouter(
    prefix="/v1/privacy",
    tags=["privacy"],
    dependencies=[Depends(needs(Right.SEE_PRIVACY, everywhere=True))],
    responses=problem_responses(401, 403, 422),
    route_class=TaggedRoute,
)
pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
SHOWN_PROOFS = 60


class ProcessingOut(BaseModel):
    """A line of the register, in the language asked for."""

    processing: str
    title: str
    data: str
    legal_basis: str
    kept: str


class RegisterOut(BaseModel):
    """The register of processing (GDPR article 30)."""

    controller: str
    address: str
    email: str
    dpo_name: str
    dpo_email: str
    recipients: list[str]
    authority: str
    missing: list[str] = Field(description="Keys of `controller` that are not filled in.")
    processings: list[ProcessingOut]


class RiskOut(BaseModel):
    """A risk, what is done about it, and whether the configuration leaves something open."""

    risk: str
    title: str
    measures: str
    open: str | None = Field(description="What is left to do; null where nothing is.")


class AssessmentOut(BaseModel):
    """The impact assessment (GDPR article 35), filled in from the configuration."""

    facts: dict[str, Any]
    risks: list[RiskOut]


class ConsentCountOut(BaseModel):
    """How often one wording got a yes and a no, in whole steps of k: fewer than k are shown as 0."""

    text_version: str
    consent: str = Field(examples=["location_offers:page"])
    title: str
    yes: int
    no: int
    yes_share: float | None = Field(description="Of the counts as shown; null where there are too few.")


class ConsentCountsOut(BaseModel):
    """All wordings, newest first."""

    k: int
    items: list[ConsentCountOut]


@router.get("/register", summary="The register of processing")
def register(request: Request, ctx: AppContext = Depends(context)) -> RegisterOut:
    """Who is responsible, what is done with which data, on which basis, for how long. `?lang=` or Accept-Language."""
    lang = language(request)
    said, t = notice_of(ctx, lang), words(lang)
    lines = [
        ProcessingOut(
            processing=p,
            title=t.processings[p],
            data=t.processing_data[p].format(k=ctx.config.privacy.k),
            legal_basis=t.bases[BASES[p]],
            kept=t.processing_kept[p].format(**said.days),
        )
        for p in said.processings
    ]
    return RegisterOut(
        controller=said.controller,
        address=said.address,
        email=said.email,
        dpo_name=said.dpo,
        dpo_email=said.dpo_email,
        recipients=list(said.recipients),
        authority=said.authority,
        missing=list(said.missing),
        processings=lines,
    )


@router.get("/assessment", summary="The impact assessment")
def assessment(request: Request, ctx: AppContext = Depends(context)) -> AssessmentOut:
    """Facts of this site, risks, measures with the figures of the configuration, and what is still open."""
    t, facts = words(language(request)), facts_of(ctx)
    return AssessmentOut(
        facts=facts,
        risks=[
            RiskOut(
                risk=row.risk,
                title=t.risks[row.risk],
                measures=t.measures[row.risk].format(**facts),
                open=t.risks_open[row.risk].format(**facts) if row.is_open else None,
            )
            for row in risks_of(ctx)
        ],
    )


@router.get("/consents", summary="Yes and no by wording")
def consents(request: Request, ctx: AppContext = Depends(context)) -> ConsentCountsOut:
    """Of everybody who was asked, also of those of whom nothing else is kept."""
    k = ctx.config.privacy.k
    return ConsentCountsOut(k=k, items=[_count(c, language(request)) for c in answer_counts(ctx.db, k)])


@pages.get(OFFICER, summary="The data protection officer's page")
def officer(
    request: Request,
    ctx: AppContext = Depends(context),
    grant: Grant | None = Depends(needs_or_nobody(Right.SEE_PRIVACY, everywhere=True)),
) -> Response:
    """The same as a page, to be read and printed. Asks for the key where nobody is signed in."""
    if grant is None:
        return sign_in_page(request, OFFICER)
    lang, now = language(request), time.time()
    zone = next((plan.timezone for plan in ctx.plans.values()), "UTC")
    rules = rules_of(ctx.db, ctx.config.retention, ctx.config.storage.data_dir)
    return page(
        request,
        "officer.html",
        register=register(request, ctx),
        assessment=assessment(request, ctx),
        consents=consents(request, ctx),
        periods=[(rule.name, rule.keep_s / 86_400.0) for rule in rules],
        proofs=[replace(p, rows=whole_ks(p.rows, ctx.config.privacy.k)) for p in proofs(ctx.db, limit=SHOWN_PROOFS)],
        when=lambda t: moment(t, zone, lang),
        made=moment(now, zone, lang),
        stores=sorted(plan.name for plan in ctx.plans.values()),
        backups_days=ctx.config.controller.backups_days,
    )


def _count(c: AnswerCount, lang: Language) -> ConsentCountOut:
    key = f"{c.purpose}:{c.channel}"
    title, _ = wording(c.text_version, lang).get(key, (key, ""))
    return ConsentCountOut(
        text_version=c.text_version, consent=key, title=title, yes=c.yes, no=c.no, yes_share=c.yes_share
    )
