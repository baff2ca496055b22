"""Posts and consent at the command line: what is asked, and what is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_world import Shell
from double_node import COO


def called(shell: Shell, name: str) -> list[tuple[Any, ...]]:
    return [arguments for said, arguments in shell.node.calls if said == name]


@pytest.mark.parametrize(
    "words",
    [
        ("post", "a text", "--to", COO.id),
        ("post", "--to", COO.id, "a text"),
        ("post", "--json", "a text", "--to", COO.id),
        ("post", "--lang", "de", "--to", COO.id, "a text"),
        ("post", "--lang=de", "say", "a text", "--to", COO.id),
        ("post", "say", "--to", COO.id, "--", "a text"),
    ],
)
def test_what_is_no_command_is_what_is_to_be_said(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell(*words).exit_code == 0
    ((asked, *_),) = called(shell, "make_post")
    assert (asked.text, asked.accounts) == ("a text", (COO.id,))


def test_a_text_may_be_called_like_a_command(shell: Shell) -> None:
    assert shell("post", "say", "list", "--to", COO.id).exit_code == 0
    assert called(shell, "make_post")[0][0].text == "list"
    assert shell("post", "a text").exit_code == 2, "nobody is named"


def test_everything_that_can_be_said_of_a_post_is_asked(shell: Shell, tmp_path: Path) -> None:
    cat, dog = tmp_path / "cat.png", tmp_path / "dog.bin"
    cat.write_bytes(b"meow")
    dog.write_bytes(b"woof!")
    said = [
        "a text",
        "--to",
        COO.id,
        "--file",
        str(cat),
        "--file",
        str(dog),
        "--alt",
        "a cat",
        "--title",
        "hush",
    ]
    said += ["--visibility", "unlisted", "--language", "en", "--more", "https://x.example", "--leave-out"]
    printed = shell("post", *said).stdout
    assert "NOT POSTED: more than 40 posts there" in printed
    assert "`swarmnode post show post1`" in printed
    assert shell("post", *said, "--dry-run").exit_code == 0
    ((asked, *_),), ((shown, *_),) = called(shell, "make_post"), called(shell, "preview_post")
    assert [(f.name, f.size_bytes, f.description) for f in asked.files] == [
        ("cat.png", 4, "a cat"),
        ("dog.bin", 5, ""),
    ]
    assert (asked.title, asked.sensitive, asked.visibility) == ("hush", True, "unlisted")
    assert (asked.language, asked.more, asked.leave_out) == ("en", "https://x.example", True)
    assert (asked.data, shown.data) == ((b"meow", b"woof!"), ())
    assert shown.files == asked.files
    assert shell.error("post", "x", "--to", COO.id, "--alt", "nothing")[1]["code"] == "usage"


def test_a_post_leaves_at_a_time_of_its_own(shell: Shell) -> None:
    said = shell("post", "tomorrow", "--to", COO.id, "--at", "2099-03-01T09:00").stdout
    assert "w7 leaves 2099-03-01 09:00" in said
    assert shell.error("post", "x", "--to", COO.id, "--at", "9:00", "--in", "1h")[1]["code"] == "usage"


def test_a_preview_shows_each_post_and_what_to_know(shell: Shell) -> None:
    shown = shell("post", "a text and more", "--to", COO.id, "--dry-run").stdout
    assert shown.splitlines() == [
        "pigeon  coo@pigeon.example",
        "    a text (1/2)  (12 of 10)",
        "    and more (2/2)  (14 of 10)",
        "    - a thread of 2 posts",
    ]


def test_posts_are_listed_and_shown_with_answers(shell: Shell) -> None:
    for words in (("post",), ("post", "list")):
        shown = shell(*words).stdout
        assert "post1" in shown
        assert "not everywhere" in shown
    shown = shell("post", "show", "post1").stdout
    assert "dove  coo  sent  (m1)" in shown
    assert "1 answer:" in shown
    assert "so it is" in shown
    assert shell.error("post", "show", "post2")[0] == 5


def test_posts_are_changed_taken_back_and_sent_again(shell: Shell) -> None:
    assert "b text" in shell("post", "edit", "post1", "b text").stdout
    assert "[taken back]" in shell("post", "delete", "post1").stdout
    assert shell("post", "resend", "post1", "--to", COO.id).exit_code == 0
    assert called(shell, "resend_post") == [("post1", COO.id, "en")]


def test_words_of_others_are_passed_on_and_what_they_said_is_kept(shell: Shell) -> None:
    said = shell.node.hear("d" * 32, "so it is")
    chats = [chat["id"] for chat in shell.json("conversations")["items"]]
    assert shell("forward", said.id, "--to", chats[0]).exit_code == 0
    assert called(shell, "forward") == [(said.id, chats[0])]
    assert "conversations" in shell("consent").stdout
    assert "alle" in shell("consent", "give", "--message", said.id, "--publish", "--lang", "de").stdout
    assert "NO" in shell("consent", "withdraw", "--message", said.id).stdout
    shell("consent", "give", "--message", said.id, "--they-said-so")
    assert called(shell, "put_consent") == [
        ("", said.id, "", "publish", True, False),
        ("", said.id, "", "forward", False, False),
        ("", said.id, "", "forward", True, True),
    ]
    assert shell.error("consent", "give")[0] == 2
