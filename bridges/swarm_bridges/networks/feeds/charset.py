"""Bytes to text, for documents whose labels lie.

What a server says of the encoding, and what the document says of itself, are often wrong; what bytes show is
not. Order: a byte order mark; UTF-8 if that is what more than ASCII decodes as, since hardly anything else
does by chance; the server; the document; at last Windows-1252, which decodes everything.
"""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BARE = (
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
)
"""How documents without a mark begin (XML 1.0, appendix F)."""
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_LABEL = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
_KNOWN = re.compile(
    r"us-ascii|utf-?8|utf-?16([bl]e)?|iso-?8859-?(1[0-6]|[2-9])|(windows-?|cp)125[0-8]|koi8-[ru]|macintosh"
    r"|gb2312|gbk|gb18030|big5|shift[_-]jis|euc-(jp|kr)|iso-2022-jp",
    re.IGNORECASE,
)
"""Codecs that texts of people come in. Python has others, some of which are slow on purpose-made input."""


def decode(data: bytes, content_type: str = "") -> str:
    """The text of a document. Never fails: what makes no sense becomes U+FFFD.

    Args:
        data: the document.
        content_type: the header of that name.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    for start, name in _BARE:
        if data.startswith(start):
            return data.decode(name, "replace")
    label = _LABEL.search(content_type)
    declared = _DECLARED.match(data)
    names = [found for found in (label and label[1], declared and declared[1].decode()) if found]
    if not data.isascii():
        names.insert(0, "utf-8")
    for name in names:
        if _KNOWN.fullmatch(name):
            try:
                return data.decode(name)
            except (UnicodeError, LookupError):
                continue
    return data.decode("ascii" if data.isascii() else "cp1252", "replace")
