"""What of people is kept, in backups too, and what is gone when they go."""

from __future__ import annotations

import pytest
from book_world import Anna
from bridge_core_world import Core

from swarm_bridges import api
from swarm_protocol.cbor import Value
from swarmnode.bridging.core import accounts, backup, persons
from swarmnode.bridging.core.backup import Restored
from swarmnode.errors import NotFound
from swarmnode.services import book, book_changes, book_import, book_suggestions, contacts, packs, vcard
from swarmnode.services.step import Step
from swarmnode.storage.bridge_shelves import ACCOUNTS
from swarmnode.storage.schema import metadata

KEY = bytes(32)
CARDS = b"""BEGIN:VCARD
VERSION:4.0
FN:Ada
EMAIL:ada@x.example
IMPP:xmpp:ada@y.example
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Bob
EMAIL:bob@x.example
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Both
EMAIL:ada@x.example
EMAIL:bob@x.example
END:VCARD
"""


def test_people_their_accounts_and_the_whole_record_come_back_from_a_backup() -> None:
    core = Core()
    core.do(lambda step: list(book_import.cards(step, list(vcard.read(CARDS)))))
    ada, bob = (person.id for person in core.do(lambda step: list(persons.everybody(step))))
    change = core.do(lambda step: book_changes.accept(step, "1"))
    core.do(lambda step: book.rename(step, ada, "Ada L."))
    core.do(lambda step: book.prefer(step, ada, "2"))
    split = core.do(lambda step: book_changes.split(step, ada, ["3"]))

    def state(step: Step) -> object:
        return (
            list(persons.everybody(step)),
            book_changes.everything(step),
            persons.suggestions(step),
            book.find(step, bob).id,
        )

    before = core.do(state)
    records = core.do(lambda step: list(backup.records(step)))
    read: list[list[Value]] = list(packs.read(KEY, packs.write(KEY, records, entropy=core.entropy)))
    other = Core("another")
    other.do(lambda step: ACCOUNTS.drop(step.tx, account=other.account))

    def restore(step: Step) -> None:
        reader = Restored(step)
        for number, *values in read:
            assert isinstance(number, int)
            reader.take(number, values)
        book.complete(step)

    other.do(restore)
    assert other.do(state) == before
    other.do(lambda step: book_changes.undo(step, str(split)))
    other.do(lambda step: book_changes.undo(step, str(change)))
    assert [p.name for p in other.do(lambda step: list(persons.everybody(step)))] == ["Ada L.", "Bob"]


def stored(anna: Anna) -> str:
    """All that the tables of the address book hold."""

    def look(step: Step) -> str:
        tables = [table for name, table in metadata.tables.items() if name.startswith("book_")]
        assert len(tables) == 5
        return repr([list(step.tx.db.execute(table.select())) for table in tables])

    text = anna.do(look)
    assert isinstance(text, str)
    return text


def test_a_contact_that_is_removed_is_gone_from_their_person_with_what_was_said() -> None:
    anna = Anna("xmpp", seed="gone")
    anna.talk("xmpp", "ben@x", "Benny")
    anna.merge(anna.ben_by_node, anna.person("xmpp", "ben@x"))
    anna.ben.say("Feuersalamander")
    anna.world.run(5)
    anna.hear("xmpp", "ben@x", "by xmpp")
    anna.do(lambda step: contacts.remove(step, anna.node.node, "1"))
    view = anna.view(anna.ben_by_node)
    assert [(link.network, link.reason) for link in view.links] == [("xmpp", "known")]
    assert view.name == "Benny", "the name of the one who is left"
    assert anna.sees(view.id) == [("xmpp", "by xmpp")]
    assert anna.do(lambda step: step.tx.search.find("Feuersalamander", 5)) == []
    persona = anna.ben.node.me.chain.persona_id.hex()
    assert persona not in stored(anna)
    anna.do(lambda step: accounts.remove(step, anna.accounts["xmpp"]))
    with pytest.raises(NotFound):
        anna.view(view.id)
    assert [said for said in ("ben", "Benny") if said in stored(anna)] == []
    told = {event.data["person"] for event in anna.node.told if event.type == "people.removed"}
    assert told == {view.id, "p2"}, "and who had become part of them"


def test_who_is_known_by_another_account_of_the_owners_stays() -> None:
    anna = Anna("xmpp", seed="stays")
    first = anna.accounts["xmpp"]
    anna.talk("xmpp", "ada@y", "Ada")
    anna.accounts["xmpp"] = anna.do(
        lambda step: accounts.add(
            step, "xmpp", api.LoginDone(network_account_id="me2", display="", secrets={})
        )
    )
    anna.talk("xmpp", "ada@y", "Ada")
    person = anna.person("xmpp", "ada@y")
    assert len(anna.view(person).ways) == 2
    assert len(anna.view(person).links) == 1
    anna.do(lambda step: accounts.remove(step, first))
    assert len(anna.view(person).ways) == 1


def test_a_suggestion_goes_with_either_of_its_accounts() -> None:
    core = Core()
    core.do(lambda step: list(book_import.cards(step, list(vcard.read(CARDS)))))
    assert len(core.do(persons.suggestions)[0]) == 1
    core.do(lambda step: book.forget(step, 3))
    assert core.do(persons.suggestions)[0] == []
    with pytest.raises(NotFound):
        core.do(lambda step: book_suggestions.refuse(step, "1"))
