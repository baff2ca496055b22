"""The prover over a bridge that speaks to a real server: it publishes, looks, and keeps to its budget."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from bridge_host_world import Node, a_node

from swarm_bridges import api
from swarm_bridges.api import AccountId, Level
from swarm_bridges.context import Clock
from swarm_bridges.networks import demo
from swarm_bridges.running import Running, package_of, running
from swarm_bridges.testing.demo_network import DemoNetwork
from swarm_bridges.testing.network import OWNER
from swarm_protocol.claims import Claim
from swarm_protocol.identity import PersonaId, RecoveryKit, Sigchain, add_claim, create_persona
from swarm_protocol.testing import SeededEntropy
from swarmnode.bridging.core import accounts, journal, persons
from swarmnode.bridging.host import prover
from swarmnode.bridging.host.prover import BURST, Budget, Prover
from swarmnode.bridging.host.supervisor import Supervisor
from swarmnode.domain.proofs import ProofView
from swarmnode.services import book, identity, own_claims, proofs
from swarmnode.services.node import Node as Memory
from swarmnode.services.step import Step
from swarmnode.storage.proof_shelves import CONTACT_CLAIMS
from swarmnode.storage.shelves import CONTACTS

KIT = RecoveryKit.generate(SeededEntropy("prover"))
CAN = api.Capabilities(version="1", levels={"text": Level.FULL, "claim": Level.FULL})


@dataclass
class Place:
    """A node with a persona and an account on the demo network, and a contact who claims accounts there."""

    node: Node
    network: DemoNetwork
    bridges: Running
    account: AccountId
    prover: Prover
    runs: bool = True
    tick: float = 0.0
    asked: list[str] = field(default_factory=list)

    def caller(self, account: AccountId) -> Place:
        """See `Supervisor.caller`."""
        del account
        if not self.runs:
            raise api.Temporary("this account does not run now")
        return self

    async def call(self, account: AccountId, verb: str, **arguments: object) -> object:
        """See `desk.Caller`."""
        self.asked.append(verb)
        return await self.bridges.call(account, verb, **arguments)

    async def tell(self, account: AccountId, batch: api.Batch) -> None:
        """See `Supervisor.tell`."""
        await self.node.do(lambda step: journal.ingest(step, account, batch))

    async def claims(self, *handles: str) -> dict[str, str]:
        """The contact signs for these accounts and opens that to us; the texts that would prove it."""
        chain = create_persona(KIT)
        made = [
            Claim("demo", handle, bytes(16), self.network.people.get(handle, handle)) for handle in handles
        ]
        for claim in made:
            chain = add_claim(chain, KIT.root(0), claim.hash)
        await self.node.runner.do(lambda step, memory: _met(step, memory, chain, made))
        return {claim.handle: claim.text(PersonaId(chain.persona_id)) for claim in made}

    async def seen(self) -> dict[str, tuple[str, str]]:
        """State and reason of each claim, by handle."""
        views: tuple[ProofView, ...] = await self.node.do(lambda step: proofs.views(step, 1))
        return {view.handle: (view.state, view.why) for view in views}

    async def own(self) -> str:
        """How it stands with our own proof."""
        (view,) = await self.node.runner.do(own_claims.all_of)
        return view.state if not view.why else f"{view.state} {view.why}"


def _met(step: Step, memory: Memory, chain: Sigchain, made: list[Claim]) -> None:
    number = CONTACTS.add(
        step.tx,
        persona_id=chain.persona_id,
        name="Ben",
        standing="confirmed",
        chain=chain.encode(),
        note="",
        created_at=step.wall_s,
    )
    book.met(step, number)
    contact = CONTACTS.get(step.tx, number)
    assert contact is not None
    for claim in made:
        proofs._keep(step, contact, claim, stands=True)
    del memory


@asynccontextmanager
async def _place(folder: Path) -> AsyncIterator[Place]:
    network = DemoNetwork()
    async with a_node(folder) as node, network.serving() as url:
        kit = RecoveryKit.generate(os.urandom)
        await node.runner.do(lambda step, memory: identity.create(step, memory, "anna", kit))
        done = api.LoginDone(
            network_account_id=OWNER,
            display="Olga",
            secrets={"token": network.session("olga").encode()},
            settings={"url": url},
            hosts=("127.0.0.1",),
        )
        account = await node.do(lambda step: accounts.add(step, "demo", done))
        await node.do(lambda step: accounts.learn(step, account, None, CAN))
        desk = node.desk
        async with running(package_of(demo), desk, clock=Clock(), random=os.urandom) as bridges:
            await bridges.start(account, OWNER, {"url": url})
            place = Place(node, network, bridges, account, cast("Prover", None))
            place.prover = Prover(
                node.runner, cast("Supervisor", place), wall=time.time, tick=lambda: place.tick
            )
            yield place


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with _place(tmp_path) as made:
        yield made


async def test_an_account_says_what_it_is_to_say_and_only_once(place: Place) -> None:
    claim = Claim("demo", OWNER, bytes(16), "Olga")
    place.network.profiles[OWNER] = ["I grow tomatoes."]
    await place.node.runner.do(lambda s, m: own_claims.make(s, m, claim, OWNER, "profile", ()))
    place.runs = False
    await place.prover.publish()
    assert await place.own() == "waiting offline"
    place.runs = True
    await place.prover.publish()
    assert place.network.profiles[OWNER] == ["I grow tomatoes."], "not before it is due again"
    assert place.asked == []
    await place.prover.publish(place.account)
    assert await place.own() == "there"
    assert len(place.network.profiles[OWNER]) == 2
    await place.prover.publish()
    assert place.asked == ["publish_claims"]
    await place.node.runner.do(lambda s, m: own_claims.drop(s, m, "1"))
    await place.prover.publish()
    assert place.network.profiles[OWNER] == ["I grow tomatoes."]
    assert await place.node.runner.do(own_claims.all_of) == []


async def test_what_a_contact_claims_is_looked_at_on_the_network_itself(place: Place) -> None:
    texts = await place.claims("u-ada", "u-mallory", "u-nobody")
    place.network.profiles["u-ada"] = ["I paint.", texts["u-ada"]]
    place.network.profiles["u-mallory"] = [texts["u-ada"]]
    assert await place.prover.check()
    assert await place.seen() == {
        "u-ada": ("ok", ""),
        "u-mallory": ("gone", "says-other"),
        "u-nobody": ("gone", "not-there"),
    }
    before = len(place.asked)
    assert await place.prover.check()
    assert len(place.asked) == before, "not again before a week has passed"
    place.network.profiles["u-ada"] = []
    assert await place.prover.check("p1")
    assert (await place.seen())["u-ada"] == ("gone", "says-nothing")


async def test_a_network_that_does_not_answer_takes_nothing_back(place: Place) -> None:
    texts = await place.claims("u-ada")
    place.network.profiles["u-ada"] = [texts["u-ada"]]
    await place.prover.check()
    fault = place.network.faults.add("status", on="read", times=100, status=503)
    await place.prover.check("p1")
    assert fault.hits
    assert (await place.seen())["u-ada"] == ("unreachable", "offline")
    place.runs = False
    await place.prover.check("p1")
    assert (await place.seen())["u-ada"] == ("unreachable", "offline")
    assert (await place.node.do(lambda step: proofs.views(step, 1)))[0].seen_at > 0


async def test_thirty_claims_are_looked_at_as_the_budget_allows(place: Place) -> None:
    handles = [f"u-{number}" for number in range(30)]
    texts = await place.claims(*handles)
    for handle in handles:
        place.network.people[handle] = handle
        place.network.profiles[handle] = [texts[handle]]
    assert not await place.prover.check("p1")
    seen = [state for state, _ in (await place.seen()).values()]
    assert (seen.count("ok"), len(place.asked)) == (BURST, 2 * BURST)
    assert not await place.prover.check("p1")
    assert len(place.asked) == 2 * BURST, "not one more"


def test_a_budget_fills_again_with_time() -> None:
    budget = Budget()
    assert [budget.take(0.0) for _ in range(BURST + 1)] == [*[True] * BURST, False]
    assert not budget.take(prover.HOUR_S / BURST - 1)
    assert budget.take(prover.HOUR_S / BURST + 1)
    assert sum(budget.take(100 * prover.HOUR_S) for _ in range(2 * BURST)) == BURST


async def test_it_goes_on_by_itself_and_looks_when_the_owner_does(place: Place) -> None:
    texts = await place.claims("u-ada")
    async with asyncio.TaskGroup() as tasks:
        running_ = tasks.create_task(place.prover.run())
        async with asyncio.timeout(40):
            while (await place.seen())["u-ada"][0] != "gone":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            place.network.profiles["u-ada"] = [texts["u-ada"]]
            place.prover.shown("p1")
            place.prover.shown("p99")
            await asyncio.sleep(1.5)
            assert (await place.seen())["u-ada"][0] == "gone", "that was a moment ago"
            await place.node.do(_forget_look)
            while (await place.seen())["u-ada"][0] != "ok":
                place.prover.shown("p1")
                await asyncio.sleep(0.05)
        running_.cancel()


async def test_who_is_talked_with_is_asked_for_a_node_when_looked_at_and_once_a_day(place: Place) -> None:
    place.network.profiles["u-mallory"] = [f"swarm:1:{'M' * 42}A"]
    room = api.ConversationSeen(
        conversation=api.ConversationRef("d-u-mallory"),
        kind="direct",
        members=(api.Actor(OWNER, is_owner=True), api.Actor("u-mallory")),
    )
    person = api.ActorSeen(actor=api.Actor("u-ada"), name="Ada")
    await place.node.do(lambda step: journal.ingest(step, place.account, api.Batch((room, person))))

    def links(step: Step) -> dict[str, bool]:
        everybody = (persons.person(step, id_) for id_, _ in persons.names(step))
        return {link.remote_id: link.node for one in everybody for link in one.links}

    await place.prover.once("p1")
    assert await place.node.do(links) == {"u-mallory": True}
    for _ in range(3):
        await place.prover.once("p1")
    assert place.asked == ["read_claims"]
    place.tick += prover.DAY_S + 1
    place.network.profiles["u-mallory"] = []
    await place.prover.once("p1")
    assert await place.node.do(links) == {"u-mallory": False}


def _forget_look(step: Step) -> None:
    CONTACT_CLAIMS.change(step.tx, 1, checked_at=step.wall_s - prover.SEEN_S - 1)
