"""Challenges: two contacts show each other, and nobody else, that two accounts are theirs (spec 42 §5).

    who asks                                  who is asked
    ASKED     -- Ask ---------------------->  WANTED     until the owner has said yes
    AGREED    <-------------------- Agree --  AGREED
              == answer, by the account ===>  DONE
    DONE      <== answer, by the account ===

What is written `--` goes from node to node, `==` from account to account over their network. The answers are
hashes over both nonces, which that network never sees, and over personas and accounts of both. So whoever can
make an answer is one of the two nodes, and whoever passes one on lends the account that it comes from.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import TypeAlias

from .. import cbor, labels
from ..cbor import Record, Value
from ..content.rules import MAX_CHALLENGE
from ..entropy import Entropy
from ..identity import PersonaId
from . import rules
from .claim import Claim

ID_SIZE = 16
ANSWER_SIZE = ID_SIZE + labels.HASH_SIZE
"""Bytes of what an account says."""


class Stage(StrEnum):
    """How far a challenge is, for one of the two."""

    ASKED = "asked"
    WANTED = "wanted"
    AGREED = "agreed"
    DONE = "done"
    """The other account has answered: it is theirs."""
    REFUSED = "refused"
    """The other one does not say that the account is theirs; or we do not of ours."""


@dataclass(frozen=True, slots=True)
class Side:
    """A persona, and the account that is said to be its own, as claims name accounts."""

    persona_id: PersonaId
    handle: str = field(repr=False)


# Words from node to node


class _Word(IntEnum):
    ASK = 1
    AGREE = 2
    REFUSE = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """Handles of who asks and of who is asked, on one network; the end is in Unix seconds."""

    network: str
    asker: str = field(repr=False)
    asked: str = field(repr=False)
    nonce: bytes = field(repr=False)
    ends_at: int

    def __post_init__(self) -> None:
        Claim(self.network, self.asker, self.nonce)
        Claim(self.network, self.asked, self.nonce)
        if self.asker == self.asked:
            raise rules.CHALLENGE_ACCOUNTS.undecodable()


@dataclass(frozen=True, slots=True)
class Agree:
    """The owner of the other account says yes to the challenge with this id."""

    id: bytes
    nonce: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refuse:
    """The other persona does not say that this account is its own."""

    id: bytes


Word: TypeAlias = Ask | Agree | Refuse


def encode_word(word: Word) -> bytes:
    """A word, as a message `challenge` carries it."""
    match word:
        case Ask(network, asker, asked, nonce, ends_at):
            fields: dict[int, Value] = {2: network, 3: asker, 4: asked, 5: nonce, 6: ends_at}
            return cbor.encode({1: int(_Word.ASK), **fields})
        case Agree(id_, nonce):
            return cbor.encode({1: int(_Word.AGREE), 5: nonce, 7: id_})
        case Refuse(id_):
            return cbor.encode({1: int(_Word.REFUSE), 7: id_})


def decode_word(data: bytes) -> Word:
    """What the other node says. Raises DecodeError."""
    r = Record.decode(data, "a challenge", max_size=MAX_CHALLENGE)
    match r.uint(1):
        case _Word.ASK:
            handles = (r.text(3, at_most=rules.MAX_HANDLE), r.text(4, at_most=rules.MAX_HANDLE))
            nonce = r.octets(5, size=rules.NONCE_SIZE)
            return Ask(r.text(2, at_most=rules.MAX_NETWORK), *handles, nonce, r.uint(6))
        case _Word.AGREE:
            return Agree(r.octets(7, size=ID_SIZE), r.octets(5, size=rules.NONCE_SIZE))
        case _Word.REFUSE:
            return Refuse(r.octets(7, size=ID_SIZE))
        case other:
            raise rules.CHALLENGE_WORD.undecodable(str(other))


# The two of them


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge as one of the two has it. Each verb gives what it is then; one that raises changes nothing.

    `ours` says whether it is we who ask; `second` is the nonce of who is asked, empty until there is one.
    """

    network: str
    asker: Side
    asked: Side
    nonce: bytes = field(repr=False)
    ends_at: int
    ours: bool
    stage: Stage
    second: bytes = field(default=b"", repr=False)

    @classmethod
    def ask(cls, network: str, mine: Side, theirs: Side, *, now: int, entropy: Entropy) -> Challenge:
        """Ask somebody, who has `rules.CHALLENGE_S` to answer. Raises DecodeError: nobody would read it."""
        made = cls(
            network,
            mine,
            theirs,
            entropy(rules.NONCE_SIZE),
            now + rules.CHALLENGE_S,
            ours=True,
            stage=Stage.ASKED,
        )
        decode_word(encode_word(made.word))
        return made

    @classmethod
    def come(cls, ask: Ask, asker: PersonaId, asked: PersonaId, *, now: int) -> Challenge:
        """Somebody asks us.

        Raises:
            RuleViolation: it has ended, or would not for too long (`challenge-time`).
        """
        rules.CHALLENGE_TIME.require(now < ask.ends_at <= now + 2 * rules.CHALLENGE_S)
        ends = Side(asker, ask.asker), Side(asked, ask.asked)
        return cls(ask.network, *ends, ask.nonce, ask.ends_at, ours=False, stage=Stage.WANTED)

    @property
    def word(self) -> Ask:
        """The word that begins it."""
        return Ask(self.network, self.asker.handle, self.asked.handle, self.nonce, self.ends_at)

    @property
    def id(self) -> bytes:
        """What both call it, 16 bytes."""
        sides: list[Value] = [self.asker.persona_id, self.asked.persona_id]
        return labels.CHALLENGE.hash(cbor.encode([*sides, encode_word(self.word)]))[:ID_SIZE]

    @property
    def mine(self) -> Side:
        """Our side of it."""
        return self.asker if self.ours else self.asked

    @property
    def theirs(self) -> Side:
        """The other one's."""
        return self.asked if self.ours else self.asker

    @property
    def speaks(self) -> bool:
        """Whether our account is to say its answer now. Who was asked does it after who asks has."""
        return self.stage is (Stage.AGREED if self.ours else Stage.DONE)

    def agree(self, *, now: int, entropy: Entropy) -> Challenge:
        """Our owner says yes. Raises as `agreed`."""
        self._require(Stage.WANTED, now)
        return replace(self, stage=Stage.AGREED, second=entropy(rules.NONCE_SIZE))

    def agreed(self, said: Agree, *, now: int) -> Challenge:
        """Their owner says yes.

        Raises:
            UnexpectedMessage: nothing was asked, or that was answered before (`challenge-stage`).
            RuleViolation: it has ended (`challenge-time`).
        """
        self._require(Stage.ASKED, now)
        return replace(self, stage=Stage.AGREED, second=said.nonce)

    def end(self) -> Challenge:
        """One of the two says no; raises UnexpectedMessage where all was said (`challenge-stage`)."""
        if self.stage in {Stage.DONE, Stage.REFUSED}:
            raise rules.CHALLENGE_STAGE.unexpected(self.stage)
        return replace(self, stage=Stage.REFUSED)

    @property
    def answer(self) -> bytes:
        """What our account says, `ANSWER_SIZE` bytes; once both have agreed."""
        return self._answer(by_asker=self.ours)

    def heard(self, answer: bytes, *, sender: str, recipient: str, now: int) -> Challenge:
        """An answer came over the network, from the account `sender` to our account `recipient` (handles).

        Raises:
            UnexpectedMessage: nothing was agreed, or it has been heard (`challenge-stage`).
            RuleViolation: it has ended, other accounts were named, or it is not that answer.
        """
        self._require(Stage.AGREED, now)
        rules.CHALLENGE_ACCOUNT.require((sender, recipient) == (self.theirs.handle, self.mine.handle))
        expected = self._answer(by_asker=not self.ours)
        rules.CHALLENGE_ANSWER.require(hmac.compare_digest(answer, expected))
        return replace(self, stage=Stage.DONE)

    def _answer(self, *, by_asker: bool) -> bytes:
        said: list[Value] = [self.id, self.nonce, self.second, int(by_asker)]
        return self.id + labels.CHALLENGE_ANSWER.hash(cbor.encode(said))

    def _require(self, stage: Stage, now: int) -> None:
        if self.stage is not stage:
            raise rules.CHALLENGE_STAGE.unexpected(self.stage)
        rules.CHALLENGE_TIME.require(now < self.ends_at)
