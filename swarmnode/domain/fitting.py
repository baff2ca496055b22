"""How a text is fitted to what a network takes: pure, so that what a preview shows is sent (ADR 0034).

A text that is too long becomes a thread of numbered posts, or, where its owner has named an address at which
all of it stands, its beginning and that address. Cuts lie between paragraphs, sentences or words, in this
order; a word alone that is too long is cut between what people see as characters; a link never is. Nothing is
left out but white space at the cuts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from swarm_bridges.api import Capabilities, Level
from swarm_bridges.document import Code, CodeBlock, Emphasis, Heading, Paragraph, Strong, Struck
from swarm_bridges.text import from_plain, measure, to_plain
from swarm_bridges.text.measure import graphemes
from swarm_bridges.text.plain import URL

from .post_views import Picture

MAX_PARTS = 40
"""Posts of one thread."""
SENTENCE = frozenset(".!?…。！？")
_MARKUP = (Strong, Emphasis, Struck, Code)
CLOSING = "\"'”’»)]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be posted."""

    text: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    """A content warning."""
    visibility: str = ""
    """`public`, `unlisted` or `followers`; empty is what is usual on each network."""
    files: tuple[Picture, ...] = field(default=(), repr=False)
    more: str = field(default="", repr=False)
    """An address at which all of it stands: a text that is too long is cut, and this follows."""
    leave_out: bool = False
    """Files that a network does not take are left out there. Else it is not posted there."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the owner should know before: a code, and what it is about.

    `thread` (of how many posts), `shortened`, `left-out` (the name of a file), `no-description` (likewise),
    `markup` (the network shows none, so its signs stand there as they were written).
    """

    code: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One post, and its length in the unit of the network, the title included."""

    text: str = field(repr=False)
    length: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """What would stand on a network, or why nothing would."""

    pieces: tuple[Piece, ...] = ()
    files: tuple[int, ...] = ()
    """Which files go along, by number; they go with the first piece."""
    visibility: str = ""
    notes: tuple[Note, ...] = ()
    refused: str = ""
    """`not-connected`, `no-posts`, `visibility`, `no-files`, `file-kind`, `file-size`, `too-many-files`,
    `too-long`, `link-too-long`, `title-too-long` or `nothing`; empty where it goes."""
    about: str = ""
    """What is refused: the name of a file."""


class _Refused(Exception):
    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(code)
        self.code, self.about = code, about


def fit(wish: Wish, can: Capabilities) -> Fitted:
    """Fit a post to what a network takes."""
    try:
        visibility = _visibility(wish, can)
        files, notes = _files(wish, can)
        text = to_plain(from_plain(wish.text)).strip()
        pieces, more = _pieces(text, wish, can)
    except _Refused as e:
        return Fitted(refused=e.code, about=e.about)
    notes += more
    if _has_markup(text):
        notes.append(Note("markup"))
    if not text and not files:
        return Fitted(refused="nothing")
    return Fitted(tuple(pieces), tuple(files), visibility, tuple(notes))


def _has_markup(text: str) -> bool:
    """Whether a text would look otherwise on a network that shows markup."""
    from swarm_bridges.text import from_markdown  # noqa: PLC0415 - loaded when somebody posts

    return any(
        isinstance(block, Heading | CodeBlock)
        or (isinstance(block, Paragraph) and any(isinstance(node, _MARKUP) for node in block.children))
        for block in from_markdown(text).blocks
    )


def _visibility(wish: Wish, can: Capabilities) -> str:
    """Who may see it. It is never posted to more people, or others, than its owner wants."""
    if not can.version:
        raise _Refused("not-connected")
    if can.levels.get("post", Level.REJECTED) < Level.FALLBACK:
        raise _Refused("no-posts")
    if not wish.visibility:
        return can.visibilities[0] if can.visibilities else ""
    if wish.visibility in can.visibilities:
        return wish.visibility
    if wish.visibility == "public" and not can.visibilities:
        return ""  # there, all posts are
    raise _Refused("visibility")


def _files(wish: Wish, can: Capabilities) -> tuple[list[int], list[Note]]:
    taken, notes = list[int](), list[Note]()
    for number, file in enumerate(wish.files):
        code = _refusal(file, len(taken), can)
        if code and not wish.leave_out:
            raise _Refused(code, file.name)
        if code:
            notes.append(Note("left-out", file.name))
            continue
        taken.append(number)
        if not file.description and file.media_type.startswith("image/"):
            notes.append(Note("no-description", file.name))
    return taken, notes


def _refusal(file: Picture, taken: int, can: Capabilities) -> str:
    """Why a network does not take a file, besides `taken` others."""
    if can.levels.get("file", Level.REJECTED) < Level.FALLBACK:
        return "no-files"
    if can.max_files is not None and taken >= can.max_files:
        return "too-many-files"
    limits = [size for kinds, size in can.media.items() if fnmatchcase(file.media_type, kinds)]
    if can.media and not limits:
        return "file-kind"
    return "file-size" if limits and file.size_bytes > max(limits) else ""


# The text


def _pieces(text: str, wish: Wish, can: Capabilities) -> tuple[list[Piece], list[Note]]:
    ruler = _Ruler(can)
    title = ruler.size(wish.title) if wish.title else 0  # it stands on each post of a thread, and counts
    limit, size = can.max_text, title + ruler.size(text)
    if limit is None or size <= limit:
        return [Piece(text, size)], []
    room = limit - title
    if room < limit // 2:
        raise _Refused("title-too-long")
    if wish.more:
        texts, notes = [_shortened(text, wish.more, room, ruler)], [Note("shortened")]
    else:
        texts = _thread(text, room, ruler)
        notes = [Note("thread", str(len(texts)))]
    return [Piece(piece, title + ruler.size(piece)) for piece in texts], notes


def _shortened(text: str, more: str, room: int, ruler: _Ruler) -> str:
    end = f"… {more}"
    left = room - ruler.size(end)
    atoms = _atoms(text, ruler)
    beginning, _ = _take(atoms, 0, left, sentences=False)
    if not beginning:
        raise _Refused("link-too-long")
    return beginning + end


def _thread(text: str, room: int, ruler: _Ruler) -> list[str]:
    """Pieces with their numbers: ` (1/3)`. How many there are decides how long the numbers are."""
    atoms, texts = _atoms(text, ruler), list[str]()
    for digits in range(1, len(str(MAX_PARTS)) + 1):
        left = room - ruler.size(_number("9" * digits, "9" * digits))
        texts = list(_cut(atoms, left))
        if len(str(len(texts))) <= digits:
            break
    if len(texts) > MAX_PARTS:
        raise _Refused("too-long")
    return [text + _number(number, len(texts)) for number, text in enumerate(texts, 1)]


def _number(number: object, of: object) -> str:
    return f" ({number}/{of})"


class _Ruler:
    """Measures as a network does."""

    def __init__(self, can: Capabilities) -> None:
        self._unit, self._link_cost = can.text_unit, can.link_cost

    def size(self, text: str) -> int:
        return measure(text, self._unit, self._link_cost)


@dataclass(frozen=True, slots=True)
class _Atom:
    """What is not cut: a link, or what people see as one character."""

    text: str
    size: int
    space: bool = False


def _atoms(text: str, ruler: _Ruler) -> list[_Atom]:
    found, at = list[_Atom](), 0
    for link in URL.finditer(text):
        found += _characters(text[at : link.start()], ruler)
        found.append(_Atom(link[0], ruler.size(link[0])))
        at = link.end()
    return found + _characters(text[at:], ruler)


def _characters(text: str, ruler: _Ruler) -> list[_Atom]:
    return [_Atom(character, ruler.size(character), character.isspace()) for character in graphemes(text)]


def _cut(atoms: Sequence[_Atom], room: int) -> Iterator[str]:
    """Pieces within the room; ends when there are more than anybody may post."""
    at = made = 0
    while at < len(atoms) and made <= MAX_PARTS:
        if atoms[at].space:
            at += 1
            continue
        piece, at = _take(atoms, at, room)
        if not piece:
            raise _Refused("link-too-long" if len(atoms[at].text) > 1 else "too-long")
        made += 1
        yield piece


def _take(atoms: Sequence[_Atom], start: int, room: int, *, sentences: bool = True) -> tuple[str, int]:
    """As much as fits, up to the best place for a cut, and that place; nothing if not one atom fits."""
    end, used = start, 0
    while end < len(atoms) and used + atoms[end].size <= room:
        used += atoms[end].size
        end += 1
    if start < end < len(atoms):
        end = _best(atoms, start, end, sentences=sentences)
    return "".join(atom.text for atom in atoms[start:end]).rstrip(), end


def _best(atoms: Sequence[_Atom], start: int, end: int, *, sentences: bool) -> int:
    """Between paragraphs or sentences if the piece is half full then; else between words; else at the end."""
    half = start + (end - start + 1) // 2
    for ends_here in (_paragraph, _sentence) if sentences else ():
        if found := next((at for at in range(end, half - 1, -1) if ends_here(atoms, at)), 0):
            return found
    return next((at for at in range(end, start, -1) if atoms[at].space or atoms[at - 1].space), end)


def _paragraph(atoms: Sequence[_Atom], at: int) -> bool:
    return [atom.text for atom in atoms[at : at + 2]] == ["\n", "\n"]


def _sentence(atoms: Sequence[_Atom], at: int) -> bool:
    """Whether a sentence or a line ends before this atom."""
    if not atoms[at].space:
        return False
    last = at - 1
    while last > 0 and atoms[last].text in CLOSING:
        last -= 1
    return atoms[at].text == "\n" or atoms[last].text in SENTENCE
