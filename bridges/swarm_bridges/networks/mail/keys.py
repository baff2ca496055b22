"""An account's own key, and those of others, remembered among its small things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from ...api import Context, Refused
from . import autocrypt, names, openpgp, sealed
from .autocrypt import Advice, Peer
from .convert import Mail, View
from .sealed import Opened
from .settings import Settings

OWN = "autocrypt"
MAX_PEERS = 600
"""Addresses whose keys are remembered; with the largest ones they fill what an account may remember."""


@dataclass(frozen=True, slots=True)
class Keys:
    """To whom a mail is encrypted: `all` are keys, the owner's own among them."""

    all: tuple[bytes, ...] = field(repr=False)
    gossip: Mapping[str, bytes] = field(repr=False)
    """Where there is more than one recipient, whose key is which."""


class KeyRing:
    """Keys of one account."""

    def __init__(self, ctx: Context, settings: Settings) -> None:
        self._ctx, self._settings = ctx, settings
        self._own = b""
        self._peers: dict[str, Peer] = {}
        self._count = 0

    async def own(self) -> bytes:
        """The owner's secret key, made once. It outlasts logins, which replace secrets."""
        if not self._own:
            found = await self._ctx.kv.get(OWN)
            if found is None:
                found = openpgp.make(self._ctx.owner)
                await self._ctx.kv.put({OWN: found})
            self._own = found
        return self._own

    async def header(self) -> str:
        """What the head of each mail says of the owner; empty where the owner does not want that."""
        if self._settings.encrypt == "never":
            return ""
        key = openpgp.public(await self.own())
        return autocrypt.header(self._ctx.owner, key, mutual=self._settings.encrypt == "always")

    async def begin(self) -> None:
        """Count what is known, and have a key before anything asks for one."""
        self._count = len(await self._ctx.kv.names(names.peer("")))
        await self.own()

    async def peer(self, address: str) -> Peer:
        """What is known of an address."""
        if address not in self._peers:
            if len(self._peers) > 2 * MAX_PEERS:
                self._peers.clear()
            raw = await self._ctx.kv.get(names.peer(address))
            try:
                found = msgspec.msgpack.decode(raw, type=Peer) if raw is not None else Peer()
            except msgspec.DecodeError:
                found = Peer()
            self._peers[address] = found
        return self._peers[address]

    async def learn(self, found: Iterable[Mail], view: View) -> dict[str, bytes | None]:
        """What mails say of those who wrote them, to be remembered with them."""
        changed: dict[str, bytes | None] = {}
        for mail in found:
            head = mail.head
            if view.is_me(head.sender.address) or mail.body.report or not autocrypt.may_say(head):
                continue
            said, when = autocrypt.said(head), self._when(mail)
            if said is not None and not openpgp.is_usable(said.key, self._ctx.clock.now()):
                said = None
            known = await self.peer(head.sender.address)
            if said is not None or autocrypt.key_of(known):
                self._keep(head.sender.address, autocrypt.updated(known, said, when), changed)
        return changed

    async def learn_gossip(self, mail: Mail, told: Iterable[autocrypt.Said]) -> dict[str, bytes | None]:
        """What an encrypted mail says of those to whom it went, too."""
        changed: dict[str, bytes | None] = {}
        to = {person.address for person in mail.head.people("To", "Cc")}
        for said in told:
            if said.address in to and openpgp.is_usable(said.key, self._ctx.clock.now()):
                known = await self.peer(said.address)
                self._keep(said.address, autocrypt.gossiped(known, said, self._when(mail)), changed)
        return changed

    def _when(self, mail: Mail) -> float:
        now = self._ctx.clock.now()
        return min(mail.head.time, now) if mail.head.time is not None else now

    def _keep(self, address: str, peer: Peer, changed: dict[str, bytes | None]) -> None:
        if self._peers.get(address) == peer:
            return
        new = self._peers.get(address, Peer()) == Peer()
        if new and self._count >= MAX_PEERS:  # whoever sends many keys must not push out those that are known
            self._ctx.log.warning("too_many_keys")
        else:
            self._count += new
            self._peers[address] = peer
            changed[names.peer(address)] = msgspec.msgpack.encode(peer)

    async def choose(self, to: Iterable[str], *, answers_encrypted: bool, wanted: bool) -> Keys | None:
        """The keys for a mail to these; None where it goes in the clear.

        Raises:
            Refused: it must not go in the clear, and there are not keys of all.
        """
        others = [a for a in dict.fromkeys(to) if a != self._ctx.owner]
        peers = {a: await self.peer(a) for a in others}
        usable = all(openpgp.is_usable(autocrypt.key_of(p), self._ctx.clock.now()) for p in peers.values())
        must = wanted or answers_encrypted
        mutual = self._settings.encrypt == "always"
        advice = autocrypt.advice(peers.values(), mutual=mutual, answers_encrypted=must)
        if others and (advice is Advice.DISABLE or not usable):
            if must:
                raise Refused("one of the others has sent no key, and this must not go in the clear")
            return None
        if not (advice is Advice.ENCRYPT or (must and not others)):
            return None
        keys = {address: autocrypt.key_of(peer) for address, peer in peers.items()}
        own = openpgp.public(await self.own())
        return Keys((*keys.values(), own), keys if len(keys) > 1 else {})

    async def open(self, mail: Mail, data: bytes) -> Opened | None:
        """What is inside of an encrypted mail, whose encrypted part this is; None if it cannot be opened."""
        if (found := await self.decrypted(data, mail.head.sender.address)) is None:
            return None
        inside, signed = found
        try:
            return sealed.opened(mail, inside, signed=signed)
        except ValueError:
            return None

    async def decrypted(self, data: bytes, sender: str) -> tuple[bytes, bool] | None:
        """What is inside of bytes that somebody sent, and whether it is signed with the sender's key."""
        own = await self.own()
        if sender == self._ctx.owner:
            known = openpgp.public(own)
        else:
            known = autocrypt.key_of(await self.peer(sender))
        try:
            return openpgp.open_sealed(data, own, [known] if known else [])
        except openpgp.Unreadable:
            return None
