"""A message that leads to an error of ours again and again is put away, and the node goes on."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, cast

import pytest
from direct_nodes import Somebody, meet, somebody
from relay_world import served
from store_world import opened

from swarm_protocol import cbor, mls
from swarm_protocol.mailbox import limits
from swarm_protocol.mls.aead import Aead
from swarm_protocol.mls.ciphersuite import CipherSuite
from swarm_protocol.mls.hpke import Hpke
from swarmnode.api.node import Retried
from swarmnode.app import doctor
from swarmnode.delivery.runner import Runner
from swarmnode.services import incoming
from swarmnode.services.node import Node, Options
from swarmnode.services.step import Step
from swarmnode.storage.home import Home
from swarmnode.storage.shelves import GAPS
from swarmnode.texts import Texts

MARK = b"a text that nobody can take"


class Stumbles:
    """A provider whose ciphers fail, as a bug would make them, over one plaintext."""

    def suite(self, suite_id: int) -> CipherSuite:
        suite = mls.CRYPTO.suite(suite_id)
        real = suite.hpke.aead
        aead = Aead(real.id, real.name, real.key_size, cast("Any", lambda key: _Cipher(real, key)))
        return CipherSuite(suite.id, suite.name, Hpke(suite.hpke.kem, suite.hpke.kdf, aead), suite.signature)


class _Cipher:
    def __init__(self, aead: Aead, key: bytes) -> None:
        self.cipher = aead._cipher(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        return bytes(self.cipher.encrypt(nonce, data, associated_data))

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        plain = bytes(self.cipher.decrypt(nonce, data, associated_data))
        if MARK in plain:
            raise ZeroDivisionError("an error of ours")
        return plain


async def test_a_message_that_cannot_be_taken_is_put_away_and_others_come(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        served(tmp_path / "relay") as relay,
        somebody(tmp_path / "ada", "ada", await relay.tickets_link(), Options()) as ada,
    ):
        async with somebody(tmp_path / "ben", "ben", await relay.tickets_link(), Options()) as ben:
            await meet(ada, ben)
        with opened(tmp_path / "ben", seed="ben again") as database:
            runner = Runner(database, entropy=os.urandom, crypto=Stumbles())
            async with runner.running(), runner.news() as news:
                ben = Somebody(runner, tmp_path / "ben")
                with caplog.at_level(logging.CRITICAL, "swarmnode"):  # the tracebacks are no news here
                    await ada.say(MARK.decode())
                    await ada.say("and on")
                    await ben.comes("and on")
                told = [news.get_nowait().type for _ in range(news.qsize())]
                assert told.count("incoming.poison") == 1
                assert MARK.decode() not in await ben.sees()
                (data,) = await ben.do(kept)
                envelope = cbor.Record.decode(data, "what was put away", max_size=40_000).octets(4)
                assert len(envelope) in limits.BUCKETS
                with Home(tmp_path / "looked at") as place:
                    checks = await doctor.examine(place, ben.runner, None, exists=True, t=Texts("en"))
                (check,) = [check for check in checks if check.name == "messages"]
                assert (check.ok, check.detail[:1]) == (False, "1")
                await ben.say("still here")
                await ada.comes("still here")
                with caplog.at_level(logging.CRITICAL, "swarmnode"):
                    assert await doctor.retry(ben.runner) == Retried(taken=0, left=1)
                assert await ben.do(kept) == [data]
        with opened(tmp_path / "ben", seed="ben, in a better program") as database:
            runner = Runner(database, entropy=os.urandom)
            async with runner.running():
                ben = Somebody(runner, tmp_path / "ben")
                await ben.comes("still here")
                assert await doctor.retry(runner) == Retried(taken=1, left=0)
                assert MARK.decode() in await ben.sees()
                assert await doctor.retry(runner) == Retried(taken=0, left=0)


def kept(step: Step, _: Node) -> list[bytes]:
    return [gap.data for gap in GAPS.all(step.tx, kind=incoming.POISON)]
