"""One suite for all bridges, against the real server of each network.

A network implements `Network` and `Peer`; its tests subclass the suites and give the fixture `network`.
The suite says what the owner and others do, in the words of no network, and looks at both sides afterwards:
nothing lost, nothing doubled, nothing shown as sent that the other side lacks. Messages are named by texts.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Protocol

import pytest
from bridge_owner import ACCOUNT, PATIENCE_S, Home, Journal, Lines, log_in, owner_of

from swarm_bridges.api import AuthExpired, Batch, Conflict, LoginDone, MessageRef, Origin, Step
from swarm_bridges.context import Clock

LONG = bool(os.environ.get("SWARMNODE_SOAK"))
HISTORY = 5000 if LONG else 500


# --- what a network brings ---


class Peer(Protocol):
    """A client that is not ours, in the conversation of the test: somebody else's, or the owner's own."""

    async def say(self, text: str) -> None: ...
    async def edit(self, old: str, new: str) -> None: ...
    async def delete(self, text: str) -> None: ...
    async def react(self, text: str, *values: str) -> None: ...
    async def reply(self, text: str, answer: str) -> None: ...
    async def send_file(self, name: str, data: bytes) -> None: ...
    async def sees(self, text: str) -> None:
        """Wait until it is there."""

    async def sees_edit(self, old: str, new: str) -> None: ...
    async def sees_gone(self, text: str) -> None: ...
    async def sees_reaction(self, text: str, value: str) -> None: ...
    async def sees_reply(self, text: str, answer: str) -> None: ...
    async def sees_file(self, name: str) -> bytes: ...

    def texts(self) -> list[str]:
        """All that was said, once for each time it came."""

    async def archive(self) -> list[str]:
        """All that the network itself has, however often."""


class Network(Home, Protocol):
    """A real server, with the owner's account and somebody else's on it, and a conversation of theirs."""

    resume_s: float
    """After this a session that was cut cannot be taken up again."""

    async def peer(self) -> Peer: ...
    async def other_client(self) -> Peer: ...
    def stop(self, *, kill: bool = False) -> None: ...
    def start(self) -> None: ...
    def set_password(self, password: str) -> None: ...
    def remove_account(self) -> None: ...


class DayOff(Clock):
    """A clock that is a day ahead."""

    def now(self) -> float:
        return super().now() + 86_400


# --- the suite ---


class TalkSuite:
    """What is said in one conversation."""

    in_order = True
    """Whether the network delivers in the order in which things were said."""

    async def test_what_others_say_comes_once(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("good morning")
            shown = await owner.sees("good morning")
            assert not shown.is_owner
            assert owner.journal.texts(network.conversation) == ["good morning"]

    async def test_what_the_owner_says_is_there_once_on_both_sides(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            ref = await owner.say("good evening")
            await peer.sees("good evening")
            await peer.say("and to you")
            journal = await owner.until(lambda j: "and to you" in j.texts(network.conversation))
            assert peer.texts().count("good evening") == 1
            echo = journal.find(ref)
            assert echo is None or (echo.is_owner and echo.text == "good evening")

    async def test_two_clients_of_the_owner_talk_at_once(self, network: Network) -> None:
        peer, other = await network.peer(), await network.other_client()
        async with await owner_of(network) as owner:
            async with asyncio.TaskGroup() as tasks:
                for n in range(5):
                    tasks.create_task(owner.say(f"node {n}"))
                    tasks.create_task(other.say(f"other {n}"))
                    tasks.create_task(peer.say(f"peer {n}"))
            said = {f"{who} {n}" for who in ("other", "peer") for n in range(5)}
            journal = await owner.until(lambda j: said <= set(j.texts(network.conversation)))
            texts = [t for t in journal.texts(network.conversation) if not t.startswith("node")]
            assert sorted(texts) == sorted(said)
            sides = {s.text: s.is_owner for s in journal.shown.values()}
            assert all(mine == (text.partition(" ")[0] != "peer") for text, mine in sides.items())
            for text in (f"{who} {n}" for who in ("node", "other") for n in range(5)):
                await peer.sees(text)
                assert peer.texts().count(text) == 1

    async def test_edits_go_both_ways(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("two and two are five")
            await owner.sees("two and two are five")
            await peer.edit("two and two are five", "two and two are four")
            journal = await owner.until(lambda j: j.texts(network.conversation) == ["two and two are four"])
            assert journal.refused == 0

            ref = await owner.say("see you on Monday")
            await peer.sees("see you on Monday")
            await owner.accepted("edit", ref, owner.outgoing("see you on Tuesday"))
            await peer.sees_edit("see you on Monday", "see you on Tuesday")

    async def test_deletions_go_both_ways(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("I did not say this")
            shown = await owner.sees("I did not say this")
            await peer.delete("I did not say this")
            await owner.until(lambda j: bool((s := j.find(shown.ref)) and s.gone))

            ref = await owner.say("nor did I")
            await peer.sees("nor did I")
            await owner.accepted("delete", ref, "delete-1")
            await peer.sees_gone("nor did I")

    async def test_reactions_are_sets_on_both_sides(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("there is cake")
            shown = await owner.sees("there is cake")
            await owner.accepted("react", shown.ref, frozenset({"🎂"}), "react-1")
            await peer.sees_reaction("there is cake", "🎂")
            await peer.react("there is cake", "👍", "🎉")
            await owner.until(lambda j: {"👍", "🎉"} in _sets(j, shown.ref))
            await peer.react("there is cake", "🎉")
            await owner.until(
                lambda j: {"👍", "🎉"} not in _sets(j, shown.ref) and {"🎉"} in _sets(j, shown.ref)
            )

    async def test_replies_name_what_they_answer(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("who comes?")
            asked = await owner.sees("who comes?")
            await owner.say("I do", reply_to=asked.ref)
            await peer.sees_reply("who comes?", "I do")
            await peer.reply("I do", "fine")
            answer = await owner.sees("fine")
            assert answer.reply_to is not None
            found = owner.journal.find(answer.reply_to)
            assert found is None or found.text == "I do"

    async def test_files_go_both_ways(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await owner.send_file("list.txt", b"bread, salt")
            assert await peer.sees_file("list.txt") == b"bread, salt"
            await peer.send_file("answer.txt", b"no salt")
            journal = await owner.until(lambda j: any(s.files and not s.is_owner for s in j.shown.values()))
            (file,) = next(s.files for s in journal.shown.values() if s.files and not s.is_owner)
            assert file.name == "answer.txt"
            assert b"".join([c async for c in owner.bridge.fetch(owner.ctx, file)]) == b"no salt"

    @pytest.mark.timeout(1200 if LONG else 120)
    async def test_the_past_comes_in_pages_without_a_gap(self, network: Network) -> None:
        peer = await network.peer()
        said = [f"line {n}" for n in range(HISTORY)]
        for text in said:
            await peer.say(text)
        await peer.archive()
        async with await owner_of(network) as owner:
            batches: list[Batch] = []
            at = None
            while True:
                page = await owner.call_page(network.conversation, at, 100)
                batches.insert(0, page.batch)
                if (at := page.next) is None:
                    break
            told = Journal(batches).texts(network.conversation)
            assert (told if self.in_order else sorted(told)) == (said if self.in_order else sorted(said))
            origins = {event.origin for batch in batches for event in batch.events}
            assert origins <= {Origin.HISTORY, Origin.LIVE}

    async def test_what_was_said_meanwhile_comes_when_the_session_is_taken_up(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("before")
            await owner.sees("before")
            owner.desk.cut()
            await peer.say("meanwhile")
            await owner.sees("meanwhile")
            assert owner.journal.texts(network.conversation) == ["before", "meanwhile"]

    @pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
    async def test_a_server_that_restarts_loses_and_doubles_nothing(
        self, network: Network, *, kill: bool
    ) -> None:
        peer, other = await network.peer(), await network.other_client()
        async with await owner_of(network) as owner:
            await owner.say("first")

            async def restart() -> None:
                await asyncio.to_thread(network.stop, kill=kill)
                await asyncio.to_thread(network.start)

            async with asyncio.TaskGroup() as tasks:
                for n in range(10):
                    tasks.create_task(owner.say(f"line {n}"))
                await asyncio.sleep(0)
                tasks.create_task(restart())
            await owner.say("last")
            here, there = await other.archive(), await peer.archive()
            wanted = {"first", *(f"line {n}" for n in range(10)), "last"}
            assert sorted(here) == sorted(wanted), here
            # A server that is killed between its two archives has the last one in the owner's alone.
            assert len(there) == len(set(there)), there
            assert len(wanted - set(there)) <= (1 if kill else 0), there


class LineSuite:
    """Logging in, and lines that break."""

    async def test_the_login_is_tried_before_it_is_kept(self, network: Network) -> None:
        done = await log_in(network, Lines(), network.answers)
        assert isinstance(done, LoginDone)
        secret = network.answers["password"]
        assert secret.encode() in done.secrets.values()
        assert secret not in repr(done) + str(done.settings)

    async def test_a_wrong_password_leads_to_the_same_step(self, network: Network) -> None:
        step = await log_in(network, Lines(), {**network.answers, "password": "not this"})
        assert isinstance(step, Step)
        assert step.error
        assert "not this" not in str(step)

    async def test_what_was_said_during_a_long_absence_comes_from_the_past(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("before")
            await owner.sees("before")
            owner.desk.down = True
            owner.desk.cut()
            for n in range(5):
                await peer.say(f"absent {n}")
            await asyncio.sleep(network.resume_s + 1)
            owner.desk.down = False
            await owner.sees("absent 4")
            assert owner.journal.texts(network.conversation) == ["before", *(f"absent {n}" for n in range(5))]

    async def test_a_node_that_dies_before_the_commit_hears_it_again(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("one")
            await owner.sees("one")
            kept = owner.desk
        await peer.say("two")
        account = kept.of(ACCOUNT)
        account.batches = [Batch(batch.events) for batch in account.batches]
        async with await owner_of(network, desk=kept) as again:
            journal = await again.until(lambda j: "two" in j.texts(network.conversation))
            assert journal.texts(network.conversation) == ["one", "two"]
            two = next(s for s in journal.shown.values() if s.text == "two")
            assert two.origin is Origin.CATCH_UP

    async def test_a_changed_password_is_asked_for(self, network: Network) -> None:
        async with await owner_of(network) as owner:
            await asyncio.to_thread(network.set_password, "another one")
            owner.desk.down = True
            owner.desk.cut()
            await asyncio.sleep(network.resume_s + 1)
            owner.desk.down = False
            async with asyncio.timeout(PATIENCE_S):
                assert isinstance(await owner.ended, AuthExpired)

    async def test_a_deleted_account_stops_the_bridge(self, network: Network) -> None:
        async with await owner_of(network) as owner:
            await asyncio.to_thread(network.remove_account)
            async with asyncio.timeout(PATIENCE_S):
                assert isinstance(await owner.ended, AuthExpired | Conflict)

    async def test_a_clock_that_is_a_day_off_changes_nothing(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network, clock=DayOff()) as owner:
            await peer.say("what time is it?")
            shown = await owner.sees("what time is it?")
            await owner.say("tomorrow", reply_to=shown.ref)
            await peer.sees("tomorrow")

    async def test_no_log_and_no_state_holds_words_or_secrets(self, network: Network) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("a secret of two")
            await owner.sees("a secret of two")
            owner.desk.cut()
            await owner.say("kept by both")
        account = owner.desk.of(ACCOUNT)
        told = repr((account.lines, account.health, account.cursor, repr(owner.bridge)))
        for word in ("a secret of two", "kept by both", network.answers["password"]):
            assert word not in told


def _sets(journal: Journal, ref: MessageRef) -> list[set[str]]:
    found = journal.find(ref)
    return [set(values) for values in found.reactions.values()] if found is not None else []


def folder_of(path: Path, name: str, data: bytes) -> Path:
    """Write a file for a client that wants one."""
    (path / name).write_bytes(data)
    return path / name
