"""The page at `/` while no web client is built: it says what to do."""

from __future__ import annotations

from html import escape

from aiohttp import web

from ..texts import Texts, language_of_header


async def landing(request: web.Request) -> web.Response:
    """Answer with the page, in the reader's language."""
    t = Texts(language_of_header(request.headers.get("Accept-Language", "")))
    page = (
        f'<!doctype html><html lang="{t.language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(t('landing.title'))}</title><h1>{escape(t('landing.title'))}</h1>"
        f"<p>{escape(t('landing.runs'))} {escape(t('landing.web'))}</p><pre>make web</pre>"
        f"<p>{escape(t('landing.cli'))}</p>"
        "<pre>swarmnode init\nswarmnode status\nswarmnode invite\nswarmnode --help</pre>"
        f'<p>{escape(t("landing.api"))} <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p></html>'
    )
    return web.Response(text=page, content_type="text/html")
