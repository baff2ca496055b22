"""The door to the name service, against a real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dns_server import NameServer, name_server
from ports import held_port

from swarm_bridges.api import AccountId, Limited, Refused, Service, Temporary
from swarmnode.bridging.core.health import Watch
from swarmnode.bridging.host import resolve
from swarmnode.bridging.host.connect import Reach
from swarmnode.bridging.host.desk import NodeDesk
from swarmnode.bridging.host.resolve import EACH_MINUTE, MAX_RECORDS, Resolver, Turnstile, plain_name, server

RECORDS = (
    "srv-host=_imaps._tcp.example.test,Mail.Example.test,993,10,5",
    "srv-host=_imaps._tcp.example.test,other.example.test,994,20,0",
    "srv-host=_imap._tcp.example.test",
    "txt-record=key._domainkey.example.test,v=DKIM1; k=rsa; ,p=AAAA",
    "txt-record=key._domainkey.example.test,other",
    "cname=alias.example.test,key._domainkey.example.test",
    *(f"txt-record=many.example.test,{n:03}{'x' * 200}" for n in range(40)),
)
ACCOUNT = AccountId("a1")


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    with name_server(*RECORDS) as made:
        yield made


@pytest.fixture
def resolver(names: NameServer) -> Resolver:
    return Resolver([names.place])


def desk(resolver: Resolver, reach: Reach) -> NodeDesk:
    return NodeDesk(None, Watch(), lambda _: reach, resolver=resolver)  # type: ignore[arg-type]


async def test_services_are_typed(resolver: Resolver) -> None:
    assert set(await resolver.services("_IMAPS._tcp.example.test.")) == {
        Service("mail.example.test", 993, 10, 5),
        Service("other.example.test", 994, 20, 0),
    }


async def test_a_domain_may_say_that_it_has_no_such_service(resolver: Resolver) -> None:
    (one,) = await resolver.services("_imap._tcp.example.test")
    assert one.host == ""


async def test_texts_are_put_together_and_found_behind_another_name(resolver: Resolver) -> None:
    for name in ("key._domainkey.example.test", "alias.example.test"):
        assert set(await resolver.texts(name)) == {"v=DKIM1; k=rsa; p=AAAA", "other"}


async def test_much_comes_over_another_line_and_is_cut(resolver: Resolver) -> None:
    found = await resolver.texts("many.example.test")
    assert len(set(found)) == MAX_RECORDS


async def test_what_is_not_there_is_nothing(resolver: Resolver) -> None:
    assert await resolver.services("_nothing._tcp.example.test") == ()
    assert (
        await resolver.services("key._domainkey.example.test") == ()
    )  # the name is there with other records
    assert await resolver.texts("example.nowhere.test") == ()


async def test_nobody_answers(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "LOOK_UP_S", 0.5)
    with pytest.raises(Temporary):  # it says that it does not know
        await resolver.texts("example.org")
    with pytest.raises(Temporary):
        await Resolver([f"127.0.0.1:{held_port()}"]).texts("example.test")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "test",
        "a b.test",
        "a..test",
        "-a.test",
        "ä.test",
        f"{'a' * 64}.test",
        "a." * 126 + "aa",
        "a\0.b",
    ],
)
def test_what_is_no_name_is_not_asked(name: str) -> None:
    with pytest.raises(Refused):
        plain_name(name)


def test_name_servers_are_numbers() -> None:
    assert server("9.9.9.9") == ("9.9.9.9", 53)
    assert server("127.0.0.1:5353") == ("127.0.0.1", 5353)
    assert server("2620:fe::fe") == ("2620:fe::fe", 53)
    assert server("[2620:fe::fe]:54") == ("2620:fe::fe", 54)
    for text in ("dns.example", "1.2.3", "", ":53", "1.2.3.4:x"):
        with pytest.raises(ValueError):  # noqa: PT011 - any kind of it
            server(text)


async def test_a_bridge_asks_where_it_may_go(resolver: Resolver) -> None:
    own = desk(resolver, Reach(("account_host", "*.example.org"), frozenset({"example.test:993"})))
    assert await own.txt_records(ACCOUNT, "key._domainkey.example.test")
    for name in ("example.com", "xexample.test", "test.example", "x.test"):
        with pytest.raises(Refused):
            await own.txt_records(ACCOUNT, name)
    with pytest.raises(Temporary):
        await own.srv_records(ACCOUNT, "_x._tcp.example.org")
    assert await desk(resolver, Reach(("any",))).txt_records(ACCOUNT, "alias.example.test")


async def test_an_account_asks_so_often_and_another_still_may(resolver: Resolver) -> None:
    own = desk(resolver, Reach(("any",)))
    for _ in range(EACH_MINUTE):
        await own.srv_records(ACCOUNT, "_imap._tcp.example.test")
    with pytest.raises(Limited) as e:
        await own.txt_records(ACCOUNT, "alias.example.test")
    assert e.value.wait_s is not None
    assert 0 < e.value.wait_s <= 60
    await own.srv_records(AccountId("a2"), "_imap._tcp.example.test")


def test_after_a_minute_more_may_go() -> None:
    now = 0.0
    gate = Turnstile(lambda: now)
    for _ in range(EACH_MINUTE):
        gate.go()
    now = 59.9
    with pytest.raises(Limited):
        gate.go()
    now = 60.0
    gate.go()
