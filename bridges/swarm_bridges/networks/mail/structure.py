"""What a mail consists of, as its server has found out (BODYSTRUCTURE, RFC 9051, 7.5.2). Pure.

The server takes mails to pieces; we ask for the pieces that people read, and for a file when somebody wants
it. So a mail of a gigabyte costs what its text does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message

from . import words
from .grammar import Value, number

MAX_PARTS = 300
MAX_FILES = 100
OPAQUE = "application/vnd.swarmnode.opaque"
"""Bytes of a node, for another one."""


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf: `number` is how IMAP names it, `size` bytes as encoded."""

    number: str
    kind: str
    """Such as `text/plain`, in lower case."""
    encoding: str = "7bit"
    size: int = 0
    charset: str = ""
    name: str = ""
    is_file: bool = False
    flowed: str = ""
    """`yes`, or `delsp`, for texts whose lines are to be put together."""


@dataclass(frozen=True, slots=True)
class Body:
    """What is shown, what lies beside it, and what kind of thing the whole is."""

    texts: tuple[Part, ...] = ()
    files: tuple[Part, ...] = ()
    crypto: str = ""
    """`openpgp` or `smime` where it is encrypted."""
    sealed: Part | None = None
    """What is encrypted, where that is the whole mail (RFC 3156, 4): beside anything else it stays closed."""
    opaque: Part | None = None
    """The bytes of a node, where there is nothing but those and texts; these are then for other programs."""
    report: tuple[Part, ...] = ()
    """The parts of a report about another mail (RFC 6522)."""


def body(structure: Value) -> Body:
    """Look through a structure. What makes no sense is not there."""
    found = _read(structure, "1" if _is_leaf(structure) else "", 0)
    if [part.kind for part in found.files] == [OPAQUE] and not found.crypto and not found.report:
        return Body(opaque=found.files[0])
    return replace(found, texts=found.texts[:20], files=found.files[:MAX_FILES])


def _is_leaf(value: Value) -> bool:
    return isinstance(value, tuple) and bool(value) and not isinstance(value[0], tuple)


def _read(value: Value, where: str, depth: int) -> Body:
    if not isinstance(value, tuple) or not value or depth > 40:
        return Body()
    if _is_leaf(value):
        part = _leaf(value, where)
        if part.kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
            return Body(files=(part,), crypto="smime")
        shown = part.kind in {"text/plain", "text/html"} and not part.is_file
        return Body(texts=(part,)) if shown else Body(files=(part,))
    count = next((n for n, v in enumerate(value) if not isinstance(v, tuple)), len(value))
    kind = _text(value[count]).lower() if count < len(value) else "mixed"
    inner = [
        _read(child, f"{where}.{n}" if where else f"{n}", depth + 1)
        for n, child in enumerate(value[: min(count, MAX_PARTS)], 1)
    ]
    match kind:
        case "alternative":
            return _alternative(inner)
        case "encrypted":
            return Body(files=_files(inner), crypto="openpgp", sealed=_sealed(inner, where))
        case "signed":
            return inner[0] if inner else Body()
        case "report":
            leaves = tuple(p for b in inner[1:] for p in (*b.texts, *b.files))
            return Body(inner[0].texts if inner else (), leaves[1:2], report=leaves)
        case "related":
            rest = tuple(p for b in inner[1:] for p in (*b.texts, *b.files))
            first = inner[0] if inner else Body()
            return replace(first, files=(*first.files, *rest))
        case _:
            crypto = next((b.crypto for b in inner if b.crypto), "")
            report = next((b.report for b in inner if b.report), ())
            texts = tuple(p for b in inner for p in b.texts)
            return Body(texts, _files(inner), crypto, report=report)


def _sealed(inner: list[Body], where: str) -> Part | None:
    parts = [p for b in inner for p in (*b.texts, *b.files)]
    kinds = [p.kind for p in parts]
    whole = not where and kinds == ["application/pgp-encrypted", "application/octet-stream"]
    return parts[1] if whole else None


def _alternative(inner: list[Body]) -> Body:
    """The same several times: the plain one, if it is there; files of all of them."""
    having = [b for b in inner if b.texts]
    filled = [b for b in having if any(p.size for p in b.texts)]
    plain = [b for b in filled if all(p.kind == "text/plain" for p in b.texts)]
    chosen = (plain or filled or having or [Body()])[0]
    return replace(chosen, files=_files(inner))


def _files(inner: list[Body]) -> tuple[Part, ...]:
    return tuple(p for b in inner for p in b.files)


def _leaf(value: tuple[Value, ...], where: str) -> Part:
    padded = (*value, *([None] * 12))
    main, sub = _text(padded[0]).lower(), _text(padded[1]).lower()
    kind = f"{main}/{sub}"
    given = words.parameters(_parameters(padded[2]))
    disposition = padded[{"text": 9, "message/rfc822": 11}.get(kind if kind == "message/rfc822" else main, 8)]
    how, told = "", dict[str, str]()
    if isinstance(disposition, tuple) and disposition:
        how = _text(disposition[0]).lower()
        told = words.parameters(_parameters(disposition[1] if len(disposition) > 1 else None))
    elif disposition:  # pymap says it as it stands in the mail
        field = Message()
        field["Content-Disposition"] = words.line(_text(disposition))
        how, told = field.get_content_disposition() or "", {"filename": field.get_filename() or ""}
    name = _file_name(told.get("filename") or given.get("name") or "")
    flowed = "yes" if given.get("format", "").lower() == "flowed" else ""
    if flowed and given.get("delsp", "").lower() == "yes":
        flowed = "delsp"
    return Part(
        number=where,
        kind=kind if sub else "application/octet-stream",
        encoding=_text(padded[5]).lower() or "7bit",
        size=number(padded[6]),
        charset=given.get("charset", ""),
        name=name,
        is_file=how == "attachment" or bool(name),
        flowed=flowed,
    )


def _parameters(value: Value) -> dict[str, bytes]:
    return dict(_pairs(value)) if isinstance(value, tuple) else {}


def _pairs(value: tuple[Value, ...]) -> Iterator[tuple[str, bytes]]:
    for name, given in zip(value[::2], value[1::2], strict=False):
        if isinstance(given, bytes | str):
            yield (
                _text(name).lower(),
                given if isinstance(given, bytes) else given.encode("latin-1", "replace"),
            )


def _text(value: Value) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def _file_name(name: str) -> str:
    """A name without the folders that somebody has put before it."""
    return name.replace("\\", "/").rpartition("/")[2].strip(" .")[:200]
