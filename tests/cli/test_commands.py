"""Each command before a running node: what it asks, what it prints, for people and for programs."""

# ruff: noqa: ASYNC110, S105  # passphrases of nobody; waiting for another thread

from __future__ import annotations

import asyncio
import json
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from cli_world import Shell
from double_node import ANA, ANTON, WORDS

from swarmnode.cli.session import Session
from swarmnode.domain.bridge_views import FieldView, MatterView, StepView
from swarmnode.domain.views import MessageState, NearView, NodeState, StatusView


def called(shell: Shell, name: str) -> list[tuple[object, ...]]:
    return [arguments for said, arguments in shell.node.calls if said == name]


def test_status(shell: Shell) -> None:
    assert shell.json("status")["state"] == "ready"
    shown = shell("status").stdout
    assert "Me  Ready." in shown
    assert "relay.example:8471" in shown


def test_status_says_what_goes_past_relays_and_how_far_a_restore_is(shell: Shell) -> None:
    near = (NearView("1", "Ana", "lan"),)
    shell.node.shown = StatusView(NodeState.READY, near=near, restoring="rejoining", missing=("Ben", "Cleo"))
    shown = shell("status").stdout
    assert "Ana: over this network, without a relay" in shown
    assert "no answer yet: Ben, Cleo." in shown
    shell.node.shown = StatusView(NodeState.EMPTY, roles=("relay",))
    assert shell("status").stdout.startswith("The relay runs.")
    assert len(shell("status").stdout.splitlines()) == 1


def test_what_was_kept_aside_is_taken_up_again(shell: Shell) -> None:
    result = shell("doctor", "--retry")
    assert (result.exit_code, result.stdout) == (1, "Taken: 2. Still aside: 1.\n")


def test_the_node_speaks_the_language_of_the_call(shell: Shell) -> None:
    shell("doctor", "--lang", "de")
    assert called(shell, "doctor") == [("de",)]


def test_where_there_is_nothing_a_sentence_says_what_to_do(shell: Shell) -> None:
    shell.node.people.clear()
    assert "`swarmnode invite`" in shell("contacts").stdout
    assert "`swarmnode invite`" in shell("conversations").stdout
    assert "`swarmnode pair`" in shell("devices").stdout
    code, error = shell.error("send", "ana", "hi")
    assert (code, error["hint"]) == (
        5,
        "There is nobody yet: `swarmnode invite`, or `swarmnode accept LINK`.",
    )


def test_words_are_tried_all_at_once(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_text("\n".join(WORDS))
    assert shell.json("words", "--words-file", str(file)) == {"right": True}
    assert called(shell, "check_words") == [(dict(enumerate(WORDS, 1)),)]
    file.write_text(" ".join(reversed(WORDS)))
    result = shell("words", "--words-file", str(file))
    assert (result.exit_code, result.stdout) == (1, "These are not the words.\n")


def test_doctor_says_the_way_out_and_fails(shell: Shell) -> None:
    result = shell("doctor")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "ok  disk: 12 GiB",
        "tip backup: none",
        "    Make one.",
        "BAD clock: off",
        "    Set it.",
    ]
    checks = json.loads(shell("doctor", "--json").stdout)["items"]
    assert [check["ok"] for check in checks] == [True, True, False]


def test_init_on_a_node_that_runs_on_an_empty_home(shell: Shell) -> None:
    shell.node.state = NodeState.EMPTY
    shell.env["SWARMNODE_PASSPHRASE"] = "p"
    shown = shell("init", "--name", "Ana").stdout
    assert "24. word24" in shown
    assert "The node runs with it already." in shown
    assert called(shell, "create") == [("Ana", "p", None, None)]
    assert shell.error("init")[1]["code"] == "conflict"


def test_lock_and_unlock(shell: Shell, tmp_path: Path) -> None:
    assert shell.json("lock")["state"] == "locked"
    assert shell.error("conversations") == (
        4,
        {"code": "locked", "detail": "The store is locked.", "hint": "`swarmnode unlock`"},
    )
    assert shell.error("unlock")[0] == 2, "nobody is there to be asked"
    shell.env["SWARMNODE_PASSPHRASE"] = "wrong"
    assert shell.error("unlock")[1]["code"] == "denied"
    file = tmp_path / "passphrase"
    file.write_text(shell.node.passphrase + "\nmore\n")
    assert shell.json("unlock", "--passphrase-file", str(file))["state"] == "ready", "the file comes first"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_a_passphrase_file_that_holds_none(shell: Shell, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "passphrase"
    if content is not None:
        file.write_bytes(content)
    code, error = shell.error("unlock", "--passphrase-file", str(file))
    assert (code, error["code"]) == (2, "config")
    assert called(shell, "unlock") == []


def test_pairing_and_devices(shell: Shell) -> None:
    code = shell.json("pair", "--scope", "read")["code"]
    assert shell("pair").stdout.splitlines()[0] != code
    assert shell.json("devices") == {"items": [], "next": "", "prev": ""}
    assert shell.error("devices", "revoke", "x")[0] == 5
    assert shell.error("devices", "rename", "x", "Kitchen")[0] == 5


def test_nodes_and_rename(shell: Shell) -> None:
    assert "laptop" in shell("nodes").stdout
    assert shell.json("rename", "Ada")["name"] == "Ada"


def test_relays(shell: Shell) -> None:
    assert shell.json("relay", "ticket") == {"link": "swarm:1r#0", "links": ["swarm:1r#0"]}
    assert shell("relay", "ticket", "--count", "2").stdout == "swarm:1r#0\nswarm:1r#1\n"
    assert shell.json("relay", "use", "swarm:1r#x")["id"] == "r1"
    assert shell.json("relay", "list") == shell.json("relay")
    assert shell.json("relay", "remove", "relay.example") == {"removed": "r1"}
    assert called(shell, "relay_remove") == [("r1",)]


def test_invites(shell: Shell) -> None:
    assert shell.json("invite", "--label", "L", "--note", "N")["link"] == "swarm:1i#secret"
    assert called(shell, "invite") == [("one-time", "L", "N")]
    assert shell("invite").stdout.startswith("swarm:1i#secret\n")
    assert shell("invite", "--code").stdout.startswith("7-crossover-clockwork\n")
    assert shell.json("invite", "--address")["kind"] == "address"
    assert len(shell("invite", "--qr").stdout.splitlines()) > 10
    assert shell.error("invite", "--address", "--code")[0] == 2
    assert "link" in shell.json("invite", "--list")["items"][0]
    assert shell.json("invite", "--revoke", "i1") == {"revoked": "i1"}


def test_accept(shell: Shell) -> None:
    assert shell.json("accept", "swarm:1i#x", "--note", "it is me")["state"] == "requested"
    assert called(shell, "accept") == [("swarm:1i#x", "it is me")]


def test_contacts(shell: Shell) -> None:
    assert {c["name"] for c in shell.json("contacts")["items"]} == {"Ana", "Anton"}
    shown = shell("contacts").stdout
    assert "asks" in shown
    assert "hello" in shown
    assert shell.json("contacts", "accept", "anton")["standing"] == "confirmed"
    assert shell.json("contacts", "decline", "anton")["standing"] == "blocked"
    assert shell.json("contacts", "rename", "anton", "Toni")["name"] == "Toni"
    assert shell.error("contacts", "remove", "toni")[0] == 2, "it asks, and nobody is there"
    assert shell.json("contacts", "remove", "toni", "--yes") == {"removed": ANTON.id}
    assert list(shell.node.people) == [ANA.id]


def test_block(shell: Shell) -> None:
    assert shell.json("block", "ana")["standing"] == "blocked"
    assert shell.json("block", "ana", "--off")["standing"] == "confirmed"


def test_verify(shell: Shell) -> None:
    assert shell.json("verify", "ana")["words"] == list(WORDS[:8])
    assert "12345 12345" in shell("verify", "ana").stdout
    assert called(shell, "verify") == [], "to look is not to verify"
    assert shell.error("verify", "ana", "--qr", "swarm:1v#other")[1]["code"] == "conflict"
    assert shell.json("verify", "ana", "--qr", "swarm:1v#qr")["standing"] == "verified"
    assert shell.json("verify", "ana", "--distrust")["standing"] == "blocked"
    assert shell.json("verify", "ana", "--trust")["standing"] == "verified"
    assert shell.json("verify", "ana", "--yes")["standing"] == "verified"


def test_verify_accepts_what_was_shown(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "asks", True)
    assert "Are they the same?" in shell("verify", "ana", text="y\n").stdout
    assert [wish[1:] for wish in called(shell, "verify")] == [(None, "0123.4")]


def test_send_and_read(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(b"\x89PNG")
    sent = shell.json("send", "ana", "hi", "--file", str(file), "--expire", "7d")
    assert (sent["state"], sent["expires_in_s"]) == ("queued", 7 * 86400)
    (shown_there,) = sent["attachments"]
    assert shown_there == {"name": "cat.png", "media_type": "image/png", "size_bytes": 4, "description": ""}
    answer = shell.json("send", "Ana", "ho", "--reply", sent["id"][:8])
    assert answer["reply_to"] == sent["id"]
    shown = shell("read", "ana").stdout
    assert "me: hi" in shown
    assert "[0] cat.png (image/png, 4 B)" in shown
    assert called(shell, "mark_read") == [(ANA.chat, answer["id"])]
    saved = tmp_path / "saved.png"
    assert shell.json("save", sent["id"], "0", str(saved))["size_bytes"] == 4
    assert saved.read_bytes() == b"\x89PNG"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert shell.error("save", sent["id"], "0", str(saved))[1]["code"] == "config", "nothing is overwritten"


def test_read_in_stretches_without_leaving_marks(shell: Shell) -> None:
    for number in range(5):
        shell.node.hear(ANA.chat, str(number))
    last = shell.json("read", "ana", "--limit", "2", "--peek")
    assert [m["text"] for m in last["items"]] == ["3", "4"]
    assert [m["text"] for m in shell.json("read", "ana", "--before", last["prev"])["items"]] == [
        "0",
        "1",
        "2",
    ]
    assert called(shell, "mark_read") == []


def test_send_and_wait(shell: Shell) -> None:
    assert shell.json("send", "ana", "hi", "--wait")["state"] == "delivered"
    code, error = shell.error("send", "ana", "never", "--wait", "--timeout", "0.05")
    assert (code, error["code"]) == (1, "unreachable")


@pytest.mark.parametrize(
    ("args", "exit_code"),
    [
        (("send", "bo", "hi"), 5),
        (("send", "an", "hi"), 5),
        (("send", "ana", ""), 2),
        (("send", "ana", "hi", "--expire", "soon"), 2),
        (("send", "ana", "hi", "--file", "/nowhere"), 2),
        (("send", "ana"), 2),
        (("sing",), 2),
        (("read", "ana", "--limit", "0"), 2),
        (("react", "0", "+"), 5),
    ],
)
def test_what_is_wrong_sends_nothing(shell: Shell, args: tuple[str, ...], exit_code: int) -> None:
    code, error = shell.error(*args)
    assert code == exit_code
    assert error["detail"]
    assert shell.node.said == []
    plain = shell(*args)
    assert plain.exit_code == exit_code
    assert plain.stderr.startswith("error: ")


def test_changing_messages(shell: Shell) -> None:
    sent = shell.json("send", "ana", "hi")
    assert shell.json("react", sent["id"][:8], "👍")["reactions"] == [["me", "👍"]]
    assert shell.json("react", sent["id"], "")["reactions"] == []
    assert shell.json("edit", sent["id"], "ho")["text"] == "ho"
    assert shell.json("resend", sent["id"])["state"] == "queued"
    assert shell.error("cancel", sent["id"])[1]["code"] == "conflict"
    gone = shell.json("delete", sent["id"], "--everywhere")
    assert (gone["targets"], gone["here"], gone["asked"]) == ([sent["id"]], "shredded", True)
    assert "[destroyed]" in shell("read", "ana").stdout


def test_search_marks_what_it_found(shell: Shell) -> None:
    shell.json("send", "ana", "the quick fox")
    assert "[quick]" in shell("search", "quick", "--conversation", "ana").stdout
    assert shell.json("search", "quick")["scope"] == "all messages here"


def test_chats_timer_and_draft(shell: Shell) -> None:
    assert [c["title"] for c in shell.json("conversations")["items"]] == ["Ana", "Anton"]
    assert shell.json("timer", "ana", "12h")["timer_s"] == 43200
    assert shell.json("timer", "ana", "off")["timer_s"] == 0
    assert shell.json("draft", "ana", "dear") == {"text": "dear"}
    assert shell("draft", "ana").stdout == "dear\n"


def test_carry_backup_export(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shell.json("carry", "out", "bundle", "--for", "ana")["records"] == 2
    assert called(shell, "carry_out") == [(tmp_path / "bundle", ANA.id)], (
        "the node has another working folder"
    )
    assert shell.json("carry", "in", "bundle")["new"] == 1
    assert shell.json("backup", "b") == {"path": str(tmp_path / "b"), "size_bytes": 6}
    assert shell.json("export", "e")["size_bytes"] == 2
    assert shell.error("carry")[0] == 2


def test_restore(shell: Shell, tmp_path: Path) -> None:
    shell.node.state = NodeState.EMPTY
    words = tmp_path / "words"
    words.write_text("one two three")
    assert shell.error("restore", "--words-file", str(words))[0] == 2
    assert shell.error("restore")[0] == 2
    words.write_text("\n".join(WORDS).upper())
    shell.env["SWARMNODE_PASSPHRASE"] = "new"
    assert shell.json("restore", "--words-file", str(words))["state"] == "ready"
    assert called(shell, "restore") == [(WORDS, None, "new")]


def test_wipe_wants_the_name(shell: Shell) -> None:
    assert shell.error("wipe")[0] == 2
    assert shell.error("wipe", "--confirm", "You")[1]["code"] == "usage"
    assert shell.json("wipe", "--confirm", "Me") == {"wiped": True}


def test_trace_is_made_safe(shell: Shell) -> None:
    lines = [json.loads(line) for line in shell("trace", "--peer", "ana", "--json").stdout.splitlines()]
    assert lines[0] == {"line": "-> SEND #0"}
    assert "\x1b" not in shell("trace", "--peer", "ana").stdout
    assert shell("trace", "--peer", "relay.ex").exit_code == 0
    assert shell.error("trace", "--peer", "nobody")[0] == 5


def test_what_others_wrote_cannot_drive_the_terminal(shell: Shell) -> None:
    shell.node.hear(ANA.chat, "a\x1b]0;owned\x07b\u202egnp\u2028c\rme: I agree\nnext")
    shown = shell("read", "ana").stdout
    assert "a<U+001B>]0;owned<U+0007>b<U+202E>gnp<U+2028>c<U+000D>me: I agree\nnext" in shown
    document = shell("read", "ana", "--json").stdout
    assert "\x1b" not in document


def test_following_goes_on_with_what_comes(shell: Shell) -> None:
    """The reader is in a thread: it reads until the node stops."""
    assert shell.loop is not None
    shell.node.hear(ANA.chat, "before")
    out: list[str] = []
    reader = threading.Thread(target=lambda: out.append(shell("read", "ana", "--follow", "--json").stdout))
    reader.start()

    async def talk() -> None:
        while not called(shell, "mark_read"):
            await asyncio.sleep(0.01)
        for text in ("one", "two"):
            view = shell.node.hear(ANA.chat, text)
            await shell.node.happen("message.new", chat=ANA.chat, message=view.id)
            await shell.node.happen("message.new", chat=ANA.chat, message=view.id)
        other = shell.node.hear(ANTON.chat, "elsewhere")
        await shell.node.happen("message.new", chat=ANTON.chat, message=other.id)
        while len(called(shell, "mark_read")) < 3:
            await asyncio.sleep(0.01)

    asyncio.run_coroutine_threadsafe(talk(), shell.loop).result(60)
    assert shell.world is not None
    shell.loop.call_soon_threadsafe(shell.world.stopping.set)
    reader.join(60)
    assert [json.loads(line)["text"] for line in out[0].splitlines()] == ["before", "one", "two"]


def test_conversations_and_posts_of_all_networks(shell: Shell) -> None:
    post = shell.node.hear(ANA.chat, "a post", mine=False)
    assert [chat["title"] for chat in shell.json("inbox")["items"]] == ["Ana", "Anton"]
    assert "NETWORK" in shell("inbox").stdout
    assert shell("inbox", "--unread").stdout == "Nothing to read.\n"
    assert f"{post.id[:8]}" in shell("timeline").stdout
    assert "[pigeon] Ana: A post | a post" in shell("timeline").stdout
    shell("mark", post.id[:8], "boost")
    shell("mark", post.id[:8], "boost", "--off")
    assert called(shell, "mark") == [(post.id, "boost", True), (post.id, "boost", False)]
    assert shell.json("confirm", post.id[:8])["state"] == "sent"


def test_what_another_network_says_of_a_message_is_said(shell: Shell) -> None:
    said = shell.node.hear(ANA.chat, "hello", mine=True)
    shown = {
        (MessageState.REFUSED, "no such user"): "(REFUSED: no such user)",
        (MessageState.WAITING, "limit"): "(waiting: the network wants us to wait)",
        (MessageState.SENT, "edit refused: too old"): "(sent: edit refused: too old)",
        (MessageState.MAYBE, "asked"): "(PERHAPS SENT: look there, then confirm or resend it)",
    }
    for (state, reason), words in shown.items():
        shell.node.said = [replace(said, state=state, reason=reason, network="pigeon", doing=("delete",))]
        assert words.removesuffix(")") + ", deletion on its way)" in shell("read", "Ana").stdout


def test_accounts_are_listed_and_changed(shell: Shell) -> None:
    assert [network["id"] for network in shell.json("bridge", "list")["items"]] == ["pigeon"]
    assert "By air" in shell("bridge", "list").stdout
    assert "ada@loft" in shell("bridge").stdout
    assert shell("bridge", "status", "pigeon").stdout.splitlines()[0] == "acacacac  Pigeons  ada@loft"
    assert shell("bridge", "pause", "ada@loft").stdout == "It rests.\n"
    assert shell("bridge", "resume", "ada").stdout == "It runs.\n"
    assert shell.json("bridge", "reload", "Pigeons")["version"] == "1.1.0"
    assert (
        shell("bridge", "open", "pigeon", "ben").stdout
        == "ben: `swarmnode send b7 TEXT`, `swarmnode read b7`.\n"
    )
    assert shell.error("bridge", "remove", "pigeon")[0] == 2
    assert shell.json("bridge", "remove", "pigeon", "--yes") == {"removed": "ac" * 8}
    assert "`swarmnode bridge add NETWORK`" in shell("bridge", "status").stdout


def test_an_account_is_added_from_a_file(shell: Shell, tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text('password = "wrong"\n[who]\npassword = "correct horse"\n')
    added = shell("bridge", "add", "pigeon", "--answers", str(answers), "--at-home")
    assert "ada@loft on Pigeons is in your inbox" in added.stdout
    assert called(shell, "begin_login") == [("pigeon", "", "add", True, "en")]
    assert called(shell, "answer_login") == [("l1", "t1", {"password": "correct horse"}, "en")]
    assert called(shell, "tick_login") == [("l1", "en")]
    assert shell.json("bridge", "login", "pigeon", "--answers", str(answers))["id"] == "ac" * 8
    assert called(shell, "begin_login")[-1] == ("", "ac" * 8, "reauth", False, "en")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('password = "wrong"', "denied", "The password is wrong."),
        ('user = "ada"', "usage", "The answers file does not say password"),
        ('password = "wrong', "config", "is not TOML"),
    ],
)
def test_answers_that_do_not_do_end_the_login(
    shell: Shell, tmp_path: Path, text: str, code: str, said: str
) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text(text)
    _, error = shell.error("bridge", "add", "pigeon", "--answers", str(answers))
    assert error["code"] == code
    assert said in error["detail"]
    assert "wrong'" not in str(error), "answers are secrets"
    assert called(shell, "end_login") == ([] if code == "config" else [("l1",)])


def test_nobody_is_asked_where_nobody_is(shell: Shell) -> None:
    code, error = shell.error("bridge", "add", "pigeon")
    assert code == 2
    assert "--answers" in error["hint"]


def test_a_person_is_asked_step_by_step(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "asks", True)
    result = shell("bridge", "add", "pigeon", text="\nwrong\n\ncorrect horse\n")
    assert result.exit_code == 0, result.output
    assert "Who are you?\nName [ada]: \nPassword: \n" in result.stdout
    assert "! The password is wrong." in result.stdout
    assert "42-42" in result.stdout
    assert "correct horse" not in result.stdout
    assert called(shell, "answer_login")[-1][2] == {"name": "ada", "password": "correct horse"}


def test_what_an_account_has_to_settle_is_shown_and_settled(shell: Shell, tmp_path: Path) -> None:
    assert shell.error("bridge", "settle", "pigeon")[1]["detail"] == "Say which one."
    shell.node.settles(MatterView("calm", "Look at your keys"), MatterView("device.1", "A new device", True))
    assert "A new device" in shell("bridge").stdout
    assert "Look at your keys" not in shell("bridge").stdout
    shown = shell("bridge", "status", "pigeon").stdout
    assert '- Look at your keys  (swarmnode bridge settle "ada@loft" calm)' in shown
    answers = tmp_path / "answers.toml"
    answers.write_text('password = "correct horse"\n')
    settled = shell("bridge", "settle", "pigeon", "--answers", str(answers))
    assert "42-42" in settled.stdout
    assert settled.stdout.endswith("Settled.\n")
    account = "ac" * 8
    assert called(shell, "settle") == [
        (account, "device.1", "", {}, "en"),
        (account, "device.1", "who", {"password": "correct horse"}, "en"),
        (account, "device.1", "wait", {}, "en"),
    ]


def test_who_says_no_dismisses_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "asks", True)
    shell.node.settles(
        MatterView("device.1", "A new device"), shows=StepView("sure", "confirm", "Is it yours?")
    )
    assert shell("bridge", "settle", "pigeon", text="n\n").stdout.endswith("You have said no.\n")
    assert called(shell, "dismiss") == [("ac" * 8, "device.1")]


def test_a_step_moves_no_cursor(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "asks", True)
    evil = "\x1b]0;mine\x07"
    fields = (
        FieldView("who", "choice", evil, help=evil, options=((evil, evil), ("b", "B"))),
        FieldView("where", "text", evil, default=evil),
    )
    shell.node.settles(
        MatterView("m", evil), shows=StepView("s", "form", evil, evil, fields, show={"x": evil})
    )
    shown = shell("bridge", "settle", "pigeon", "m", text="c\nb\n\n").output
    assert "mine" in shown
    assert not {"\x1b", "\x07"} & set(shown)


def test_settings_are_changed_and_put_back(shell: Shell) -> None:
    assert "privacy.receipts is false now." in shell("config", "set", "privacy.receipts", "false").stdout
    assert shell.json("config", "reset", "privacy.receipts")["by"] == "nobody"
    assert called(shell, "change_setting") == [("privacy.receipts", "false"), ("privacy.receipts", None)]
