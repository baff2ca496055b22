"""Private talk over mail, Matrix and direct posts, on real servers, with no relay; by the command line.

Anna and Ben each have a node. Whatever the servers stored of it is searched afterwards.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from dns_server import name_server
from e2e_networks import Elsewhere
from e2e_private import PICTURE, Two, is_sealed
from e2e_world import SOAK, Village
from mail_dkim import Signer
from mail_network import MailNetwork
from mail_peer import Server
from mail_python import started as python_started
from mail_server import DOMAIN
from mail_server import started as mail_started
from mastodon_network import MastodonNetwork
from mastodon_server import started as mastodon_started
from matrix_peer import MatrixPeer
from matrix_server import Synapse
from matrix_server import started as matrix_started


def by_mail(
    server: Server, folder: Path, asked: str, proof: tuple[str, str], *, returns: bool = False
) -> None:
    """Talk by mail; `asked` is the name server, `proof` what Anna's node makes of Ben's.

    `returns` says that these servers report later what they cannot deliver.
    """
    network = MailNetwork(server)
    with Village(folder) as village:
        anna, ben = (village.person(name, SWARMNODE_DNS__SERVERS=asked) for name in ("anna", "ben"))
        two = Two("mail", anna, ben)
        two.add(
            [{**network.answers, "name": "Anna"}, {**network.from_the_other_side().answers, "name": "Ben"}]
        )
        two.begin(network.friend, "Anna")
        two.agree()
        two.talk()
        two.pass_a_picture(folder)
        assert ben.json("proofs", "make", "mail", "--yes")["place"] == "header"
        two.sent(ben, "which also says whose this account is")
        two.soon(lambda: [(p.state, p.why) for p in two.proofs(anna)] == [proof])
        if returns:
            server.remove(network.friend_name)
            said = str(anna.json("send", two.private(anna), "the canary sings to nobody")["id"])
            two.soon(lambda: two.message(anna, said).reason == "there is no such address")
            assert two.message(anna, said).state.value == "waiting"


def test_by_mail(tmp_path: Path) -> None:
    """The servers sign what they take, so the proof holds."""
    signer = Signer(tmp_path, DOMAIN)
    server = python_started(tmp_path, signer.command())
    try:
        with name_server(signer.txt) as names:
            by_mail(server, tmp_path, names.place, ("ok", ""))
        is_sealed([server.folder], b"application/vnd.swarmnode.opaque")
    finally:
        server.close()


if SOAK:

    def test_by_mail_that_nobody_signs(tmp_path: Path) -> None:
        """Postfix and Dovecot: the proof says what is missing, and what comes back is known."""
        server = mail_started(tmp_path)
        try:
            with name_server() as names:
                by_mail(server, tmp_path, names.place, ("unreachable", "unvouched"), returns=True)
            is_sealed([server.folder, server.open], b"application/vnd.swarmnode.opaque")
        finally:
            server.close()


async def accepted(server: Synapse, name: str, token: str) -> None:
    """Somebody enters the room that they are invited to, in another client."""
    client = MatrixPeer(server, name, token)
    invitation = await client.until(lambda event: event["type"] == "invitation")
    await client.join(invitation["room_id"])
    await client.close()


def test_over_matrix(tmp_path: Path) -> None:
    server = matrix_started(tmp_path)
    try:
        with Village(tmp_path) as village:
            two = Two("matrix", village.person("anna"), village.person("ben"))
            tokens = {name: server.add(name, f"{name}'s password") for name in ("anna", "ben")}
            two.add(
                [
                    {"address": server.user(name), "password": f"{name}'s password", "server": server.base}
                    for name in tokens
                ]
            )
            two.open(server.user("ben"))
            there = two.soon(lambda: two.find(two.ben, ""))
            asyncio.run(accepted(server, "ben", tokens["ben"]))
            two.hello(there)
            two.agree()
            two.ben.json("proofs", "make", "matrix", "--yes")
            two.talk()
            two.pass_a_picture(tmp_path)
            two.soon(lambda: [p.state for p in two.proofs(two.anna)] == ["ok"])
    finally:
        server.stop()
    is_sealed([server.folder], b"swarmnode.opaque.1")


def test_over_direct_posts(tmp_path: Path) -> None:
    """Of two servers. What is too large for posts waits, says so, and holds up nothing else."""
    servers = [mastodon_started("new", tmp_path / name) for name in ("here", "there")]
    try:
        with Village(tmp_path) as village, Elsewhere() as elsewhere:
            network = elsewhere.run(MastodonNetwork.open(*servers))
            elsewhere.at_end(network.close)
            two = Two("mastodon", village.person("anna"), village.person("ben"), looks=True)
            people = (network.owner, network.friend)
            two.add([{"server": one.server.base, "token": one.token} for one in people])
            two.begin(f"@{network.friend.name}@{network.friend.server.host}", network.owner.name)
            two.agree()
            two.ben.json("proofs", "make", "mastodon", "--yes")
            two.talk()
            (tmp_path / "portrait.png").write_bytes(PICTURE)
            where = two.private(two.anna)
            waits = two.anna.json("send", where, "look", "--file", str(tmp_path / "portrait.png"))["id"]
            two.soon(lambda: two.message(two.anna, waits).reason == "too large to carry")
            assert two.message(two.anna, waits).state.value == "waiting"
            two.sent(two.anna, "words do not wait for it")
            two.soon(lambda: [p.state for p in two.proofs(two.anna)] == ["ok"])
            two.ben.json("proofs", "ask", two.other(two.ben).id)
            two.soon(lambda: [p.why for p in two.proofs(two.anna) if p.private] == ["wanted"])
            two.anna.json("proofs", "ask", two.other(two.anna).id)
            for home in (two.anna, two.ben):
                two.soon(lambda home=home: [p.state for p in two.proofs(home) if p.private] == ["ok"])  # type: ignore[misc]
    finally:
        for server in servers:
            server.stop()
    is_sealed([server.folder for server in servers], b"A private message")
