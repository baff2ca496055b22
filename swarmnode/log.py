"""Logging: an event's name first, facts in `extra`, one handler that redacts by the name of a field.

    logging.getLogger(__name__).info("link-lost", extra={"relay": 3, "after_s": 12})

What people say, keys, tokens and addresses of others are not logged. Should one be passed after all, its
field's name gives it away: the value is replaced, here, once for all.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

HIDDEN = re.compile(
    r"address|answer|authorization|bod(y|ies)|code|cookie|key|link|name|note|passphrase|password|persona|"
    r"secret|seed|text|ticket|title|token|words"
)
"""Texts in fields with such a word in their name are not written; numbers may be."""

_WORDS = re.compile(r"[^\w .,;-]", re.ASCII)
"""What ends the words of another library: a `%s`, a quoted value, a `repr` or a second line comes there."""

REDACTED = "(hidden)"

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

Facts = dict[str, object]


def facts_of(record: logging.LogRecord) -> Facts:
    """What was passed in `extra`, redacted."""
    return {name: _plain(name, value) for name, value in record.__dict__.items() if name not in _STANDARD}


def _plain(name: str, value: object) -> object:
    """Numbers, truths and short texts stay; bytes and whatever else could hold something do not."""
    if value is None or isinstance(value, bool | int | float):
        return value
    harmless = (
        isinstance(value, str)
        and len(value) <= 200
        and value.isprintable()
        and not HIDDEN.search(name.lower())
    )
    return value if harmless else REDACTED


class _Formatter(logging.Formatter):
    def trace(self, record: logging.LogRecord) -> str:
        """Where an exception was raised and its type; its text may quote what it was raised about."""
        if record.exc_info is None or record.exc_info[0] is None:
            return ""
        kind, _, where = record.exc_info
        frames = []
        while where is not None:
            code = where.tb_frame.f_code
            frames.append(
                f"{code.co_qualname} ({where.tb_frame.f_globals.get('__name__')}:{where.tb_lineno})"
            )
            where = where.tb_next
        return " < ".join([kind.__qualname__, *reversed(frames)])


class TextFormatter(_Formatter):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        facts = " ".join(f"{name}={value}" for name, value in facts_of(record).items())
        line = f"{_time(record)} {record.levelname:<7} {record.name} {_event(record)} {facts}".rstrip()
        trace = self.trace(record)
        return f"{line}\n    {trace}" if trace else line


class JsonFormatter(_Formatter):
    """A JSON document in a line, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        line: Facts = {
            "at": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
            **facts_of(record),
        }
        if trace := self.trace(record):
            line["trace"] = trace
        return json.dumps(line, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _event(record: logging.LogRecord) -> str:
    """The event's name. Other libraries log sentences with values in them: those are cut off."""
    event = str(record.msg)
    ours = record.name.partition(".")[0] in {"swarmnode", "swarm_bridges"}
    return event if ours else _WORDS.split(event, maxsplit=1)[0].rstrip() or "message"


def set_up(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> logging.Handler:
    """Send all log records to `stream` (stderr) in this form, and nowhere else."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    return handler
