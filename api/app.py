"""The application: one factory, a room per audience."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import FastAPI

from api import problems
from api.context import AppContext
from engine.config import Config
from engine.plan.model import Plan
from engine.privacy.secrets import Secrets

if TYPE_CHECKING:
    from engine.storage.database import Database


def create_app(
    config: Config, db: Database, secrets: Secrets, plans: Mapping[str, Plan], *, start_delivery: bool = True
) -> FastAPI:
    """The site's HTTP side. With `start_delivery` false no outbox is polled: another process delivers."""
    ctx = AppContext(config, db, secrets, dict(plans))
    app = FastAPI(title="Rayon", version="0.1.0")
    app.state.ctx = ctx
    problems.mount(app)
    if importlib.util.find_spec("api.managers.endpoints") is not None:
        from api.managers.endpoints import router

        app.include_router(router)
    if importlib.util.find_spec("nicegui") is not None and importlib.util.find_spec("api.managers.pages") is not None:
        from api.managers.pages import mount

        mount(app, ctx)
    return app
