"""The kit's faults, played on IMAP and SMTP: what a proxy does with what passes.

`read` is a command that asks for folders or mails, `act` is handing in a mail. What is not to be handled at
all (`drop`) is broken off as a mail begins: at its end nobody could know, and that has tests of its own.
"""

from __future__ import annotations

import asyncio

from mail_proxy import Line

from swarm_bridges.testing import Fault, Faults

GARBAGE = b"\xff\xfe* (((\x00 {99999999999}\xc3(\r\n"
STEPS = {"drop": "begin", "status": "recipient"}
"""At which step of handing in a mail a fault is played; all others at its end."""
REPLIES = {
    400: b"501 5.5.4 no",
    403: b"554 5.7.1 no",
    404: b"550 5.1.1 nobody",
    410: b"551 5.1.6 gone",
    500: b"451 4.3.0 later",
    503: b"421 4.3.2 later",
}
CODES = {429: b"LIMIT", 500: b"SERVERBUG", 503: b"UNAVAILABLE"}
"""What IMAP has in the place of these statuses (RFC 5530)."""


class MailFaults(Faults):
    """`Watch` of a proxy."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[Line, Fault] = {}
        """Lines of which the next answer is to be broken."""

    def _next(self, on: str, step: str = "") -> Fault | None:
        fits = (f for f in self.waiting if f.hits < f.times and f.on in {"any", on})
        found = next((f for f in fits if not step or STEPS.get(f.kind, "end") == step), None)
        if found is not None:
            found.hits += 1
        return found

    async def reads(self, line: Line, tag: bytes, command: bytes) -> None:
        """See `Watch`."""
        fault = self._next("read")
        if fault is not None and fault.kind == "status":
            if fault.status in CODES:
                await line.to_client(b"%s NO [%s] not now\r\n" % (tag, CODES[fault.status]))
            else:
                await line.to_client(b"* BYE the gateway is tired\r\n")
                line.cut()
        else:
            await self._play(fault, line, command)

    async def acts(self, line: Line, step: str, said: bytes) -> None:
        """See `Watch`."""
        fault = self._next("act", step)
        if fault is not None and fault.kind == "status":
            await line.to_client(REPLIES[fault.status] + b"\r\n")
        else:
            await self._play(fault, line, said)

    async def _play(self, fault: Fault | None, line: Line, said: bytes) -> None:
        match fault.kind if fault is not None else "":
            case "drop":
                line.cut()
                return
            case "delay":
                assert fault is not None
                await asyncio.sleep(fault.value)
            case "":
                pass
            case _:
                assert fault is not None
                self._answers[line] = fault
        await line.to_server(said)

    async def answers(self, line: Line, data: bytes) -> None:
        """See `Watch`."""
        fault = self._answers.pop(line, None)
        match fault.kind if fault is not None else "":
            case "reset":
                line.cut()
            case "half":
                await line.to_client(data[: len(data) // 2])
                line.cut()
            case "garbage":
                await line.to_client(GARBAGE)
                line.cut()
            case "delay_answer":
                assert fault is not None
                await asyncio.sleep(fault.value)
                await line.to_client(data)
            case _:
                await line.to_client(data)
