"""Requests of all shapes, what is answered, and writes that come again."""

import asyncio
import json
import logging

import pytest
from api_world import World
from double_node import ANA, ANTON

from swarmnode.api.once import KEEP_S
from swarmnode.api.route import SMALL
from swarmnode.api.table import ROUTES
from swarmnode.domain.views import NodeState
from swarmnode.errors import DiskFull, Locked, NodeError, NotFound, NotReady, SchemaTooNew, Unreachable

LARGEST = max(route.limit for route in ROUTES if not route.uploads)
CHAT = f"/chats/{ANA.chat}/messages"


async def test_saying_something_and_reading_it(world: World) -> None:
    sent = (await world.own("POST", CHAT, {"text": "hi"})).json
    page = (await world.own("GET", CHAT + "?limit=10")).json
    assert page == {"items": [sent], "prev": "", "next": ""}
    assert (sent["text"], sent["state"], sent["author"]) == ("hi", "queued", "me")


async def test_a_stretch_of_messages(world: World) -> None:
    for number in range(5):
        world.node.hear(ANA.chat, str(number))
    last = (await world.own("GET", CHAT + "?limit=2")).json
    before = (await world.own("GET", f"{CHAT}?limit=2&before={last['prev']}")).json
    assert [m["text"] for m in before["items"] + last["items"]] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (CHAT + "?limit=0", "query.limit"),
        (CHAT + "?limit=many", "query.limit"),
        (CHAT + "?before=1&after=2", "query"),
        (CHAT + "?colour=red", "query"),
        ("/chats?limit=1", "query"),
        ("/events?after=-1", "query.after"),
        ("/trace", "query"),
    ],
)
async def test_a_wrong_query_is_named(world: World, path: str, where: str) -> None:
    answer = await world.own("GET", path)
    assert (answer.status, answer.code, answer.json["where"]) == (400, "usage", where)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[]", "body"),
        (b'{"text": 5}', "body.text"),
        (b'{"text": ""}', "body.text"),
        (b'{"text": "a", "colour": "red"}', "body"),
        (b'{"text": "a", "expire_s": -1}', "body.expire_s"),
        (b'{"text": "a", "attachments": [{"name": "x"}]}', "body.attachments[0]"),
        (b'{"text": "a", "attachments": [{"name": "x", "data": "!"}]}', "body.attachments[0].data"),
        (b'{"text": "a", "attachments": [{}, {}, {}, {}, {}]}', "body.attachments"),
        (b'{"text": "' + b"a" * 32_769 + b'"}', "body.text"),
        (b"[" * 10_000, "body"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_wrong_body_is_named_and_does_nothing(world: World, body: bytes, where: str) -> None:
    answer = await world.ask("POST", CHAT, over="unix", raw=body)
    assert (answer.status, answer.code) == (400, "usage")
    assert answer.json["where"].startswith(where)
    assert world.node.said == []


async def test_a_body_has_to_say_that_it_is_json(world: World) -> None:
    answer = await world.ask(
        "POST", CHAT, over="unix", raw=b'{"text": "a"}', headers={"Content-Type": "text/plain"}
    )
    assert (answer.status, answer.code) == (415, "not-json")


@pytest.mark.parametrize(
    ("path", "size"), [("/links/inspect", SMALL + 1), ("/session", SMALL + 1), (CHAT, LARGEST + 1)]
)
async def test_a_large_body_is_refused(world: World, path: str, size: int) -> None:
    answer = await world.ask("POST", path, over="unix", raw=b" " * size)
    assert (answer.status, answer.code) == (413, "too-large")


async def test_four_files_go_with_a_message_and_come_back(world: World) -> None:
    files = [{"name": f"Bücher {i}.bin", "media_type": "text/html", "data": "AAEC"} for i in range(4)]
    sent = (await world.own("POST", CHAT, {"attachments": files})).json
    assert [file["size_bytes"] for file in sent["attachments"]] == [3] * 4
    got = await world.own("GET", f"/messages/{sent['id']}/attachments/3")
    assert got.data == b"\x00\x01\x02"
    assert got.headers["Content-Type"] == "application/octet-stream", "it is not run as a page"
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''B%C3%BCcher%203.bin"
    assert got.headers["Content-Security-Policy"].startswith("sandbox")
    for wrong in ("4", "-1", "x", "0" * 3):
        assert (await world.own("GET", f"/messages/{sent['id']}/attachments/{wrong}")).code == "not-found"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Locked("closed", hint="open it"), 423),
        (NotReady("no"), 409),
        (DiskFull("full"), 507),
        (SchemaTooNew("new"), 507),
        (Unreachable("away"), 503),
        (NodeError("odd"), 500),
    ],
)
async def test_errors_of_the_node_keep_their_code(world: World, error: NodeError, status: int) -> None:
    world.node.fail = error
    answer = await world.own("GET", "/chats")
    assert (answer.status, answer.code, answer.json["detail"]) == (status, error.code, str(error))
    assert answer.json.get("hint", "") == error.hint


async def test_a_fault_of_ours_tells_nothing_outside_and_its_place_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.node.fail = RuntimeError("planted secret")
    with caplog.at_level(logging.ERROR):
        answer = await world.own("GET", f"/chats/{ANA.chat}")
    assert (answer.status, answer.code) == (500, "internal")
    assert b"planted" not in answer.data
    (record,) = caplog.records
    assert (record.msg, record.__dict__["route"]) == ("request-failed", "/api/v1/chats/{chat}")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("DELETE", "/chats", 405), ("POST", "/status", 405), ("GET", "/chats/", 404)],
)
async def test_no_such_route(world: World, method: str, path: str, status: int) -> None:
    answer = await world.own(method, path)
    assert (answer.status, answer.code) == (status, "no-route")


async def test_a_home_without_persona(world: World) -> None:
    world.node.state = NodeState.EMPTY
    assert (await world.own("GET", "/chats")).code == "not-ready"
    made = await world.own("POST", "/identity", {"name": "Ana", "passphrase": "p"})
    assert len(made.json["words"]) == 24
    places = {"1": "word1", "24": "word24", "7": "word7"}
    assert (await world.own("POST", "/identity/words/check", {"words": places})).json == {"right": True}
    wrong = {**places, "7": "word8"}
    assert (await world.own("POST", "/identity/words/check", {"words": wrong})).json == {"right": False}
    odd = {"1": "word1", "24": "word24", "x": "word7"}
    assert (await world.own("POST", "/identity/words/check", {"words": odd})).json == {"right": False}
    assert (await world.own("POST", "/identity", {"name": "Ana"})).code == "conflict"


async def test_files_of_the_machine_are_named_over_the_socket_only(world: World) -> None:
    header = await world.token("admin")
    world.node.state = NodeState.EMPTY
    words = [f"w{i}" for i in range(24)]
    answers = [
        await world.ask("POST", "/backups", {"path": "x"}, headers=header),
        await world.ask("POST", "/identity", {"name": "A", "key_file": "x"}, headers=header),
        await world.ask("POST", "/identity/restore", {"words": words, "backup": "x"}, headers=header),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(403, "denied")] * 3
    assert (await world.ask("POST", "/identity/restore", {"words": words}, headers=header)).status == 200


# Writes that come again


async def test_the_same_key_does_it_once(world: World) -> None:
    answers = [await world.own("POST", CHAT, {"text": "hi"}, **{"Idempotency-Key": "k"}) for _ in range(3)]
    assert len({answer.data for answer in answers}) == 1
    assert [name for name, _ in world.node.calls].count("send") == 1


async def test_the_same_key_at_the_same_time_does_it_once(world: World) -> None:
    async with asyncio.TaskGroup() as tasks:
        runs = [
            tasks.create_task(world.own("POST", CHAT, {"text": "hi"}, **{"Idempotency-Key": "k"}))
            for _ in range(5)
        ]
    assert len({run.result().data for run in runs}) == 1
    assert len(world.node.said) == 1


@pytest.mark.parametrize(
    ("path", "body"), [(CHAT, {"text": "ho"}), (f"/chats/{ANTON.chat}/messages", {"text": "hi"})]
)
async def test_the_same_key_for_something_else_is_refused(world: World, path: str, body: object) -> None:
    await world.own("POST", CHAT, {"text": "hi"}, **{"Idempotency-Key": "k"})
    answer = await world.own("POST", path, body, **{"Idempotency-Key": "k"})
    assert (answer.status, answer.code) == (409, "conflict")
    assert len(world.node.said) == 1


async def test_keys_are_of_one_device_and_of_one_day(world: World) -> None:
    await world.own("POST", CHAT, {"text": "hi"}, **{"Idempotency-Key": "k"})
    header = await world.token("write")
    await world.ask("POST", CHAT, {"text": "other"}, headers={**header, "Idempotency-Key": "k"})
    assert len(world.node.said) == 2
    world.clock.s += KEEP_S
    assert (await world.own("POST", CHAT, {"text": "new"}, **{"Idempotency-Key": "k"})).status == 200


async def test_what_failed_may_be_tried_again_under_its_key(world: World) -> None:
    world.node.fail = DiskFull("full")
    key = {"Idempotency-Key": "k"}
    assert (await world.own("POST", CHAT, {"text": "hi"}, **key)).status == 507
    assert (await world.own("POST", CHAT, {"text": "hi"}, **key)).status == 200
    assert len(world.node.said) == 1


@pytest.mark.parametrize("key", ["a" * 129, "a b", "ä"])
async def test_a_wrong_key_is_named(world: World, key: str) -> None:
    answer = await world.own("POST", CHAT, {"text": "hi"}, **{"Idempotency-Key": key})
    assert (answer.status, answer.json["where"]) == (400, "Idempotency-Key")


async def test_answers_with_secrets_are_not_kept(world: World) -> None:
    key = {"Idempotency-Key": "k"}
    assert (await world.own("POST", "/invites", {}, **key)).json["link"] == "swarm:1i#secret"
    await world.own("POST", "/invites", {}, **key)
    assert [name for name, _ in world.node.calls].count("invite") == 2


# What a person means


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        (ANA.id, ANA.id),
        ("ana", ANA.id),
        ("ANTON", ANTON.id),
        ("ant", ANTON.id),
        ("ce", ANTON.id),
        ("cc", ANA.id),
    ],
)
async def test_a_name_or_the_start_of_one_is_enough(world: World, text: str, id_: str) -> None:
    assert (await world.own("POST", "/resolve", {"kind": "contact", "text": text})).json["id"] == id_


@pytest.mark.parametrize(
    ("text", "named"), [("an", ["Ana", "Anton"]), ("c", ["Ana", "Anton"]), ("bo", ["Ana"])]
)
async def test_what_is_not_clear_lists_what_there_is(world: World, text: str, named: list[str]) -> None:
    answer = await world.own("POST", "/resolve", {"kind": "contact", "text": text})
    assert (answer.status, answer.code) == (404, "not-found")
    assert all(name in json.dumps(answer.json) for name in named)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("conversation", "Ana"),
        ("message", "00000000"),
        ("invite", "i1"),
        ("relay", "relay.example"),
        ("device", "read"),
    ],
)
async def test_each_kind_is_found(world: World, kind: str, text: str) -> None:
    await world.token("read")
    world.node.hear(ANA.chat, "hi")
    assert (await world.own("POST", "/resolve", {"kind": kind, "text": text})).status == 200
    assert (await world.own("POST", "/resolve", {"kind": kind, "text": "zzz"})).status == 404


async def test_a_backup_is_sent_piece_by_piece_and_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.node.state = NodeState.EMPTY
    path, kind = "/identity/backup", {"Content-Type": "application/octet-stream"}
    large = b"sealed" * (LARGEST // 6 + 1)
    sent = await world.ask("PUT", path, over="unix", raw=large, headers=kind)
    assert sent.json == {"size_bytes": len(large)}
    assert (await world.ask("PUT", path, over="unix", raw=b"{}")).code == "usage"
    (route,) = (route for route in ROUTES if route.uploads)
    monkeypatch.setitem(vars(route), "limit", 1024 * 1024)
    sent = await world.ask("PUT", path, over="unix", raw=large, headers=kind)
    assert (sent.status, sent.code) == (413, "too-large")


@pytest.mark.parametrize(
    ("path", "name"), [("/backups/file", "swarmnode.backup"), ("/exports/file", "swarmnode.jsonl")]
)
async def test_a_backup_and_an_export_come_as_files(world: World, path: str, name: str) -> None:
    answer = await world.ask("POST", path, over="unix")
    assert answer.status == 200
    assert answer.headers["Content-Disposition"].endswith(name)


async def test_errors_are_told_in_the_language_that_is_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nowhere(_: str) -> None:
        raise NotFound("there is no such relay", hint="nobody has translated this")

    monkeypatch.setattr(world.node, "relay_remove", nowhere)
    told = await world.own("DELETE", "/relays/none", **{"Accept-Language": "de-DE,de;q=0.9"})
    assert told.json == {
        "code": "not-found",
        "detail": "dieses Relais gibt es nicht",
        "hint": "nobody has translated this",
    }
    assert (await world.own("DELETE", "/relays/none")).json["detail"] == "there is no such relay"
