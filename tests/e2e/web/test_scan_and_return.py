"""An invite is scanned by a camera, or from a picture; a backup brings all back on another home."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import segno
from e2e_networks import chat
from e2e_world import Village, ticket
from playwright.sync_api import expect
from web_browser import Visitor, browser_of, missing, violations

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

WIDTH, HEIGHT = 640, 480


def film(text: str) -> bytes:
    """What a camera sees of a code on a screen: YUV4MPEG2, ten pictures."""
    rows = [[bool(dark) for dark in row] for row in segno.make(text, error="m").matrix_iter(border=4)]
    scale = HEIGHT // len(rows)
    left = (WIDTH - scale * len(rows)) // 2
    light = bytearray(b"\xeb" * (WIDTH * HEIGHT))
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            for line in range(y * scale, (y + 1) * scale) if dark else ():
                start = line * WIDTH + left + x * scale
                light[start : start + scale] = b"\x10" * scale
    picture = b"FRAME\n" + bytes(light) + b"\x80" * (WIDTH * HEIGHT // 2)
    return b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n" % (WIDTH, HEIGHT) + picture * 10


def test_an_invite_is_scanned(tmp_path: Path) -> None:
    seen = tmp_path / "seen.y4m"
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    )
    with Village(tmp_path) as village:
        post = village.relay("post")
        ada, ben = village.person("Ada", post), village.home("Ben")
        words = tmp_path / "words"
        ben.json("init", "--name", "Ben", "--words-file", str(words))
        ben.start()
        ben.json("relay", "use", ticket(post))
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
            ben.say(chat(ben, "Ada"), "keep this")

            # The machine is lost; what was saved from the page is enough, on another one.
            page.goto(f"{ben.ready['url']}/health")
            with page.expect_download() as saved:
                page.get_by_role("button", name="Jetzt sichern").click()
            backup = tmp_path / saved.value.suggested_filename
            saved.value.save_as(backup)
            assert b"keep this" not in backup.read_bytes()
            with page.expect_download() as saved:
                page.get_by_role("button", name="Alles lesbar speichern").click()
            assert "keep this" in saved.value.path().read_text()
            assert not violations(page)
            ben.kill()
            again = village.home("again").start()
            page = visitor.open(again)
            page.get_by_label("Ich habe Wiederherstellungswörter").check()
            page.get_by_label("Deine 24 Wiederherstellungswörter").fill(words.read_text())
            page.get_by_label("Passphrase").fill("which everybody knows")
            sealed = page.get_by_label("Eine Sicherung, falls du eine hast")
            sealed.set_input_files({"name": "b", "mimeType": "", "buffer": b"not a backup"})
            back = page.get_by_role("button", name="Zurückkommen")
            back.click()
            expect(page.get_by_role("alert")).to_be_visible()
            assert not violations(page)
            sealed.set_input_files(backup)
            back.click()
            page.get_by_role("link", name="Ada").click()
            expect(page.locator("main article").filter(has_text="keep this")).to_be_visible()
            assert not list(again.path.glob("*backup*")), "what was sent does not stay"
