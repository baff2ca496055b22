"""A node's side of a connection to a relay (spec 30 §1, §3): asking, and believing what was answered.

    caller = Caller.greeted(hello, relay=record.relay)
    caller, data = caller.ask(Sub(rid, boot, instance), recipient_key)
    caller, asked, answer = caller.hear(data)          # asked is None for a notice

Nothing here waits or repeats: who asks keeps what it asked until there is an answer, and asks again, over a
new connection if need be. Each command may be repeated; a SEND with the same bytes in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..entropy import Entropy
from ..errors import LimitError, RemoteProtocolError
from ..mls.fast_init import fast_init
from ..mls.signatures import SignatureKeyPair
from . import answers as ans
from . import commands as cmd
from . import forward, limits, rules
from .commands import CommandBody, RecipientId
from .forward import Forwardable
from .frames import MAX_NUMBER, Session, encode, sign, sign_forwarded, signed_by
from .records import QueueRecord

Heard: TypeAlias = ans.AnswerBody | ans.NoticeBody

ANSWERS: Mapping[type[CommandBody], type[ans.AnswerBody]] = {
    cmd.New: ans.Made,
    cmd.SKey: ans.Done,
    cmd.Send: ans.Receipt,
    cmd.Sub: ans.Info,
    cmd.Pull: ans.Done,
    cmd.Ack: ans.Done,
    cmd.Off: ans.Info,
    cmd.Del: ans.Done,
    cmd.QInfo: ans.Info,
    cmd.Ext: ans.Info,
    cmd.Put: ans.Done,
    cmd.Fetch: ans.Bundle,
    cmd.PFwd: ans.Answer,
    cmd.Fwd: ans.Answer,
}
"""What each command is answered with, where not with an `Error`."""


@fast_init
@dataclass(frozen=True, slots=True)
class Caller:
    """A connection as its caller sees it: what was asked and not answered, and which queues are read."""

    session: Session
    hpke: bytes = field(repr=False)
    number: int = 0
    waiting: Mapping[int, tuple[CommandBody, bytes]] = field(default_factory=dict, repr=False)
    reading: frozenset[RecipientId] = field(default=frozenset(), repr=False)

    @classmethod
    def greeted(cls, data: bytes, *, relay: bytes | None = None) -> Caller:
        """Start with the relay's greeting; `relay` is its key, where it is known from a record.

        Raises:
            UnexpectedMessage: no greeting, or that of another relay.
        """
        _, hello = ans.read_answer(data)
        if not isinstance(hello, ans.Hello) or relay not in {None, hello.relay}:
            raise rules.HELLO_RELAY.unexpected()
        return cls(Session(hello.relay, hello.nonce), hello.hpke)

    def ask(self, body: CommandBody, key: SignatureKeyPair) -> tuple[Caller, bytes]:
        """Build a command signed by `key`; a FWD is not signed and takes no notice of it.

        Raises:
            LimitError: no numbers are left; connect anew.
        """
        number = self.number + 1
        if number > MAX_NUMBER:
            raise LimitError("this connection has had all its commands")
        data = encode(number, body) if isinstance(body, cmd.Fwd) else sign(self.session, number, body, key)
        waiting = {**self.waiting, number: (body, key.public)}
        return replace(self, number=number, waiting=waiting), data

    def hear(self, data: bytes) -> tuple[Caller, CommandBody | None, Heard]:
        """Take what the relay sent: the command that it answers, or None, and what it says, verified.

        Raises:
            RemoteProtocolError: the relay says what it cannot say; leave it.
        """
        number, said = ans.read_answer(data)
        if isinstance(said, ans.NoticeBody):
            return self._noticed(said), None, said
        if number not in self.waiting:
            raise rules.ANSWER_NUMBER.unexpected()
        asked, key = self.waiting[number]
        if not isinstance(said, (ans.Error, ANSWERS[type(asked)])):
            raise rules.ANSWER_NUMBER.unexpected(f"{said.type.name} for {asked.type.name}")
        if isinstance(asked, cmd.Send) and isinstance(said, ans.Receipt):
            said.check(self.session.relay, asked.sid, asked.msg_id, asked.blob)
        reading = self.reading
        if isinstance(asked, cmd.Sub):
            if isinstance(said, ans.Error) and said.sub is not None:
                check_copy(said.sub, self.session.relay, key, asked)
            if isinstance(said, ans.Info):
                reading |= {asked.rid}
        if isinstance(asked, cmd.Del) and isinstance(said, ans.Done):
            reading -= {asked.rid}
        waiting = {n: entry for n, entry in self.waiting.items() if n != number}
        return replace(self, waiting=waiting, reading=reading), asked, said

    def _noticed(self, said: ans.NoticeBody) -> Caller:
        if isinstance(said, ans.Hello):
            raise rules.HELLO_RELAY.unexpected("a second greeting")
        if said.rid not in self.reading:
            raise rules.NOTICE_QUEUE.unexpected(said.type.name)
        return replace(self, reading=self.reading - {said.rid}) if isinstance(said, ans.Displaced) else self


def check_copy(shown: ans.SignedSub, relay: bytes, key: bytes, own: cmd.Sub) -> None:
    """Check that a copy of this node runs, or ran: only who holds `key` can have signed what is shown.

    Raises:
        RuleViolation: no SUB of this queue signed for this relay, or our own, or an earlier one.
    """
    try:
        frame, body = cmd.read_command(shown.frame)
    except RemoteProtocolError as e:
        raise rules.COPY_PROOF.broken(str(e)) from None
    rules.COPY_PROOF.require(isinstance(body, cmd.Sub) and body.rid == own.rid, "another command or queue")
    assert isinstance(body, cmd.Sub)
    rules.COPY_PROOF.require(body.instance != own.instance and body.boot >= own.boot, "no other instance")
    rules.COPY_PROOF.require(signed_by(frame, Session(relay, shown.nonce), key), "its signature")


def seal_send(
    record: QueueRecord, body: Forwardable, key: SignatureKeyPair, entropy: Entropy
) -> tuple[forward.Sealer, bytes]:
    """Sign and seal a SEND or an SKEY for a PFWD; the sealer opens the answer.

    Raises:
        RemoteProtocolError: nothing can be sealed to the key of the record.
    """
    return forward.seal(record.relay, record.hpke, sign_forwarded(record.relay, body, key), entropy)


def open_forwarded(
    sealer: forward.Sealer, answer: ans.Answer, record: QueueRecord, body: Forwardable
) -> ans.Receipt | ans.Done | ans.Error:
    """What the far relay said to what was sealed, verified: to a SEND no Done, to an SKEY no Receipt.

    Raises:
        CannotOpen: it is not from the far relay.
        RemoteProtocolError: the far relay says what it cannot say.
    """
    _, said = ans.read_answer(sealer.open_answer(answer.sealed))
    if isinstance(said, ans.Receipt) and isinstance(body, cmd.Send):
        said.check(record.relay, body.sid, body.msg_id, body.blob)
        return said
    if isinstance(said, ans.Error) or (isinstance(said, ans.Done) and isinstance(body, cmd.SKey)):
        return said
    raise rules.ANSWER_NUMBER.unexpected(f"{said.type.name} for {body.type.name}")


@fast_init
@dataclass(frozen=True, slots=True)
class Cursor:
    """Which numbers of a queue its recipient has dealt with: all `upto`, and `beyond` that some ranges.

    It decides what is asked for next and what is shown as lost. Whether a message was had before, its own id
    decides, not its number: the numbers are the relay's word.
    """

    upto: int = 0
    beyond: tuple[tuple[int, int], ...] = ()

    def has(self, n: int) -> bool:
        """Whether a number was dealt with."""
        return n <= self.upto or any(first <= n <= last for first, last in self.beyond)

    def against(self, next_n: int) -> Cursor:
        """The cursor for a relay whose next number (from an INFO) is this.

        A number that was dealt with and is to be given again says that the relay went back to an older state:
        then the cursor starts anew, or what has come since would not be asked for.
        """
        known = self.beyond[-1][1] if self.beyond else self.upto
        return Cursor() if next_n <= known else self

    def missing_before(self, n: int) -> tuple[tuple[int, int], ...]:
        """Ranges below `n` that were neither delivered nor said to be gone.

        A relay delivers in order, each gap in its place, so what is missing here it lost without a word.
        """
        holes, at = list[tuple[int, int]](), self.upto + 1
        for first, last in (*self.beyond, (n, n)):
            if first >= n:
                break
            if first > at:
                holes.append((at, first - 1))
            at = max(at, last + 1)
        if at < n:
            holes.append((at, n - 1))
        return tuple(holes)

    def dealt_with(self, n: int) -> Cursor:
        """Note a message that is stored.

        Raises:
            UnexpectedMessage: its number is further ahead than an honest relay's can be.
        """
        return self._with(n, n)

    def gone(self, first: int, last: int) -> tuple[Cursor, tuple[tuple[int, int], ...]]:
        """Note a gap; the ranges of it that were not had before are lost. Raises like `dealt_with`."""
        inside = replace(self, upto=max(self.upto, first - 1))
        return self._with(first, last), inside.missing_before(last + 1)

    def _with(self, first: int, last: int) -> Cursor:
        if first > self.upto + limits.CURSOR_AHEAD:
            raise rules.CURSOR_AHEAD.unexpected()
        ranges, upto = list[tuple[int, int]](), self.upto
        for start, end in sorted((*self.beyond, (first, last))):
            if start <= upto + 1:
                upto = max(upto, end)
            elif ranges and start <= ranges[-1][1] + 1:
                ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
            else:
                ranges.append((start, end))
        return Cursor(upto, tuple(ranges))
