"""Bytes as text: whatever servers do to texts, the bytes come back as they were, or not at all."""

from __future__ import annotations

import textwrap
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_bridges.armour import ALPHABET, MAX_TEXT, armoured, opened, room

SENTENCE = "A private message: a program reads it <for> you & me."
BLOB = bytes(range(200))
blobs = st.binary(max_size=300)


@given(blobs, st.text(max_size=80))
def test_bytes_come_back(blob: bytes, sentence: str) -> None:
    assert opened(armoured(blob, sentence)) == blob


@given(blobs)
def test_nothing_but_letters_digits_and_one_pair_of_brackets_is_used(blob: bytes) -> None:
    text = armoured(blob, "")
    assert set(text) <= {*ALPHABET, *"[] \n"}
    assert (text.count("["), text.count("]")) == (1, 1)


@given(blobs, st.integers(0, 60))
def test_the_room_is_what_has_room(blob: bytes, more: int) -> None:
    length = len(armoured(blob, SENTENCE))
    assert room(length, SENTENCE) == len(blob)
    able = room(length + more, SENTENCE)
    assert len(armoured(bytes(able), SENTENCE)) <= length + more < len(armoured(bytes(able + 1), SENTENCE))


def test_a_text_that_is_too_short_has_room_for_nothing() -> None:
    assert [room(size, SENTENCE) for size in (-1, 0, len(SENTENCE), len(SENTENCE) + 12)] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\n".join(textwrap.wrap(text, 40, break_long_words=True)),
        lambda text: "\n".join("> > " + line for line in textwrap.wrap(text, 30)),
        lambda text: f"<p><span>@ben</span> {escape(text)}</p>".replace("\n", "<br />"),
        lambda text: "<p>" + "<wbr>".join(textwrap.wrap(escape(text), 25)) + "</p>",
        lambda text: text.replace(" ", "\u00a0").replace("\n", "\r\n\r\n"),
        lambda text: "".join(text.split()),
        "\u200b".join,
        lambda text: f"[1] {text}\n\n--\nsent from [a telephone]",
        lambda text: text + "\n\n" + armoured(b"an older one, quoted", ""),
        lambda text: armoured(b"cut off", "").replace("]", "") + "\n" + text,
    ],
)
def test_what_servers_do_to_texts_does_no_harm(change: object) -> None:
    assert callable(change)
    assert opened(change(armoured(BLOB, SENTENCE))) == BLOB


@given(st.integers(0, 10_000), st.sampled_from(ALPHABET))
def test_a_character_that_changed_is_noticed(place: int, other: str) -> None:
    text = armoured(BLOB, SENTENCE)
    start = text.index("[swarm1 ") + len("[swarm1 ")
    at = start + place % (len(text) - 1 - start)
    changed = text[:at] + other + text[at + 1 :]
    assert opened(changed) == (BLOB if changed == text else None)


@given(st.integers(1, 280))
def test_what_is_cut_off_is_noticed(less: int) -> None:
    text = armoured(BLOB, SENTENCE)
    assert opened(text[:-less]) is None
    assert opened(text[: -less - 1] + "]") is None


@pytest.mark.parametrize(
    "text", ["", "[swarm1 ]", "[swarm1 0]", "[swarm1 zzzzzzzzzzz]", "hello", "[swarm1 äöü]", "<" * 5000]
)
def test_other_texts_hold_nothing(text: str) -> None:
    assert opened(text) is None


def test_an_endless_text_is_not_looked_at() -> None:
    text = armoured(BLOB, SENTENCE)
    assert opened(text + " " * (MAX_TEXT - len(text))) == BLOB
    assert opened(text + " " * (MAX_TEXT - len(text) + 1)) is None
