"""What people must see, worked out from what they did: a few dicts, and nothing of the product.

A message counts from the moment at which its author's node has it on disk. From then on its author sees it,
always; the other sees it once or not at all; and when all faults are over and there was time, both see the
same conversation, with the last edit, each person's last reaction, and nothing of what was deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shown:
    """A message on somebody's screen."""

    id: str
    mine: bool
    text: str
    deleted: bool
    edited: bool
    reply_to: str
    reactions: frozenset[tuple[str, str]]
    """Pairs of a person's name and a symbol."""
    delivered: bool
    unread: bool


@dataclass(slots=True)
class Said:
    """A message, and all that became of it."""

    id: str
    author: str
    other: str
    place: int
    """It is the author's so many-th in this conversation."""
    texts: list[str]
    reply_to: str
    reactions: dict[str, list[str]] = field(default_factory=dict)
    """What each person reacted with, one after the other; empty for taking it back."""
    deleted: bool = False
    seen_by_other: bool = False

    def reactions_now(self) -> frozenset[tuple[str, str]]:
        return frozenset((who, symbols[-1]) for who, symbols in self.reactions.items() if symbols[-1])


class Model:
    """All conversations, as they were meant."""

    def __init__(self) -> None:
        self.said: dict[str, Said] = {}
        self._places: dict[tuple[str, str], int] = {}

    # What people do

    def say(self, author: str, other: str, id_: str, text: str, reply_to: str = "") -> None:
        place = self._places[author, other] = self._places.get((author, other), 0) + 1
        assert id_ not in self.said, "an id was given twice"
        self.said[id_] = Said(id_, author, other, place, [text], reply_to)

    def edit(self, id_: str, text: str) -> None:
        self.said[id_].texts.append(text)

    def react(self, who: str, id_: str, symbol: str) -> None:
        self.said[id_].reactions.setdefault(who, []).append(symbol)

    def delete(self, id_: str) -> None:
        self.said[id_].deleted = True

    def look(self, ids: Collection[str]) -> None:
        """The recipient of these messages has looked at them."""
        for id_ in ids:
            self.said[id_].seen_by_other = True

    # What must hold

    def between(self, who: str, other: str) -> list[Said]:
        """The conversation of two people, in the order of its making."""
        return [said for said in self.said.values() if {said.author, said.other} == {who, other}]

    def complaints(self, who: str, other: str, screen: Sequence[Shown]) -> list[str]:
        """What is wrong with a screen at any moment, faults or not."""
        wrong, last = list[str](), {who: 0, other: 0}
        if len({shown.id for shown in screen}) != len(screen):
            wrong.append("a message stands there twice")
        for shown in screen:
            said = self.said.get(shown.id)
            if said is None or {said.author, said.other} != {who, other}:
                wrong.append(f"{shown.id} was never said here: {shown.text!r}")
                continue
            wrong += [f"{said.texts[0]}: {fault}" for fault in self._faults(said, who, shown)]
            if said.place <= last[said.author]:
                wrong.append(f"{said.texts[0]} stands behind what its author said later")
            last[said.author] = said.place
        there = {shown.id for shown in screen}
        wrong += [
            f"{said.texts[0]}: its author does not see it"
            for said in self.between(who, other)
            if said.author == who and said.id not in there and not said.deleted
        ]
        return wrong

    def _faults(self, said: Said, who: str, shown: Shown) -> list[str]:
        faults = list[str]()
        mine = said.author == who
        if shown.mine != mine:
            faults.append("it is shown as the other's")
        if shown.deleted:
            if not said.deleted:
                faults.append("it is gone, and nobody deleted it")
            return faults
        if mine and said.deleted:
            faults.append("its author deleted it and still sees it")
        if shown.text not in said.texts:
            faults.append(f"it says {shown.text!r}")
        if mine and shown.text != said.texts[-1]:
            faults.append(f"its author sees an older text, {shown.text!r}")
        if shown.edited != (shown.text != said.texts[0]):
            faults.append("the mark of an edit is wrong")
        if shown.reply_to != said.reply_to:
            faults.append("it answers something else")
        for person, symbol in shown.reactions:
            if symbol not in said.reactions.get(person, []):
                faults.append(f"{person} never reacted with {symbol}")
        if shown.unread and (mine or said.seen_by_other):
            faults.append("it is unread though it was seen")
        return faults

    def shortcomings(self, who: str, other: str, screen: Sequence[Shown], unread: int) -> list[str]:
        """What is still wrong with a screen when all faults are over and there was time."""
        wrong, shown = list[str](), {item.id: item for item in screen}
        for said in self.between(who, other):
            mine, item, name = said.author == who, shown.get(said.id), said.texts[0]
            if said.deleted:
                if item is not None and not item.deleted:
                    wrong.append(f"{name}: it was deleted and is still here")
            elif item is None:
                wrong.append(f"{name}: lost")
            else:
                if item.text != said.texts[-1]:
                    wrong.append(f"{name}: the last edit is missing, {item.text!r}")
                if item.reactions != said.reactions_now():
                    wrong.append(f"{name}: reactions are {sorted(item.reactions)}")
                if mine and not item.delivered:
                    wrong.append(f"{name}: it arrived, and its author does not know")
                if not mine and item.unread == said.seen_by_other:
                    wrong.append(f"{name}: unread is {item.unread}")
        due = sum(
            said.author == other and not said.deleted and not said.seen_by_other
            for said in self.between(who, other)
        )
        if unread != due:
            wrong.append(f"{unread} are counted as unread, not {due}")
        return wrong
