"""How the vectors of content are run (`protocol/vectors/README.md`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from swarm_protocol import cbor
from swarm_protocol import content as con


def items(data: bytes) -> list[Any]:
    value = cbor.decode(data, max_size=1 << 20)
    assert isinstance(value, list)
    return value


def author(fields: Any) -> con.Author:
    return con.Author.read(cbor.Record.of(fields, "an author"))


def run_message(data: bytes) -> str:
    conversation_id, message_data, sender, highest = items(data)
    message = con.Message.decode(message_data)
    assert message.data == message_data
    by = None if sender is None else author(sender)
    con.admit(message, con.Conversation(conversation_id), sender=by, highest=highest)
    return "unknown" if message.needs_newer else "ok"


def run_chain(data: bytes) -> str:
    conversation_id, whose, start, links = items(data)
    chain = con.AuthorChain.empty(con.Conversation(conversation_id), author(whose), start=start)
    store: dict[int, con.AuthorLink] = {}
    outcome = "empty"
    for link_data in links:
        link = con.AuthorLink.decode(link_data)
        received = chain.receive(link, stored=store.get(link.seq))
        chain, outcome = received.chain, received.outcome.value
        store.update({added.seq: added for added in received.added})
    return outcome


def run_fork(data: bytes) -> str:
    assert con.Fork.decode(data).encode() == data
    return "ok"


def run_order(data: bytes) -> str:
    came, shown = items(data)
    messages = [con.Message.decode(message) for message in came]
    assert [place.id for place in con.display_order(m.standing for m in messages)] == shown
    return "ok"


def run_change(data: bytes) -> str:
    change_data, target_data, personas = items(data)
    change, target = con.Message.decode(change_data), con.Message.decode(target_data)
    match change.body:
        case con.DeleteReq():
            con.check_deletion(change, [target.author.persona_id], moderators=personas)
        case con.DeleteRcpt():
            con.check_answer(change, target)
        case _:
            con.check_change(change, target, may_react=personas)
    return "ok"


def run_addresses(data: bytes) -> str:
    assert con.AddressRecord.decode(data).data == data
    return "ok"


RUNNERS: dict[str, Callable[[bytes], str]] = {
    "content/message": run_message,
    "content/chain": run_chain,
    "content/fork": run_fork,
    "content/order": run_order,
    "content/change": run_change,
    "content/addresses": run_addresses,
}
