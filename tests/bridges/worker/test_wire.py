"""Frames between a node and a bridge's process: what decodes, what does not, and what stays hidden."""

from __future__ import annotations

import inspect

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_bridges import api, desk, wire
from swarm_bridges.api import AccountId, Batch, ConversationRef, Cursor, MessageRef
from swarm_bridges.document import Document, Emphasis, Paragraph, Text


def _body(frame: wire.Frame) -> bytes:
    data = wire.encode(frame)
    assert wire.length(data[: wire.LENGTH_BYTES]) == len(data) - wire.LENGTH_BYTES
    return data[wire.LENGTH_BYTES :]


def test_a_batch_crosses_the_border_unchanged() -> None:
    body = Document((Paragraph((Text("to "), Emphasis((Text("Ada"),)))),))
    ref = MessageRef(ConversationRef("room", private=True), "m1")
    event = api.MessageSeen(ref=ref, actor=api.Actor("ada"), body=body, order="7", aliases=("m0",))
    batch = Batch((event, api.MarksNow(target=ref, mine=frozenset({"boost"}))), Cursor(b"\x00\xff"))
    ask = wire.Ask(3, "ingest", AccountId("a1"), wire.DESK["ingest"].pack({"batch": batch}))
    heard = wire.decode(_body(ask))
    assert isinstance(heard, wire.Ask)
    assert (heard.id, heard.verb, heard.account) == (3, "ingest", "a1")
    assert wire.DESK["ingest"].unpack(heard.arguments) == {"batch": batch}


def test_every_verb_of_the_contract_can_be_asked() -> None:
    parts = {
        name for name, part in vars(api).items() if isinstance(part, type) and part.__module__ == api.__name__
    }
    mixins = {name for name in parts if hasattr(vars(api)[name], "_is_protocol")}
    only_in_process = {
        "Clock", "Context", "Http", "KeyValues", "Log", "Login", "LoginContext", "Reply", "Secrets", "Socket",
        "Stream",
    }  # fmt: skip
    assert set(wire.PARTS) == mixins - only_in_process
    methods = {
        name for part in wire.PARTS.values() for name, m in vars(part).items() if inspect.isfunction(m)
    }
    public = {name for name in methods if not name.startswith("_")}
    assert set(wire.BRIDGE) == public - {"run", "fetch", "migrate"}
    assert set(wire.DESK) == {name for name in vars(desk.Desk) if not name.startswith("_")} - {"log"}


def test_an_unknown_field_is_ignored_and_a_default_filled_in() -> None:
    class Later(msgspec.Struct):
        event: str
        conversation: ConversationRef
        kind: str
        invented_later: int

    later = msgspec.msgpack.encode(
        {"batch": {"events": [Later("conversation", ConversationRef("r"), "group", 4)]}}
    )
    got = wire.DESK["ingest"].unpack(msgspec.Raw(later))["batch"].events[0]
    assert got == api.ConversationSeen(conversation=ConversationRef("r"), kind="group")


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"batch": {"events": [{"event": "invented"}]}},
        {"batch": {"events": [{"event": "message_gone", "target": "m"}]}},
        {"batch": [1, 2]},
        "batch",
    ],
)
def test_what_is_no_batch_is_broken(arguments: object) -> None:
    with pytest.raises(wire.Broken):
        wire.DESK["ingest"].unpack(msgspec.Raw(msgspec.msgpack.encode(arguments)))


def test_mistakes_are_found_before_they_leave() -> None:
    wrong = api.ConversationSeen(conversation=ConversationRef("r"), kind=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="kind"):
        wire.DESK["ingest"].pack({"batch": Batch((wrong,))})
    with pytest.raises(TypeError):
        wire.CALLER["capabilities"].pack_result(None)
    with pytest.raises(TypeError):
        wire.DESK["ingest"].pack({"invented": 1})


def test_a_document_deeper_than_the_stack_is_broken() -> None:
    deep = b"\x82\xa2is\xa6strong\xa8children\x91" * 100_000
    top = b"\x81\xa6blocks\x91\x82\xa2is\xa9paragraph\xa8children\x91"
    message = {"ref": {"conversation": {"remote_id": "r"}, "remote_id": "m"}, "actor": {"remote_id": "a"}}
    event = msgspec.msgpack.encode({"event": "message", **message, "body": None})
    assert event.endswith(b"\xc0")
    inside = event[:-1] + top + deep + b"\x82\xa2is\xa4text\xa4text\xa1x"
    batch = b"\x81\xa5batch\x81\xa6events\x91" + inside
    with pytest.raises(wire.Broken, match="Recursion"):
        wire.DESK["ingest"].unpack(msgspec.Raw(batch))


@given(st.binary(max_size=200))
def test_noise_is_broken_or_a_frame(noise: bytes) -> None:
    try:
        frame = wire.decode(noise)
    except wire.Broken:
        return
    assert isinstance(frame, wire.Frame)


def test_a_frame_that_is_too_long_is_not_read() -> None:
    with pytest.raises(wire.Broken):
        wire.length((wire.MAX_FRAME + 1).to_bytes(4, "big"))
    assert wire.length(wire.MAX_FRAME.to_bytes(4, "big")) == wire.MAX_FRAME


@pytest.mark.parametrize("kind", wire.ERRORS.values())
def test_errors_keep_their_class(kind: type[api.BridgeError]) -> None:
    again = wire.raised(wire.failure(1, kind("why")))
    assert type(again) is kind
    assert str(again) == "why"


def test_a_wait_and_its_scope_are_kept() -> None:
    again = wire.raised(wire.failure(1, api.Limited("slow down", wait_s=7.5, scope="conversation")))
    assert isinstance(again, api.Limited)
    assert (again.wait_s, again.scope) == (7.5, "conversation")


def test_an_error_of_a_bridges_own_counts_as_what_it_derives_from() -> None:
    class Banned(api.Refused):
        pass

    assert wire.failure(1, Banned("no")).kind == "Refused"


def test_of_other_errors_only_the_place_is_told() -> None:
    def stumble(password: str) -> None:
        raise ValueError(f"cannot use {password}")

    with pytest.raises(ValueError, match="hunter2") as raised:
        stumble("hunter2")
    failed = wire.failure(1, raised.value)
    assert failed.kind == "BridgeError"
    assert failed.text.startswith("ValueError < ")
    assert "test_wire" in failed.text
    assert "hunter2" not in failed.text


def test_an_error_of_no_known_kind_is_broken() -> None:
    with pytest.raises(wire.Broken):
        wire.raised(wire.Failure(1, "SystemExit"))


def test_arguments_are_not_shown() -> None:
    packed = wire.DESK["secrets_put"].pack({"values": {"token": b"hunter2"}, "expect": 1})
    ask = wire.Ask(1, "secrets_put", AccountId("a1"), packed)
    assert "hunter2" not in repr(ask)
    assert "hunter2" not in repr(wire.DESK["secrets_put"].arguments(values={"token": b"hunter2"}, expect=1))
