"""What a bridge says to people, in another language than English.

A bridge speaks English. Beside its manifest may lie `texts.de.toml`: each sentence, and what that is in
German. Where something is filled in, `{name}` stands for it in both; what is filled in is looked up, too. The
node reads that without importing the bridge. A sentence that is not in it stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

COMMON = Path(__file__).parent
"""Here lies what all bridges can say: of servers that do not answer, for example."""
MAX_BYTES = 256 * 1024
MAX_DEPTH = 3
"""So deep are sentences in sentences."""
_HOLE = re.compile(r"{(\w+)}")


class BadTexts(Exception):
    """A file of texts cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A sentence with holes: what stands around them, and what is in the other language."""

    around: tuple[str, ...]
    names: tuple[str, ...]
    said: str

    def filled(self, text: str) -> dict[str, str] | None:
        """What stands in the holes of a text; None where it is another sentence."""
        first, *between, last = self.around
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last) or end < len(first):
            return None
        found, at = [], len(first)
        for literal in between:
            to = text.find(literal, at, end)
            if to < 0:
                return None
            found.append(text[at:to])
            at = to + len(literal)
        return dict(zip(self.names, (*found, text[at:end]), strict=True))


class Sentences:
    """Says sentences in another language, as far as they are known in it."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._whole = {text: said for text, said in known.items() if not _HOLE.search(text)}
        patterns = (_pattern(text, said) for text, said in known.items() if text not in self._whole)
        # The one that says the most by itself first.
        self._patterns = sorted(patterns, key=lambda p: -sum(map(len, p.around)))

    def __call__(self, text: str) -> str:
        """The sentence, or the text as it is."""
        return self._said(text, MAX_DEPTH)

    def filled(self, sentence: str, facts: Mapping[str, str]) -> str:
        """A sentence with what is filled in; a name of which there is no fact stays as it stands there."""
        said = self._known.get(sentence, sentence)
        return _HOLE.sub(lambda hole: self(facts[hole[1]]) if hole[1] in facts else hole[0], said)

    def knows(self, text: str) -> bool:
        """Whether there is a sentence for this text, filled in or not."""
        return text in self._whole or any(p.filled(text) is not None for p in self._patterns)

    def _said(self, text: str, depth: int) -> str:
        if text in self._whole:
            return self._whole[text]
        for pattern in self._patterns if depth and text else ():
            if (found := pattern.filled(text)) is not None:
                parts = {name: self._said(part, depth - 1) for name, part in found.items()}
                return _HOLE.sub(lambda hole, parts=parts: parts[hole[1]], pattern.said)  # type: ignore[misc]
        return text


ENGLISH = Sentences({})
"""Says everything as it is."""


def _pattern(text: str, said: str) -> _Pattern:
    pieces = _HOLE.split(text)
    return _Pattern(tuple(pieces[::2]), tuple(pieces[1::2]), said)


def read(language: str, folders: Sequence[Path]) -> Sentences:
    """The sentences of a language in some folders, the first of which counts where two have the same.

    A folder without such a file adds nothing.

    Raises:
        BadTexts: a file cannot be used.
    """
    known: dict[str, str] = {}
    for folder in folders:
        known = {**_table(folder / f"texts.{language}.toml"), **known}
    return Sentences(known)


def _table(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return {}
    if len(data) > MAX_BYTES:
        raise BadTexts(f"{path.name} is too long")
    try:
        table = msgspec.toml.decode(data, type=dict[str, str])
    except (msgspec.MsgspecError, ValueError, RecursionError) as e:
        raise BadTexts(f"{path.name}: {str(e)[:200]}") from None
    for text, said in table.items():
        holes = _HOLE.findall(text)
        if len(set(holes)) != len(holes) or not set(_HOLE.findall(said)) <= set(holes):
            raise BadTexts(f"{path.name}: other names in braces: {text[:80]}")
    return table
