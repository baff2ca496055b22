"""A client that encrypts: matrix-nio, in the server's environment and a process of its own.

    client = NioPeer(server, "ada", password, folder)
    await client.start()
    await client.do("say", room=room, text="hello")
    event = await client.until(lambda e: e.get("text") == "hello")

This file is both: the program reads commands from its input and writes events, each a line of JSON.
"""

from __future__ import annotations

import asyncio
import importlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 50.0
MAX_LINE = 4 << 20


class NioPeer:
    """Somebody's client. `heard` is what it has told, in its order."""

    def __init__(self, base: str, user: str, password: str, folder: Path, python: Path) -> None:
        self._words = [str(python), __file__, base, user, password, str(folder)]
        self.user = user
        self.heard: list[dict[str, Any]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._news = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Log in; a second time it is the same device, with what it has stored."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._words, stdin=pipe, stdout=pipe, limit=MAX_LINE
        )
        self._reading = asyncio.get_running_loop().create_task(self._read())
        await self.until(lambda e: e["is"] == "ready")

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.heard.append(json.loads(line))
            self._news.set()

    async def stop(self) -> None:
        """End it."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()
            assert self._reading is not None
            await self._reading
            self._process = None
            self.heard = [event for event in self.heard if event["is"] == "event"]

    async def do(self, what: str, **more: Any) -> dict[str, Any]:
        """Have it do something; gives what came of it."""
        assert self._process is not None
        assert self._process.stdin is not None
        number = len([e for e in self.heard if e["is"] == "done"])
        self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        return await self.until(lambda e: e["is"] == "done" and e["number"] >= number)

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first like this, now or soon."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._news.clear()
                for event in self.heard:
                    if wanted(event):
                        return event
                await self._news.wait()


# --- the program ---


def tell(**what: Any) -> None:
    print(json.dumps(what), flush=True)


async def main(base: str, user: str, password: str, folder: str) -> None:
    nio: Any = importlib.import_module("nio")  # it is in the other environment alone

    config = nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False, pickle_key="for tests")
    kept = Path(folder) / "session.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    client = nio.AsyncClient(base, user, device_id=known.get("device", ""), store_path=folder, config=config)
    if known:
        client.restore_login(user, known["device"], known["token"])
    else:
        await client.login(password)
        kept.write_text(json.dumps({"device": client.device_id, "token": client.access_token}))

    def heard(room: Any, event: Any) -> None:
        sealed = bool(getattr(event, "decrypted", False))
        closed = isinstance(event, nio.MegolmEvent)
        source = event.source.get("content", {})
        said = {"id": event.event_id, "room": room.room_id, "sender": event.sender, "content": source}
        tell(**{"is": "event", "text": source.get("body"), "sealed": sealed, "closed": closed, **said})

    def told(event: Any) -> None:
        source = event.source
        tell(**{"is": "letter", "type": source["type"], "content": source["content"]})

    client.add_event_callback(heard, nio.Event)
    client.add_to_device_callback(told, nio.UnknownToDeviceEvent)
    await client.sync(timeout=0, full_state=True)
    if client.should_upload_keys:
        await client.keys_upload()
    tell(**{"is": "ready"})
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(client.sync_forever(timeout=10_000))
        await commands(client)
        following.cancel()
    await client.close()


async def commands(client: Any) -> None:
    reader = asyncio.StreamReader(MAX_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    number = 0
    while line := await reader.readline():
        given = json.loads(line)
        tell(**{"is": "done", "number": number, "told": await act(client, given)})
        number += 1


async def act(client: Any, given: dict[str, Any]) -> Any:
    match given["do"]:
        case "join":
            return (await client.join(given["room"])).room_id
        case "create":
            sealed: dict[str, Any] = {"type": "m.room.encryption", "state_key": ""}
            sealed |= {"content": {"algorithm": "m.megolm.v1.aes-sha2"}}
            made = await client.room_create(invite=given["invite"], initial_state=[sealed])
            return made.room_id
        case "say":
            content = {"msgtype": "m.text", "body": given["text"], **given.get("more", {})}
            room = given["room"]
            async with asyncio.timeout(PATIENCE_S):
                while room not in client.rooms or not client.rooms[room].encrypted:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            if client.should_query_keys:
                await client.keys_query()
            kind = given.get("kind", "m.room.message")
            sent = await client.room_send(room, kind, content, ignore_unverified_devices=True)
            return getattr(sent, "event_id", str(sent))
        case "upload":
            data = bytes.fromhex(given["data"])
            answer, keys = await client.upload(
                io.BytesIO(data), "application/octet-stream", encrypt=True, filesize=len(data)
            )
            return {**keys, "url": answer.content_uri}
        case "download":
            attachments: Any = importlib.import_module("nio.crypto.attachments")
            file = given["file"]
            body = (await client.download(file["url"])).body
            hashed = file["hashes"]["sha256"]
            opened: bytes = attachments.decrypt_attachment(body, file["key"]["k"], hashed, file["iv"])
            return opened.hex()
    raise ValueError(given)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
