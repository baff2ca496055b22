"""Sentences for people, in English and German, by their ids; a test compares the two catalogues.

An id with `.one` and `.other` is a sentence with a number in it: `t.count(id, n)`.
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("en", "de")


def catalogue(language: str) -> Mapping[str, str]:
    """All sentences of a language; only the one that is spoken is loaded."""
    if language == "de":
        from .de import TEXTS  # noqa: PLC0415
    else:
        from .en import TEXTS  # noqa: PLC0415
    return TEXTS


def said_in(language: str, text: str) -> str | None:
    """What the node said in English, in another language, if that is known; or the text, if it is in that."""
    if language != "de":
        return None
    from .de_errors import SAID  # noqa: PLC0415

    return SAID.get(text) or (text if text in SAID.values() else None)


class Texts:
    """Speaks one language: `t("sent.to", who="Ana")`."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._texts = catalogue(self.language)

    def __call__(self, id_: str, /, **facts: object) -> str:
        """The sentence with this id; KeyError if there is none or a fact is missing."""
        return self._texts[id_].format_map(facts) if facts else self._texts[id_]

    def __contains__(self, id_: str) -> bool:
        return id_ in self._texts

    def count(self, id_: str, n: int, /, **facts: object) -> str:
        """The sentence for `n` things."""
        return self(f"{id_}.{'one' if n == 1 else 'other'}", n=n, **facts)


def language_of(flag: str | None, environment: Mapping[str, str]) -> str:
    """The language to speak: a flag, `SWARMNODE_LANG`, `LC_ALL`, `LANG`; English if none says German."""
    for said in (flag, environment.get("SWARMNODE_LANG"), environment.get("LC_ALL"), environment.get("LANG")):
        if said:
            return said[:2].lower() if said[:2].lower() in LANGUAGES else "en"
    return "en"


def language_of_header(accepted: str) -> str:
    """The first language of an `Accept-Language` that is spoken here."""
    for part in accepted.split(","):
        if part.strip()[:2].lower() in LANGUAGES:
            return part.strip()[:2].lower()
    return "en"
