"""The managers' pages, made with NiceGUI: all stores, and one store at a glance. Imported on the first visit."""

from __future__ import annotations

import asyncio
import time
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, Literal

from fastapi import Request, Response
from nicegui import run, ui

from api.auth import cookie_grant
from api.keyring import Grant
from api.managers import fragments
from api.managers.charts import flows_chart, hours_chart
from api.managers.overlay import ground_level
from api.managers.reports import SCOPE_KEY, Reports
from api.managers.snapshot import SLOW, SPANS, Choice, Snapshot, glances, pulse, take_snapshot
from api.problems import problem_page
from api.texts.catalogue import words
from api.texts.language import Language, language
from api.texts.times import hour as hour_text
from engine.errors import StorageUnavailable
from engine.plan.model import Plan
from engine.vocabulary import ProblemCode, Right

REFRESH_S = 4.0  # with the engine's own 2 s, and 2 s for all else, nothing that is wrong stays unsaid for 10 s
SLOW_S = 30.0  # how often what is past is read again
START_TIMEOUT_S = 30.0  # a store's cells and tests are worked out at its first look
QUASAR: dict[Language, Literal["fr", "en-GB"]] = {"fr": "fr", "en": "en-GB"}
STYLE = (Path(__file__).parent / "manage.css").read_text(encoding="utf-8")


def _reports(request: Request) -> Reports:
    found = request.scope[SCOPE_KEY]
    assert isinstance(found, Reports)
    return found


def _still(made: Reports, request: Request) -> Grant | None:
    """Who reads an open page, and what they may by now."""
    grant = cookie_grant(made.ctx, request, anew=True)
    return grant if grant is not None and grant.may_somewhere(Right.SEE_FIGURES) else None


async def _reader(made: Reports, request: Request) -> Grant | None:
    """The same for a page that is being made; None while the database is away, too: it has fewer links then."""
    try:
        return await run.io_bound(_still, made, request)
    except StorageUnavailable:
        return None


def _html(content: str, classes: str = "") -> ui.html:
    """Our own fragments, already escaped: cleaning them again would drop the drawing's styles."""
    return ui.html(content, sanitize=False).classes(classes)


def _dress(title: str, lang: Language) -> None:
    """Title, style and language of the page that is being made."""
    ui.page_title(title)
    ui.colors(primary="#0f5c4a")
    ui.dark_mode(None)  # as the reader's system has it
    ui.add_head_html(f"<style>{STYLE}</style>")
    client = ui.context.client
    client.page = copy(client.page)  # NiceGUI gives a language to an address, we to a reader
    client.page.language = QUASAR.get(lang, "en-GB")


@ui.page("/", response_timeout=START_TIMEOUT_S)
async def stores_page(request: Request) -> None:
    """All stores of the site."""
    lang, made = language(request), _reports(request)
    t = words(lang)
    _dress("Rayon", lang)

    async def refresh() -> None:
        try:
            grant = await run.io_bound(_still, made, request)
            if grant is None:
                ui.navigate.reload()  # signed out meanwhile: the door says so
                return
            seen = await run.io_bound(glances, made, None, partial(grant.may, Right.SEE_FIGURES))
        except StorageUnavailable:  # the cards stay as they were until it answers
            state.content = fragments.away(lang)
            return
        if seen is not None:  # None: the server is stopping
            state.content = ""
            cards.content = fragments.stores(seen, lang)

    with ui.column().classes("r-page"):
        with ui.element("div").classes("r-top"):
            _html(fragments.mark(lang))
            _html(fragments.title(t.board.stores, lang), "r-grow")
            _html(fragments.languages("/manage", lang))
        state = _html("")
        cards = _html("", "r-stores")
    await refresh()
    ui.timer(REFRESH_S, refresh, immediate=False)


@ui.page("/{store}", response_timeout=START_TIMEOUT_S)
async def store_page(request: Request, store: str) -> Response | None:
    """One store: where it is hot, which zones people stay in, when, and what coupons did."""
    lang, made = language(request), _reports(request)
    plan = made.ctx.plans.get(store)
    if plan is None:
        return unknown_store(request)
    board = Board(made, plan, lang, request)
    first = await board.read()
    board.build(await _reader(made, request))
    board.show(first)
    ui.timer(REFRESH_S, board.keep_up, immediate=False)
    return None


def unknown_store(request: Request) -> Response:
    """A page that leads to all stores."""
    t = words(language(request))
    back = (f"/manage?lang={t.lang}", t.board.back)
    return problem_page(request, 404, ProblemCode.STORE_UNKNOWN, back=back)


class Board:
    """One open page of one store: what its manager chose to see, and the parts that are kept up to date."""

    def __init__(self, made: Reports, plan: Plan, lang: Language, request: Request) -> None:
        self._made, self._plan, self._lang, self._request = made, plan, lang, request
        self._choice = Choice("now", None, ground_level(plan))
        self._parts: dict[str, ui.html] = {}
        self._read_at = time.monotonic()
        self._reading = asyncio.Lock()  # a choice made while the timer reads waits, and is read next

    async def read(self) -> Snapshot | None:
        """One look, made in a thread. None while the database is away."""
        async with self._reading:
            try:
                return await run.io_bound(take_snapshot, self._made, self._plan.store, self._choice)
            except StorageUnavailable:
                return None

    async def refresh(self) -> None:
        """Reads again and shows what changed, while the reader may see it."""
        if not await self._may_go_on():
            return
        self._read_at = time.monotonic()
        self.show(await self.read())

    async def _may_go_on(self) -> bool:
        """Whether the reader is still signed in, and still something in this store; else the page leads to the door."""
        try:
            grant = await run.io_bound(_still, self._made, self._request)
        except StorageUnavailable:
            return True  # nothing can be read then either, and the page says that
        if grant is not None and grant.may(Right.SEE_FIGURES, self._plan.store):
            return True
        ui.navigate.reload()
        return False

    async def keep_up(self) -> None:
        """Refreshes when it is time. Whether the engine is well is looked at every time."""
        if time.monotonic() - self._read_at >= (SLOW_S if self._choice.span in SLOW else 0.0):
            await self.refresh()
            return
        if not await self._may_go_on():
            return
        try:
            felt = await run.io_bound(pulse, self._made, self._plan.store)
        except StorageUnavailable:
            self._parts["live"].content = fragments.away(self._lang)
            return
        if felt is not None:
            self._parts["live"].content = fragments.live(felt, self._lang)

    def build(self, grant: Grant | None) -> None:
        """Lays the page out, empty, with the links that the reader may follow."""
        t = words(self._lang)
        _dress(f"{self._plan.name} · Rayon", self._lang)
        with ui.column().classes("r-page"):
            self._build_top(grant)
            with ui.element("div").classes("r-hero"):
                self._part("headline", "r-now")
                self._part("counters", "r-counts")
            with ui.element("div").classes("r-two"):
                with ui.column().classes("r-card"):
                    _html(fragments.heading(t.board.plan, self._lang))
                    self._part("plan", "r-plan").style("width:100%")
                    _html(fragments.legend(self._lang))
                with ui.column().classes("r-card"):
                    _html(fragments.heading(t.board.ranking, self._lang))
                    self._part("ranking", "r-scroll")
            with ui.element("div").classes("r-half"):
                with ui.column().classes("r-card"):
                    self._part("hours")
                    self._chart = ui.echart({}).classes("r-chart")
                with ui.column().classes("r-card"):
                    _html(fragments.heading(t.board.decisions, self._lang))
                    self._part("decisions").style("width:100%")
            with ui.column().classes("r-card"):
                _html(fragments.heading(t.board.flows, self._lang))
                self._part("flows", "r-soft")
                self._flows = ui.echart({}).classes("r-chart r-flows")
            self._part("privacy", "r-soft")

    def _part(self, name: str, classes: str = "") -> ui.html:
        self._parts[name] = _html("", classes)
        return self._parts[name]

    def _build_top(self, grant: Grant | None) -> None:
        t, lang = words(self._lang), self._lang
        with ui.element("div").classes("r-top"):
            _html(fragments.mark(lang))
            _html(fragments.title(self._plan.name, lang))
            self._part("live", "r-grow")
            if len(self._plan.levels) > 1:
                ordered = sorted(self._plan.levels, key=lambda lv: lv.ordinal)
                levels = {lv.id: lv.name for lv in ordered}
                ui.toggle(levels, value=self._choice.level, on_change=self._choose_level).props("no-caps")
            spans = {span: t.spans[span] for span in SPANS}
            ui.toggle(spans, value=self._choice.span, on_change=self._choose_span).props("no-caps")
            hours = {-1: t.board.all_day} | {h: f"{hour_text(h, lang)} – {hour_text(h + 1, lang)}" for h in range(24)}
            self._hour = ui.select(hours, value=-1, on_change=self._choose_hour).props("dense outlined options-dense")
            self._hour.set_visibility(False)
            _html(fragments.languages(f"/manage/{self._plan.store}", lang))
            _html(fragments.ways_on(self._plan.store, lang, grant), "r-soft")

    async def _choose_level(self, event: Any) -> None:
        self._choice = Choice(self._choice.span, self._choice.hour, event.value)
        await self.refresh()

    async def _choose_span(self, event: Any) -> None:
        by_hour = event.value in ("today", "yesterday")
        self._hour.set_visibility(by_hour)
        self._choice = Choice(event.value, self._choice.hour if by_hour else None, self._choice.level)
        await self.refresh()

    async def _choose_hour(self, event: Any) -> None:
        hour = None if event.value < 0 else event.value
        self._choice = Choice(self._choice.span, hour, self._choice.level)
        await self.refresh()

    def show(self, seen: Snapshot | None) -> None:
        """Fills the parts; those that did not change are not sent again."""
        lang, t = self._lang, words(self._lang)
        if seen is None:
            self._parts["live"].content = fragments.away(lang)
            return
        content = {
            "live": fragments.live(seen, lang),
            "headline": fragments.headline(seen, lang, now=self._choice.span == "now"),
            "counters": fragments.counters(seen, lang),
            "plan": seen.svg,
            "ranking": fragments.ranking(seen, lang),
            "hours": fragments.heading(t.people_by_hour[self._choice.span], lang),
            "decisions": fragments.decisions(seen, lang),
            "flows": fragments.flows(seen, lang),
            "privacy": fragments.privacy(seen, lang),
        }
        for name, html in content.items():
            self._parts[name].content = html
        _draw(self._chart, hours_chart(self._plan, [z.zone for z in seen.report.zones], seen.hours, lang))
        _draw(self._flows, flows_chart(self._plan, seen.flows, lang))
        self._flows.set_visibility(bool(seen.flows))


def _draw(chart: ui.echart, options: dict[str, Any]) -> None:
    """Sends a chart where it changed."""
    if options != chart.options:
        chart.options.clear()
        chart.options.update(options)
        chart.update()
