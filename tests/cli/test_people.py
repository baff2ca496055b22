"""The commands about people before a node that notes what it is asked."""

# ruff: noqa: ASYNC110  # waiting for another thread

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
from cli_world import Shell
from double_book import BERTA
from double_node import ANA

from swarmnode.cli.session import Session
from swarmnode.domain.views import ChatView
from swarmnode.errors import ChooseWay, NotFound, WayChoice

CHOICES = (
    WayChoice("b7", "pigeon", "berta@loft", "operator_reads", would=True, was=False),
    WayChoice("dd", "node", "Berta", "e2e", would=False, was=True),
)


def called(shell: Shell, name: str) -> list[tuple[object, ...]]:
    return [arguments for said, arguments in shell.node.calls if said == name]


def test_people_are_listed_and_shown(shell: Shell) -> None:
    assert shell.json("people")["items"][0]["name"] == "Berta"
    shown = shell("people", "list").stdout
    assert "Berta" in shown
    assert "node, pigeon" in shown
    assert shell.json("people", "show", "berta")["ways"][0]["chat"] == "dd"
    shown = shell("people", "show", "Berta").stdout
    assert "you know them by it" in shown
    assert "you said so (by you)" in shown
    assert "dd  node: nobody reads along" in shown
    assert "b7  pigeon: closed: the account rests" in shown
    assert "darüber kennst du ihn" in shell("people", "show", "p1", "--lang", "de").stdout
    assert shell.error("people", "show", "nobody")[0] == 5


def test_they_are_renamed_and_preferred_on_an_account(shell: Shell) -> None:
    shell("people", "rename", "berta", "Berta B.")
    shell("people", "prefer", "berta", "berta@loft")
    shell("people", "prefer", "berta", "node")
    shell("people", "prefer", "berta", "--off")
    changes = called(shell, "change_person")
    assert changes == [("p1", "Berta B.", None), ("p1", None, "2"), ("p1", None, "1"), ("p1", None, "")]
    assert shell.error("people", "prefer", "berta")[0] == 2
    assert shell.error("people", "prefer", "berta", "elsewhere")[0] == 5


def test_merges_splits_and_undos_are_asked_for(shell: Shell) -> None:
    assert "`swarmnode people undo 4` undoes it" in " ".join(
        shell("people", "merge", "p1", "berta").stdout.split()
    )
    assert called(shell, "merge") == [("p1", "p1")]
    assert shell.json("people", "split", "berta", "pigeon", "1")["id"] == "4"
    assert called(shell, "split") == [("p1", ("2", "1"))]
    assert "Change 4 (merge) is undone." in shell("people", "undo").stdout
    shell("people", "undo", "4")
    assert called(shell, "undo") == [("last",), ("4",)]
    assert "berta@loft: p2 > p1" in shell("people", "changes", "berta").stdout
    assert called(shell, "changes") == [("p1", "", 20)]


def test_suggestions_are_looked_at_accepted_and_refused(shell: Shell) -> None:
    assert "(the same" in shell("people", "suggestions").stdout
    shell("people", "accept", "3")
    assert shell.json("people", "refuse", "3") == {"refused": "3"}
    assert called(shell, "accept_suggestion") == called(shell, "refuse_suggestion") == [("3",)]


def test_address_books_are_taken_in(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "all.vcf"
    file.write_bytes(b"BEGIN:VCARD")
    shown = shell("people", "import", str(file), "--dry-run").stdout
    assert "line 9" in shown
    assert "It would be: 0 new, 0 known, 1 suggested, 1 skipped." in shown
    assert called(shell, "import_cards") == [(b"BEGIN:VCARD", True)]
    assert "1 new" in shell("people", "import", "--account", "pigeon").stdout
    assert called(shell, "import_contacts") == [("ac" * 8, False)]
    assert shell.error("people", "import")[0] == 2
    assert shell.error("people", "import", str(tmp_path / "none"))[1]["code"] == "config"


def test_what_was_imported_is_forgotten_only_when_it_is_meant(shell: Shell) -> None:
    assert shell.error("people", "forget", "berta")[0] == 2
    assert shell.json("people", "forget", "berta", "--yes") == {"forgotten": "p1"}
    assert called(shell, "forget_person") == [("p1",)]


def test_a_person_is_written_to_and_read_by_name(shell: Shell) -> None:
    assert shell("send", "berta", "coo").exit_code == 0
    assert shell("send", "berta", "coo", "--via", "pigeon").exit_code == 0
    assert called(shell, "say_to") == [("p1", "coo", ""), ("p1", "coo", "pigeon")]
    assert "[pigeon] Berta: coo" in shell("read", "berta").stdout
    assert called(shell, "mark_talk_read") == [("p1", "b7:1")]
    shell("read", "berta", "--peek")
    assert len(called(shell, "mark_talk_read")) == 1
    assert called(shell, "talk_with")[0] == (BERTA.id, "", "", 20)


def test_following_a_person_shows_what_comes_from_any_of_their_conversations(shell: Shell) -> None:
    """The reader is in a thread: it reads until the node stops."""
    assert shell.loop is not None
    assert shell.world is not None
    chats = {"dd": BERTA.id, "b7": BERTA.id, ANA.chat: ""}

    async def look(chat: str) -> ChatView:
        if chat not in chats:
            raise NotFound("It is gone.")
        return ChatView(chat, "", "", 0, "", person=chats[chat])

    shell.node.chat = look  # type: ignore[method-assign]
    out: list[str] = []
    reader = threading.Thread(target=lambda: out.append(shell("read", "berta", "--follow", "--json").stdout))
    reader.start()

    async def talk() -> None:
        while not called(shell, "mark_talk_read"):
            await asyncio.sleep(0.01)
        for where, text in (("dd", "one"), (ANA.chat, "elsewhere"), ("gone", "gone"), ("b7", "two")):
            view = shell.node.hear(where, text)
            await shell.node.happen("message.new", chat=where, message=view.id)
        while not called(shell, "mark_read")[1:]:
            await asyncio.sleep(0.01)

    asyncio.run_coroutine_threadsafe(talk(), shell.loop).result(60)
    shell.loop.call_soon_threadsafe(shell.world.stopping.set)
    reader.join(60)
    assert [json.loads(line)["text"] for line in out[0].splitlines()] == ["coo", "one", "two"]
    assert [chat for chat, _ in called(shell, "mark_read")] == ["dd", "b7"]


def test_a_program_is_told_the_ways_that_can_be_chosen(shell: Shell) -> None:

    async def ask(*_: object, **__: object) -> object:
        raise ChooseWay(CHOICES)

    shell.node.say_to = ask  # type: ignore[method-assign, assignment]
    code, error = shell.error("send", "berta", "coo")
    assert (code, error["code"]) == (1, "choose-way")
    assert [choice["via"] for choice in error["choices"]] == ["b7", "dd"]
    assert error["choices"][0] == {
        "via": "b7",
        "network": "pigeon",
        "address": "berta@loft",
        "privacy": "operator_reads",
        "would": True,
        "was": False,
    }


def test_a_person_at_a_terminal_is_asked(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "asks", property(lambda session: not session.json))
    said = shell.node.say_to
    asked: list[str] = []

    async def ask(person: str, text: str, *, via: str = "", **more: object) -> object:
        asked.append(via)
        if not via:
            raise ChooseWay(CHOICES)
        return await said(person, text, via=via, **more)  # type: ignore[arg-type]

    shell.node.say_to = ask  # type: ignore[method-assign, assignment]
    result = shell("send", "berta", "coo", text="dd\n")
    assert result.exit_code == 0, result.output
    assert "Nothing is sent yet." in result.stdout
    assert (
        "b7  pigeon  berta@loft  the network's operator can read along  (it would go here)" in result.stdout
    )
    assert asked == ["", "dd"]
