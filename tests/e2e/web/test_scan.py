"""An invite is scanned by a camera, or from a picture."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import segno
from playwright.sync_api import expect
from web_browser import Visitor, browser_of, missing, violations
from web_film import film
from web_village import PagesVillage

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def test_an_invite_is_scanned(tmp_path: Path) -> None:
    seen = tmp_path / "seen.y4m"
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    )
    with PagesVillage(tmp_path) as village:
        post = village.relay("post")
        ada, ben = village.person("Ada", post), village.person("Ben", post)
        link = ada.json("invite")["link"]
        seen.write_bytes(film(link))
        drawn = io.BytesIO()
        segno.make(link, error="m").save(drawn, kind="png", scale=6, border=4)
        with browser_of(*flags) as browser, Visitor(browser, language="de") as visitor:
            # A picture without a code, then one with it: nothing is sent yet.
            page = visitor.open(ben, "/accept")
            page.get_by_role("button", name="Code scannen").click()
            field = page.get_by_label("Link oder Wörter")
            expect(field).to_have_value(link)
            expect(page.get_by_text("Dein Knoten würde anfragen bei")).to_be_visible()
            page.reload()
            page.evaluate(
                "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('none')) }"
            )
            page.get_by_role("button", name="Code scannen").click()
            expect(page.get_by_role("alert")).to_contain_text("Hier ist keine Kamera")
            assert not violations(page)
            picture = page.get_by_label("Oder wähle ein Bild des Codes")
            picture.set_input_files({"name": "empty.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"})
            expect(page.get_by_role("alert")).to_contain_text("kein Code")
            picture.set_input_files({"name": "code.png", "mimeType": "image/png", "buffer": drawn.getvalue()})
            expect(field).to_have_value(link)
            page.get_by_role("button", name="Annehmen").click()
            expect(page.get_by_role("heading", name="Ada")).to_be_visible()
