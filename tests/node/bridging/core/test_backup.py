"""Backups hold what other networks brought, and nothing of what was on its way."""

from __future__ import annotations

import pytest
from bridge_core_world import ADA, ME, ROOM, START, Core, can, ref, seen

from swarm_bridges import api
from swarm_protocol import cbor
from swarm_protocol.cbor import Value
from swarmnode.bridging.core import (
    accounts,
    backup,
    calls,
    consent,
    decisions,
    files,
    inbox,
    outbox,
    post_screens,
    posts,
    rooms,
    vault,
)
from swarmnode.bridging.core.backup import Restored
from swarmnode.bridging.core.posts import Said
from swarmnode.domain.consent import Scope
from swarmnode.services import packs
from swarmnode.storage.bridge_shelves import ACCOUNTS

DOG = api.RemoteFile(id="https://far/dog", name="dog.png", media_type="image/png")
KEY = bytes(32)
BARK = b"woof" * 100_000


def lived() -> Core:
    """An account on which much has happened."""
    core = Core()
    core.tell(
        api.ConversationSeen(conversation=ROOM, kind="group", title="Engines", members=(ADA, ME)),
        api.ActorSeen(actor=ADA, name="Ada L."),
        seen("1", "about tides", files=(DOG,)),
        seen("2", "a mistake"),
        api.ReactionsNow(target=ref("1"), actor=ADA, values=frozenset("+")),
        api.MessageGone(target=ref("2"), actor=ADA),
        api.MessageGone(target=ref("9"), actor=ADA),
        cursor=b"after 9",
    )
    row = core.do(lambda step: outbox.find(step, "m1"))
    core.do(lambda step: files.fetched(step, row.id, DOG, BARK))
    core.do(lambda step: vault.kv_put(step, core.account, {"roster": b"r" * 600_000}))
    chat = core.chat
    core.do(lambda step: inbox.set_draft(step, chat, "half a word"))
    said = core.say("on its way")
    core.settle(core.call(), api.Unknown())
    assert core.states()[-1] != "sent", said
    return core


def stored(core: Core) -> list[list[Value]]:
    """The records, as a backup's file gives them back."""
    found = core.do(lambda step: list(backup.records(step)))
    return list(packs.read(KEY, packs.write(KEY, found, entropy=core.entropy)))


def restored(records: list[list[Value]]) -> Core:
    """A new node into which they are read."""
    core = Core("another")
    core.do(lambda step: ACCOUNTS.drop(step.tx, account=core.account))

    def read(step: object) -> None:
        reader = Restored(step)  # type: ignore[arg-type]
        for number, *values in records:
            assert isinstance(number, int)
            reader.take(number, values)

    core.do(read)
    (account,) = core.do(accounts.all_of)
    core.account = account.account
    return core


def test_what_was_there_is_there_again() -> None:
    core = restored(stored(lived()))
    account = core.do(lambda step: accounts.get(step, core.account))
    assert (account.display, account.state, account.waiting) == ("Me", api.State.STOPPED, 0)
    assert account.since == START
    assert core.do(lambda step: vault.secret(step, core.account, "token")) == api.Secret(b"t0", 1)
    assert core.do(lambda step: vault.kv_get(step, core.account, "roster")) == b"r" * 600_000
    assert core.do(lambda step: accounts.cursor(step, core.account)) == b"after 9"
    assert core.sees() == ["about tides", "(deleted)", "on its way"]
    first, _, last = core.views()
    assert (first.author_name, first.reactions[0][1]) == ("Ada L.", "+")
    row = core.do(lambda step: outbox.find(step, first.id))
    assert core.do(lambda step: files.of(step, row, 0))[1] == BARK
    assert last.state.value == "expired", "the lost node may have sent it: its owner decides"
    assert core.do(lambda step: calls.take(step, core.account)) is None
    found = core.do(lambda step: step.tx.search.find("tides", 5, None, above=1 << 62))
    assert len(found) == 1
    chat = core.chat
    room = core.do(lambda step: rooms.find(step, chat))
    assert room.draft_id is not None
    assert core.do(lambda step: step.tx.bodies.get(room.draft_id or 0)) == b"half a word"


def test_the_network_goes_on_where_it_was() -> None:
    core = restored(stored(lived()))
    core.learn(can())
    core.tell(
        seen("1", "about tides"), seen("2", "a mistake"), seen("9", "taken back before"), seen("10", "new")
    )
    assert [text for text in core.sees() if text != "(deleted)"] == ["about tides", "on its way", "new"]
    unsent = core.views()[2].id
    core.do(lambda step: decisions.again(step, unsent))
    assert core.call().arguments["out"].parts[0].text == "on its way"


def test_posts_and_what_people_said_come_back() -> None:
    core = Core()
    core.tell(api.ConversationSeen(conversation=ROOM, kind="timeline", title="Home"), seen("1", "x"))
    core.do(lambda step: consent.record(step, ("demo", "ada"), Scope.FORWARD, allowed=False, own_word=False))
    number = core.do(lambda step: posts.make(step, Said(text="hello, all"), [core.account]))
    core.settle(core.call(), api.Accepted((ref("7"),)))
    core.tell(seen("8", "hello, you", reply_to=ref("7")))
    back = restored(stored(core))
    view = back.do(lambda step: post_screens.view(step, f"post{number}"))
    assert (view.text, view.state, [m.text for m in view.answers]) == ("hello, all", "sent", ["hello, you"])
    assert back.do(lambda step: consent.refused(step, ("demo", "ada"), Scope.PUBLISH, ""))


def test_records_of_newer_programs_are_left_out() -> None:
    records = stored(lived())
    newer: list[list[Value]] = []
    for number, *values in records:
        more: list[Value] = {64: ["mood"], 65: ["blue"]}.get(number, [])  # type: ignore[arg-type, assignment]
        newer.append([number, *values, *more])
    newer[:0] = [[64, "bridge_mood", "id"], [66, b"piece"], [65, [1]], [77, "?"]]
    assert restored(newer).sees() == restored(records).sees()


@pytest.mark.parametrize("size", [backup.PIECE_SIZE, backup.PIECE_SIZE + 1])
def test_no_record_is_long(size: int) -> None:
    core = Core()
    core.do(lambda step: vault.kv_put(step, core.account, {"x": bytes(size)}))
    records = stored(core)
    assert max(len(cbor.encode(record)) for record in records) < backup.PIECE_SIZE + 1000
    assert restored(records).do(lambda step: vault.kv_get(step, core.account, "x")) == bytes(size)
