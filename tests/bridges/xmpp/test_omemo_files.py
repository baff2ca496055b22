"""Files between people who write with OMEMO: the server has what it cannot read, both ways."""

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from bridge_owner import ACCOUNT, Owner
from xmpp_network import XmppNetwork
from xmpp_omemo import omemo_network, owner_with_keys, secret
from xmpp_server import Server, Webbed, started

from swarm_bridges.api import LocalFile, NotSupported, Refused, RemoteFile
from swarm_bridges.networks.xmpp import sealed_files

# slixmpp-omemo reaches slixmpp's plugins as it was done before 1.17.
pytestmark = pytest.mark.filterwarnings("ignore:Accessing plugins through:DeprecationWarning")

DATA = b"the plan\n" * 20_000
URL = "https://example.org/upload/a.txt"


@pytest.fixture(scope="module")
def webbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Webbed, tmp_path_factory.mktemp("webbed"))
    yield server
    server.stop()


@pytest.fixture
async def network(webbed: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[XmppNetwork]:
    """Both sides trust its certificate on the web.

    The other client's library (slixmpp) uploads through a session of aiohttp that it makes itself, with the
    authorities that aiohttp read when it was imported. Neither has a door for others.
    """
    monkeypatch.setenv("SSL_CERT_FILE", str(webbed.authority))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context())
    async with omemo_network(webbed, room=False) as made:
        yield made


async def fetched(owner: Owner, file: RemoteFile) -> bytes:
    return b"".join([piece async for piece in owner.bridge.fetch(owner.ctx, file)])


async def test_files_go_both_ways_and_the_server_cannot_read_them(network: XmppNetwork) -> None:
    friend, me = await secret(network, network._friend), network.answers["address"]
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        address = await friend.upload_sealed("plan.txt", DATA)
        await friend.say_locked(me, address)
        shown = await owner.sees("")
        (file,) = shown.files
        assert (file.id, file.media_type) == (address, "text/plain")
        assert await fetched(owner, file) == DATA
        await owner.send_file("answer.txt", DATA)
        said = await friend.says(lambda text: text.startswith("aesgcm://"))
        assert re.fullmatch(r"aesgcm://\S+/[0-9a-f]{24}\.txt#[0-9a-f]{88}", said), "its name is not told"
        assert await friend.fetch_sealed(said) == DATA
        stored = [p.read_bytes() for p in (network.server.folder / "data").rglob("*.bin")]
        assert len(stored) == 2
        assert not [data for data in stored if b"plan" in data]

        lied = file.id[:-1] + ("0" if file.id[-1] != "0" else "1")
        with pytest.raises(Refused, match="not what its sender"):
            await fetched(owner, RemoteFile(id=lied))
        beside = LocalFile(id="answer.txt", name="answer.txt", media_type="text/plain", size_bytes=len(DATA))
        with pytest.raises(NotSupported, match="goes alone"):
            await owner.bridge.send(owner.ctx, owner.outgoing("see this", files=(beside,)))
        most = (await owner.call("capabilities", network.conversation)).media["*/*"]
        owner.desk.of(ACCOUNT).files["large"] = b""
        large = LocalFile(id="large", name="l", media_type="text/plain", size_bytes=most + 1)
        with pytest.raises(Refused, match="larger"):
            await owner.bridge.send(owner.ctx, owner.outgoing("", files=(large,)))
        larger = msgspec.structs.replace(large, size_bytes=sealed_files.MOST_SEALED + 1)
        with pytest.raises(Refused, match="too large"):
            await owner.bridge.send(owner.ctx, owner.outgoing("", files=(larger,)))
        assert len(list((network.server.folder / "data").rglob("*.bin"))) == 2


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_what_was_sealed_is_opened(size: int) -> None:
    data = os.urandom(size)
    sealed, secret_ = sealed_files.sealed(data, os.urandom)
    address = sealed_files.address_of(URL, secret_)
    assert sealed_files.web_address(address) == URL
    assert len(sealed) == size + sealed_files.TAG
    assert b"".join(sealed_files.opened(bytearray(sealed), address)) == data
    for place in {0, size // 2, len(sealed) - 1}:
        other = bytearray(sealed)
        other[place] ^= 1
        with pytest.raises(ValueError, match="not the bytes"):
            sealed_files.opened(other, address)


def test_older_clients_have_a_longer_iv() -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    key, iv = os.urandom(32), os.urandom(16)
    address = f"aesgcm://example.org/a#{(iv + key).hex()}"
    sealed = AESGCM(key).encrypt(iv, b"as it was done", None)
    assert b"".join(sealed_files.opened(bytearray(sealed), address)) == b"as it was done"


@pytest.mark.parametrize(
    "address",
    [
        "aesgcm://example.org/a",
        "aesgcm://example.org/a#12",
        f"https://example.org/a#{'0' * 88}",
        f"aesgcm://example.org/a#{'0' * 89}",
        f"aesgcm://#{'0' * 88}",
        f"aesgcm://example.org/a b#{'0' * 88}",
    ],
)
def test_what_is_no_address(address: str) -> None:
    assert sealed_files.web_address(address) == ""
    with pytest.raises(ValueError, match="no sealed file"):
        sealed_files.opened(bytearray(100), address)


def test_a_place_without_tls_has_no_address() -> None:
    with pytest.raises(Refused):
        sealed_files.address_of("http://example.org/a", "0" * 88)
