"""What a backup does with the owner's settings: they come back, and nothing that opens the machine does."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from swarm_protocol.cbor import Value
from swarmnode.app import backups
from swarmnode.app.node import LocalNode
from swarmnode.app.stores import Stores
from swarmnode.app.words import kit_of
from swarmnode.bridging.core import proofs
from swarmnode.config import CHOSEN, load
from swarmnode.errors import StorageError, UsageError
from swarmnode.services import backup, packs
from swarmnode.services.node import Node
from swarmnode.services.step import Step
from swarmnode.storage.home import Home
from swarmnode.storage.shelves import SETTINGS

WISHES = {
    "privacy.receipts": "false",
    "privacy.forward": "never",
    "privacy.notice": "false",
    "dns.servers": "192.0.2.1, 192.0.2.2",
}


class Homes:
    """Ada's home, and others in which she may come back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open: list[tuple[LocalNode, Home]] = []

    def home(self, name: str, **environment: str) -> LocalNode:
        place = Home(self.path / name)
        node = LocalNode(load(place.path, environment).config, place, Stores(), role=None)
        self.open.append((node, place))
        return node

    async def ada(self) -> tuple[LocalNode, tuple[str, ...]]:
        node = self.home("ada")
        return node, await node.create("ada", "p", None, None)

    async def close(self) -> None:
        for node, place in self.open:
            await node.stop()
            place.close()


@pytest.fixture(name="homes")
async def some_homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Homes]:
    monkeypatch.setitem(os.environ, "SWARMNODE_TEST_WEAK_KEYS", "1")
    homes = Homes(tmp_path)
    yield homes
    await homes.close()


async def choices(node: LocalNode) -> dict[str, str]:
    return {view.name: view.value for view in await node.settings() if view.by == "owner"}


async def looks(node: LocalNode) -> tuple[bool, str, bool]:
    """What the logic goes by."""
    return await node.runner.look(
        lambda step, core: (core.options.receipts, core.options.forward, proofs.notices(step))
    )


async def test_what_the_owner_chose_counts_again(homes: Homes) -> None:
    ada, words = await homes.ada()
    for name, value in WISHES.items():
        await ada.change_setting(name, value)
    await ada.backup(homes.path / "saved")
    await ada.stop()
    again = homes.home("again")
    await again.restore(words, homes.path / "saved", "p")
    assert await choices(again) == WISHES
    assert await looks(again) == (False, "never", False)
    assert [view.name for view in await again.settings() if view.waits] == ["dns.servers"]
    config = load(again.config.home, {}).config
    assert (config.privacy.receipts, config.dns.servers) == (False, ("192.0.2.1", "192.0.2.2"))


async def test_what_is_said_on_the_new_machine_counts_more(homes: Homes) -> None:
    ada, words = await homes.ada()
    for name, value in WISHES.items():
        await ada.change_setting(name, value)
    await ada.backup(homes.path / "saved")
    again = homes.home("again", SWARMNODE_PRIVACY__FORWARD="always")
    await again.change_setting("privacy.receipts", "true")
    await again.restore(words, homes.path / "saved", "p")
    assert await looks(again) == (True, "always", False)
    later = load(again.config.home, {}).config
    assert later.privacy.forward == "never", "where the keeper says nothing any more, the owner's word counts"


async def test_a_backup_opens_no_door(homes: Homes) -> None:
    ada, words = await homes.ada()
    wanted = {
        "http.host": "0.0.0.0",  # noqa: S104 - it is to be refused
        "privacy.direct": "true",
        "storage.keyring": "true",
        "mood": "blue",
        "privacy.forward": "sometimes",
        "privacy.receipts": "false",
    }

    def write(step: Step, node: Node) -> bytes:
        more: list[list[Value]] = [[backups.CHOICE, name, text] for name, text in wanted.items()]
        return b"".join(
            backup.write(step, node, 1, more=[*more, [backups.CHOICE, 1, 2], [backups.CHOICE + 1, "x"]])
        )

    (homes.path / "saved").write_bytes(await ada.runner.look(write))
    again = homes.home("again")
    await again.restore(words, homes.path / "saved", "p")
    assert await choices(again) == {"privacy.receipts": "false"}
    assert again.config.http.host == "127.0.0.1"
    assert "http" not in (again.config.home / CHOSEN).read_text()


async def test_what_the_keeper_says_is_not_in_it(homes: Homes) -> None:
    ada, words = await homes.ada()
    (ada.config.home / "config.toml").write_text('privacy.forward = "always"\n[log]\nlevel = "debug"\n')
    await ada.change_setting("privacy.receipts", "false")
    await ada.backup(homes.path / "saved")
    key = kit_of(words).backup_key()
    records = packs.read(key, [(homes.path / "saved").read_bytes()])
    assert [values for number, *values in records if number == backups.CHOICE] == [
        ["privacy.receipts", "false"]
    ]


async def test_settings_that_cannot_be_written_restore_nothing(
    homes: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, words = await homes.ada()
    await ada.change_setting("privacy.receipts", "false")
    await ada.backup(homes.path / "saved")
    again = homes.home("again")

    def full(name: str, data: bytes) -> None:
        del data
        raise StorageError(f"writing {name}")

    with monkeypatch.context() as disk:
        replace = again.place.files.replace
        disk.setattr(
            again.place.files,
            "replace",
            lambda name, data: full(name, data) if name == CHOSEN else replace(name, data),
        )
        with pytest.raises(StorageError):
            await again.restore(words, homes.path / "saved", "p")
    assert (await again.status()).state == "empty"
    await again.restore(words, homes.path / "saved", "p")
    assert await choices(again) == {"privacy.receipts": "false"}


async def test_an_ill_backup_leaves_the_home_empty(homes: Homes) -> None:
    ada, words = await homes.ada()
    (homes.path / "saved").write_bytes(
        await ada.runner.look(lambda step, node: b"".join(backup.write(step, node, 1, more=[[4, "x"]])))
    )
    again = homes.home("again")
    with pytest.raises(UsageError, match="holds what cannot be"):
        await again.restore(words, homes.path / "saved", "p")
    assert (await again.status()).state == "empty"


async def test_doctor_advises_to_make_one_where_there_is_none_or_only_an_old_one(
    homes: Homes, tmp_path: Path
) -> None:
    node, _ = await homes.ada()

    async def said() -> tuple[bool, bool]:
        (check,) = [check for check in await node.doctor() if check.name == "backup"]
        return check.ok, bool(check.hint)

    assert await said() == (True, True)
    await node.backup(tmp_path / "backup")
    assert await said() == (True, False)
    for days, advised in ((30, False), (31, True)):
        await node.runner.do(lambda step, _, d=days: age(step, d))  # type: ignore[misc]
        assert await said() == (True, advised)


def age(step: Step, days: int) -> None:
    """Let the last backup be so old."""
    made_at = step.wall_s - days * 86400
    SETTINGS.put(step.tx, name=backup.MADE_AT, value=made_at.to_bytes(8, "big"))


async def test_a_link_that_somebody_put_beside_a_file_is_not_followed(homes: Homes, tmp_path: Path) -> None:
    node, _ = await homes.ada()
    shared, victim = tmp_path / "shared", tmp_path / "victim"
    shared.mkdir(mode=0o777)
    victim.write_text("precious")
    (shared / ".all.part").symlink_to(victim)
    await node.export(shared / "all")
    assert victim.read_text() == "precious"
    assert stat.S_IMODE((shared / "all").stat().st_mode) == 0o600
    assert not (shared / "all").is_symlink()
    assert {entry.name for entry in shared.iterdir()} == {"all", ".all.part"}
