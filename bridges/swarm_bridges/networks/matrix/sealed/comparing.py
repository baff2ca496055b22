"""Comparing this device with another of the owner's, who looks at both: what is asked, shown and settled.

Another device asks (`m.key.verification.request`, or `start` from older clients), or the owner wants to here.
What is under way lives in memory: after a new start the other device is told that nothing is known of it, and
asks again. When both have seen the same, each believes the other's key: this one confirms the other device
where it can, and believes the master key for which the other one vouches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from ....api import BridgeError, Context, Gone, Matter, Refused, Step
from ..client import Client, path
from ..model import MAX_ID, text, texts
from .account import Own
from .devices import Directory
from .sas import METHOD, PATIENCE_S, REASONS, VERIFY, Comparison, Side, Stage, is_timely

MOST = 5
"""Comparisons at once; who asks for more is told no."""
ALL = "*"
"""The name of all of the owner's devices."""
OURS = "compare"
"""The matter in which the owner begins here."""
BEGIN_S = 3.0
"""When both want to, and the other device does not begin for so long, this one does."""
POLL_S = 1.0


class Comparing:
    """Of one account while it runs: `Machine.turn` is held while any of this is called.

    `confirm` is called when a comparison has come to a good end.
    """

    def __init__(
        self,
        ctx: Context,
        client: Client,
        own: Own,
        directory: Directory,
        *,
        confirm: Callable[[Comparison], Awaitable[None]],
    ) -> None:
        self._ctx, self._client, self._own, self._directory = ctx, client, own, directory
        self._confirm = confirm
        self.master = ""
        """The master key that this device vouches for."""
        self._known: dict[str, Comparison] = {}
        """By matter. One that has ended is kept for the owner to see, until another begins."""
        self._open: set[str] = set()
        """Those that have not ended."""
        self._names: dict[str, str] = {}
        self._asked, self._asked_at = "", 0.0
        """The request that was made here, which no device has taken up yet, and when that was."""
        self._number = 0

    # --- what other devices say

    async def heard(self, sender: str, kind: str, content: Mapping[str, Any]) -> None:
        """Take what another device says; of others than the owner's nothing is taken."""
        id_, now = text(content, "transaction_id"), self._ctx.clock.now()
        if sender != self._own.user or not 0 < len(id_) <= MAX_ID:
            return
        name, device = kind.removeprefix(VERIFY), text(content, "from_device")
        known = next((c for c in self._known.values() if c.id == id_), None)
        if known is not None:
            known.heard(name, content, now)
        elif name in {"request", "start"}:
            await self._begun(id_, device, name, content)
        elif name == "ready" and id_ == self._asked:
            await self._taken_up(id_, device, content)
        elif name == "cancel" and id_ == self._asked:
            self._asked = ""
        elif name in {"key", "mac", "accept"}:
            code = "m.unknown_transaction"
            told = {"transaction_id": id_, "code": code, "reason": REASONS[code]}
            await self._send("cancel", told, ALL)
        await self.flush()

    async def _begun(self, id_: str, device: str, name: str, content: Mapping[str, Any]) -> None:
        """Another device wants to compare."""
        now = self._ctx.clock.now()
        if name == "request" and not is_timely(content, now):
            return
        if (theirs := await self._side(device)) is None:
            return
        made = Comparison(id_, self._ours, theirs, now)
        if name == "request" and METHOD not in texts(content.get("methods")):
            made.cancel("m.unknown_method")
        elif len(self._open) >= MOST:
            made.cancel("m.user")
        else:
            await self._put(made)
            if name == "start":
                made.heard(name, content, now)
            return
        await self._told(made)

    async def _taken_up(self, id_: str, device: str, content: Mapping[str, Any]) -> None:
        """A device takes up what the owner wants here; the others need not ask any more."""
        if (theirs := await self._side(device)) is None:
            return
        self._asked, now = "", self._ctx.clock.now()
        made = Comparison(id_, self._ours, theirs, now, asked_by_us=True)
        made.heard("ready", content, now)
        self._known[OURS] = made
        self._open.add(OURS)
        over = {"transaction_id": id_, "code": "m.accepted", "reason": REASONS["m.accepted"]}
        for other in await self._others():
            if other != device:
                await self._send("cancel", over, other)

    @property
    def _ours(self) -> Side:
        return Side(self._own.user, self._own.device, self._own.ed, self.master)

    async def _others(self) -> dict[str, str]:
        """The owner's other devices, and the key of each."""
        devices = (await self._directory.of([self._own.user]))[self._own.user]
        return {name: d.ed for name, d in devices.known.items() if name != self._own.device}

    async def _side(self, device: str) -> Side | None:
        """Another device of the owner's as the server tells it; None if there is none."""
        if device not in await self._others():
            await self._directory.changed([self._own.user])  # it may be new
        ed = (await self._others()).get(device)
        if ed is None:
            return None
        master = (await self._directory.of([self._own.user]))[self._own.user].master
        return Side(self._own.user, device, ed, master)

    async def _put(self, made: Comparison) -> None:
        self._known = {name: c for name, c in self._known.items() if name in self._open}
        self._number += 1
        name = f"{OURS}.{self._number}"
        self._known[name] = made
        self._open.add(name)
        device = made.theirs.device
        with suppress(BridgeError):
            told = await self._client.get(path("devices", device))
            self._names[device] = text(told, "display_name")[:100]
        await self.show()

    # --- what the owner sees

    async def show(self) -> None:
        """Say what there is to settle."""
        asking = [
            Matter(
                name, f"{self._name(self._known[name])} asks to be compared with this device.", pressing=True
            )
            for name in sorted(self._open - {OURS})
        ]
        await self._ctx.matters((*asking, Matter(OURS, "Compare this device with another one of yours")))

    def _name(self, comparison: Comparison) -> str:
        device = comparison.theirs.device
        return f"{self._names[device]} ({device})" if self._names.get(device) else device

    async def settle(self, matter: str, step: str) -> Step | None:
        """See `api.Settles`."""
        known, now = self._known.get(matter), self._ctx.clock.now()
        if known is None:
            return await self._settle_ours(matter, step, now)
        match step:
            case "asked":
                known.agree(now)
            case "waiting" if known.ready_at is not None and now - known.ready_at >= BEGIN_S:
                known.begin()
            case "same":
                known.same()
        await self.flush()
        if known.stage is Stage.DONE or (known.stage is Stage.OVER and step == "over"):
            self._known.pop(matter, None)
            return None
        return self._step(known)

    async def _settle_ours(self, matter: str, step: str, now: float) -> Step:
        """What the owner wants to compare, as long as no device has taken it up."""
        if matter != OURS:
            raise Gone("this is over")
        if step == "ask":
            await self._ask(now)
        if self._asked and now - self._asked_at < PATIENCE_S:
            return _waiting("Take this up on your other device")
        return _ask()

    async def dismiss(self, matter: str) -> None:
        """See `api.Settles`."""
        if (known := self._known.pop(matter, None)) is not None:
            known.cancel("m.mismatched_sas" if known.stage is Stage.SHOWN else "m.user")
            await self._told(known)
            self._open.discard(matter)
            await self.show()
        elif matter == OURS and self._asked:
            over = {"transaction_id": self._asked, "code": "m.user", "reason": REASONS["m.user"]}
            self._asked = ""
            await self._send("cancel", over, ALL)

    async def _ask(self, now: float) -> None:
        """Ask all other devices; the first that takes it up is compared with."""
        self._asked, self._asked_at = self._ctx.random(16).hex(), now
        request = {
            "from_device": self._own.device,
            "methods": [METHOD],
            "timestamp": int(now * 1000),
            "transaction_id": self._asked,
        }
        await self._send("request", request, ALL)

    def _step(self, known: Comparison) -> Step:
        match known.stage:
            case Stage.ASKED:
                return Step(
                    id="asked",
                    kind="confirm",
                    title="Is this your device?",
                    text=f"{self._name(known)} asks to be compared with this one. "
                    "Go on if you have it before you, and asked for this there.",
                )
            case Stage.SHOWN:
                shown = {"emoji": "  ".join(picture for picture, _ in known.emoji), "code": known.numbers}
                names = ", ".join(name for _, name in known.emoji)
                return Step(
                    id="same",
                    kind="confirm",
                    title="Does your other device show the same?",
                    text=f"{names}: all of it, in this order." if names else "All of it, in this order.",
                    show={kind: one for kind, one in shown.items() if one},
                )
            case Stage.OVER:
                return Step(
                    id="over",
                    kind="form",
                    title="The devices were not compared",
                    text=SAID.get(known.code, "The other device has ended it."),
                )
            case Stage.SAID:
                return _waiting("Say on your other device, too, that it is the same")
        return _waiting("Begin to compare on your other device")

    # --- telling

    async def flush(self) -> None:
        """Tell other devices what is to be told, and take in what has come of it."""
        before = frozenset(self._open)
        for name in sorted(before):
            known = self._known[name]
            known.looked(self._ctx.clock.now())
            await self._told(known)
            if known.stage in {Stage.DONE, Stage.OVER}:
                self._open.discard(name)
            if known.stage is Stage.DONE:
                await self._confirm(known)
        if self._open != before:
            await self.show()

    async def _told(self, known: Comparison) -> None:
        while known.said:
            kind, content = known.said.pop(0)
            await self._send(kind, content, known.theirs.device)

    async def _send(self, kind: str, content: Mapping[str, Any], device: str) -> None:
        where = path("sendToDevice", VERIFY + kind, self._ctx.random(8).hex())
        try:
            await self._client.put(where, {"messages": {self._own.user: {device: content}}})
        except Refused:
            self._ctx.log.warning("not_compared")


def _ask() -> Step:
    return Step(
        id="ask",
        kind="confirm",
        title="Compare with another device",
        text="Your other devices will be asked. Take it up on one that you have before you.",
    )


def _waiting(words: str) -> Step:
    return Step(id="waiting", kind="show_and_wait", title="Comparing", text=f"{words}.", poll_every_s=POLL_S)


SAID = {
    "m.user": "The other device has ended it.",
    "m.timeout": "It took too long.",
    "m.accepted": "Another of your devices has taken it up.",
    "m.mismatched_sas": "The other device says that it shows something else. Somebody may be in between.",
    "m.mismatched_commitment": "Somebody may be in between: a key is not the one that was announced.",
    "m.key_mismatch": "Somebody may be in between: a key is another than expected.",
    "m.unknown_method": "The other device knows no way of comparing that is known here.",
}
"""Why a comparison is over, by code."""
