"""The application: routers, headers, errors. Importing it does nothing."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api import error_pages, stream
from api.headers import Headers
from api.lifespan import lifespan
from api.routes import (
    api_keys,
    auth,
    board,
    bridge_words,
    bridges,
    callbacks,
    calls,
    consults,
    directory,
    directory_numbers,
    drafts,
    grid,
    handovers,
    joins,
    login_locks,
    notes,
    outbound,
    pages,
    press_preview,
    seats,
    supervision,
    tickets,
    words,
)
from core.config import PROJECT_ROOT, Settings

ROUTERS: Final = (
    auth.router,
    consults.router,
    press_preview.router,  # before the one whose paths it would fall under
    bridges.router,
    bridge_words.router,
    callbacks.router,
    outbound.router,
    board.router,
    seats.router,
    calls.router,
    drafts.router,
    joins.router,
    tickets.router,
    words.router,
    directory_numbers.router,
    grid.router,
    handovers.router,
    notes.router,
    supervision.router,
    api_keys.router,
    login_locks.router,
    directory.router,
    stream.router,
    pages.router,
)


def create_app(settings: Settings) -> FastAPI:
    """The application of one instance; the house is built when it starts."""
    app = FastAPI(title="民生之声", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings = settings
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=PROJECT_ROOT / "web" / "static"), name="static")
    error_pages.install(app)
    app.add_middleware(Headers, policy=_content_policy(settings))
    return app


def _content_policy(settings: Settings) -> str:
    """Scripts and styles from here only; connections to here and to the SIP WebSocket."""
    sockets = f"ws://*:{settings.asterisk.http_port} wss://*:{settings.asterisk.https_port}"
    if settings.web.sip_ws_url:
        sockets += f" {settings.web.sip_ws_url}"
    return (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"media-src 'self' blob:; connect-src 'self' {sockets}; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    )
