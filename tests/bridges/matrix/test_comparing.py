"""Two devices of one owner compare: the machine alone in pairs, then against Synapse with other clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from bridge_owner import ACCOUNT, PATIENCE_S, Owner, owner_of
from matrix_device import Phone
from matrix_keys import OwnKeys
from matrix_login import steps
from matrix_network import MatrixNetwork
from matrix_server import Synapse
from vodozemac import Account

from swarm_bridges.api import Gone, LoginDone, Matter, Step
from swarm_bridges.networks import matrix
from swarm_bridges.networks.matrix.sealed import comparing, sas
from swarm_bridges.networks.matrix.sealed.emoji import EMOJI
from swarm_bridges.networks.matrix.sealed.sas import EARLY_S, METHOD, Comparison, Side, Stage, is_timely
from swarm_bridges.sentences import read

NOW = 1_000.0
SAYS = read("de", [Path(matrix.__file__).parent])
USER = "@ada:x"


def key() -> str:
    return Account().ed25519_key.to_base64()


class Pair:
    """Two comparisons, and what passes between them. `touch` may change it on its way."""

    def __init__(
        self, *, asked: bool = True, names: tuple[str, str] = ("PHONE", "NODE"), master: str = ""
    ) -> None:
        phone, node = Side(USER, names[0], key(), master), Side(USER, names[1], key())
        self.phone = Comparison("t1", phone, Side(USER, names[1], node.ed), NOW, asked_by_us=asked)
        self.node = Comparison("t1", node, Side(USER, names[0], phone.ed, master), NOW)
        self.passed: list[str] = []
        self.touch: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda _, content: content

    def talk(self) -> None:
        """Until nobody has anything to say."""
        while self.phone.said or self.node.said:
            for sender, receiver in ((self.phone, self.node), (self.node, self.phone)):
                if sender.said:
                    kind, content = sender.said.pop(0)
                    self.passed.append(kind)
                    receiver.heard(kind, self.touch(kind, content), NOW)

    def shown(self) -> None:
        """Until both show something to compare."""
        self.node.agree(NOW)
        self.talk()
        self.phone.begin()
        self.talk()

    def stages(self) -> tuple[Stage, Stage]:
        return self.phone.stage, self.node.stage


def test_both_see_the_same_and_believe_each_other() -> None:
    pair = Pair(master=key())
    pair.shown()
    assert pair.stages() == (Stage.SHOWN, Stage.SHOWN)
    assert len(pair.node.emoji) == 7
    assert (pair.node.emoji, pair.node.numbers) == (pair.phone.emoji, pair.phone.numbers)
    pair.node.same()
    pair.talk()
    assert pair.stages() == (Stage.SHOWN, Stage.SAID)  # one who has seen it is not enough
    pair.phone.same()
    pair.talk()
    assert pair.stages() == (Stage.DONE, Stage.DONE)
    assert (pair.node.vouched, pair.phone.vouched) == (True, False)
    assert pair.passed == ["ready", "start", "accept", "key", "key", "mac", "mac", "done", "done"]


def test_older_clients_begin_without_a_request() -> None:
    pair = Pair()
    pair.phone.heard("ready", {"methods": [METHOD]}, NOW)
    pair.phone.begin()
    pair.talk()
    assert pair.node.stage is Stage.ASKED
    pair.shown()
    assert pair.stages() == (Stage.SHOWN, Stage.SHOWN)
    assert "ready" not in pair.passed


@pytest.mark.parametrize("names", [("A", "B"), ("B", "A")])
def test_where_both_begin_at_once_one_gives_way(names: tuple[str, str]) -> None:
    pair = Pair(names=names)
    pair.node.agree(NOW)
    pair.phone.heard("ready", pair.node.said.pop()[1], NOW)
    pair.node.begin()
    pair.phone.begin()
    pair.talk()
    assert pair.stages() == (Stage.SHOWN, Stage.SHOWN)
    assert pair.phone.emoji == pair.node.emoji
    assert pair.passed.count("accept") == 1


def test_somebody_in_between_is_seen() -> None:
    pair = Pair()
    eve = Pair()
    eve.shown()
    own = {"key": eve.node._own, "transaction_id": "t1"}
    pair.touch = lambda kind, content: own if kind == "key" else content
    pair.shown()  # the phone began, so the node's key was announced: another one is noticed at once
    assert (pair.phone.code, pair.node.code) == ("m.mismatched_commitment", "m.mismatched_commitment")

    pair = Pair()
    seen = 0

    def first(kind: str, content: dict[str, Any]) -> dict[str, Any]:
        nonlocal seen
        seen += kind == "key"
        return own if kind == "key" and seen == 1 else content

    pair.touch = first  # the key of who began: what is shown is not the same
    pair.shown()
    assert pair.node.emoji != pair.phone.emoji
    assert pair.node.numbers != pair.phone.numbers


@pytest.mark.parametrize("which", ["device", "master", "names", "missing"])
def test_keys_that_are_others_than_known_are_not_believed(which: str) -> None:
    pair = Pair(master=key())

    def touched(kind: str, content: dict[str, Any]) -> dict[str, Any]:
        if kind != "mac" or "ed25519:PHONE" not in content["mac"]:
            return content
        macs = dict(content["mac"])
        match which:
            case "device":
                macs["ed25519:PHONE"] = macs[f"ed25519:{pair.phone.ours.master}"]
            case "master":
                macs[f"ed25519:{pair.phone.ours.master}"] = macs["ed25519:PHONE"]
            case "names":
                macs["ed25519:OTHER"] = macs["ed25519:PHONE"]
            case "missing":
                del macs["ed25519:PHONE"]
        return {**content, "mac": macs}

    pair.touch = touched
    pair.shown()
    pair.phone.same()
    pair.node.same()
    pair.talk()
    assert (pair.node.stage, pair.node.code, pair.node.vouched) == (Stage.OVER, "m.key_mismatch", False)


def test_what_comes_out_of_turn_or_too_late_ends_it_and_both_know() -> None:
    for kind, content in (("key", {"key": "x"}), ("accept", {}), ("mac", {}), ("ready", {}), ("odd", {})):
        pair = Pair()
        pair.node.agree(NOW)
        pair.talk()
        pair.node.heard(kind, content, NOW)
        pair.talk()
        assert (pair.phone.code, pair.node.code) == ("m.unexpected_message", "m.unexpected_message")
    for method in (
        {"method": "m.reciprocate.v1"},
        {"message_authentication_codes": ["hkdf-hmac-sha256"]},
        {},
    ):
        pair = Pair()
        pair.touch = lambda kind, content, m=method: {**content, **m} if kind == "start" else content  # type: ignore[misc]
        pair.shown()
        assert pair.node.code == ("m.unknown_method" if method else "")
    pair = Pair()
    pair.shown()
    for one in (pair.phone, pair.node):
        one.looked(NOW + sas.PATIENCE_S)
        assert one.stage is Stage.SHOWN
    pair.node.looked(NOW + sas.PATIENCE_S + 1)
    pair.talk()
    assert pair.stages() == (Stage.OVER, Stage.OVER)
    assert pair.phone.code == "m.timeout"
    pair.node.same()
    pair.node.cancel("m.user")
    assert not pair.node.said


def test_every_picture_has_a_name_in_german() -> None:
    assert len({picture for picture, _ in EMOJI}) == len({SAYS(name) for _, name in EMOJI}) == 64
    assert all(SAYS.knows(name) for _, name in EMOJI)


def test_old_requests_and_those_from_the_future_are_left_alone() -> None:
    for at, timely in ((NOW, True), (NOW - sas.PATIENCE_S, False), (NOW + EARLY_S, False), (None, False)):
        assert is_timely({"timestamp": None if at is None else int(at * 1000)}, NOW) is timely


# --- over a real server ---


@pytest.fixture
async def network(synapse: Synapse) -> AsyncIterator[MatrixNetwork]:
    made = await MatrixNetwork.open(synapse)
    yield made
    await made.close()


@pytest.fixture
async def phone(network: MatrixNetwork) -> AsyncIterator[Phone]:
    made = await Phone.open(network)
    yield made
    await made.client.close()


async def pressing(owner: Owner, count: int = 1) -> list[Matter]:
    """What there is to settle at once, when it is so much."""
    account = owner.desk.of(ACCOUNT)
    await owner.until(lambda _: len([m for m in account.matters if m.pressing]) == count)
    return [matter for matter in account.matters if matter.pressing]


async def settled(owner: Owner, matter: str, step: str, wanted: str = "") -> Step:
    """The step of this name, when it is there; without a name, when nothing more is shown."""
    async with asyncio.timeout(PATIENCE_S):
        while (shown := await owner.call("settle", matter, step, {})) is not None and shown.id != wanted:
            step = "waiting"
            await asyncio.sleep(0.05)
    found = Step(id="", kind="", title="") if shown is None else shown
    assert found.id == wanted
    return found


async def test_another_device_asks_and_both_believe_each_other(network: MatrixNetwork, phone: Phone) -> None:
    keys = OwnKeys(network.client("owner"))
    await keys.publish(network.answers["password"])
    phone.master = keys.public(keys.master)
    async with await owner_of(network) as owner:
        await phone.ask()
        (matter,) = await pressing(owner)
        assert matter.title == f"Phone ({phone.device}) asks to be compared with this device."
        first = await settled(owner, matter.id, "", "asked")
        assert first.kind == "confirm"
        shown = await settled(owner, matter.id, "asked", "waiting")
        assert shown.kind == "show_and_wait"
        await phone.until(lambda: phone.numbers)
        shown = await settled(owner, matter.id, "waiting", "same")
        pictures = [EMOJI[index] for index in phone.pictures]
        assert shown.show == {"emoji": "  ".join(one for one, _ in pictures), "code": phone.numbers}
        wanted = ", ".join(SAYS(name) for _, name in pictures)
        assert SAYS(shown.text) == f"{wanted}: all das, in dieser Reihenfolge."
        assert (await settled(owner, matter.id, "same", "waiting")).text.startswith("Say on your other")
        await phone.same()
        await phone.until(lambda: phone.is_believed)
        await settled(owner, matter.id, "waiting")
        assert await pressing(owner, 0) == []
        assert owner.bridge._session.machine.comparing.master == phone.master


async def test_the_owner_asks_here_and_another_device_takes_it_up(
    network: MatrixNetwork, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "BEGIN_S", 0.0)
    keys = OwnKeys(network.client("owner"))
    await keys.publish(network.answers["password"])
    await keys.store()
    given = await steps(network.answers, {"recovery": keys.written})
    assert isinstance(given, LoginDone)
    async with Owner(network, given) as owner:
        await owner.until(lambda _: len(owner.desk.of(ACCOUNT).matters) == 1)
        assert (await settled(owner, "compare", "", "ask")).kind == "confirm"
        await settled(owner, "compare", "ask", "waiting")
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(settled(owner, "compare", "waiting", "same"))
            await phone.until(lambda: phone.numbers)
        assert looking.result().show["code"] == phone.numbers
        await phone.same()
        await settled(owner, "compare", "same")
        await phone.until(lambda: phone.is_believed)
        async with asyncio.timeout(
            PATIENCE_S
        ):  # this one has the owner's key, and confirms the other with it
            while not await keys.has_signed(phone.device):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def test_who_sees_something_else_says_no_and_the_other_device_is_told(
    network: MatrixNetwork, phone: Phone
) -> None:
    async with await owner_of(network) as owner:
        await phone.ask()
        (matter,) = await pressing(owner)
        await settled(owner, matter.id, "asked", "waiting")
        await phone.until(lambda: phone.numbers)
        await settled(owner, matter.id, "waiting", "same")
        await owner.call("dismiss", matter.id)
        await phone.until(lambda: phone.over == "m.mismatched_sas")
        assert await pressing(owner, 0) == []
        with pytest.raises(Gone):
            await owner.call("settle", matter.id, "", {})
        await owner.call("dismiss", matter.id)

        await phone.ask(age_s=sas.PATIENCE_S + 60)  # nobody waits for it any more
        await phone.ask()
        (matter,) = await pressing(owner)
        await settled(owner, matter.id, "", "asked")
        await phone.tell("cancel", owner.ctx.settings["device"], code="m.user", reason="no")
        assert await pressing(owner, 0) == []
        shown = await settled(owner, matter.id, "asked", "over")
        assert shown.text == "The other device has ended it."
        await settled(owner, matter.id, "over")

        phone.begin("of a run before")
        await phone.tell("key", owner.ctx.settings["device"], key="x")
        await phone.until(lambda: phone.over == "m.unknown_transaction")
