"""Recovery words: 24 of BIP-39's English list, which say 32 bytes and a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, overload

from swarm_protocol.identity import RecoveryKit

from ..errors import UsageError

if TYPE_CHECKING:
    from mnemonic import Mnemonic

COUNT = 24


@cache
def _list() -> Mnemonic:
    from mnemonic import Mnemonic  # noqa: PLC0415 - words are needed when a persona is made, and for codes

    return Mnemonic("english")


class Wordlist(Sequence[str]):
    """The 2,048 words, read when somebody looks at one."""

    def __len__(self) -> int:
        return len(_list().wordlist)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return _list().wordlist[place]


def of(kit: RecoveryKit) -> tuple[str, ...]:
    """The words that say a kit."""
    return tuple(_list().to_mnemonic(kit.secret).split())


def kit_of(words: Sequence[str]) -> RecoveryKit:
    """The kit that words say.

    Raises:
        UsageError: a word that is not in the list, by its place; another number of words; or a wrong check.
    """
    said = [word.strip().lower() for word in words if word.strip()]
    if len(said) != COUNT:
        raise UsageError(f"there are {len(said)} words, and {COUNT} are needed")
    known = set(Wordlist())
    for place, word in enumerate(said, 1):
        if word not in known:
            raise UsageError(f"word {place} is not in the list", hint="Look at how it is written.")
    text = " ".join(said)
    if not _list().check(text):
        raise UsageError(
            "these words do not belong together", hint="One of them is wrong, or two are swapped."
        )
    return RecoveryKit(bytes(_list().to_entropy(text)))


def are(kit_words: Sequence[str], told: Mapping[int, str]) -> bool:
    """Whether the words told at their places (from 1) are those of a kit."""
    return bool(told) and all(
        1 <= place <= len(kit_words) and kit_words[place - 1] == word.strip().lower()
        for place, word in told.items()
    )
