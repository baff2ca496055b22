"""Servers that a domain names in its SRV records, from a real name server."""

from collections.abc import Mapping

from bridge_owner import Lines, log_in
from dns_server import name_server
from mail_network import MailNetwork
from mail_server import DOMAIN, MailServer

from swarm_bridges.api import LoginDone, Step
from swarmnode.bridging.host.resolve import Resolver


class Hosts(Lines):
    """A desk that also reaches hosts below the domain, all of them here."""

    def __init__(self, place: str, *hosts: str) -> None:
        super().__init__()
        self.resolver = Resolver([place])
        self.hosts = frozenset(hosts)


def untold(network: MailNetwork) -> Mapping[str, str]:
    known = ("address", "password", "certificate")
    return {name: network.answers[name] for name in known}


def records(server: MailServer, host: str) -> tuple[str, ...]:
    return (
        f"srv-host=_imap._tcp.{DOMAIN},{host},{server.imap},0,1",
        f"srv-host=_imaps._tcp.{DOMAIN},{host},{server.imaps},9,1",
        f"srv-host=_submission._tcp.{DOMAIN},{host},{server.smtp},0,1",
        f"srv-host=_submissions._tcp.{DOMAIN},",
    )


async def test_the_domain_says_where_its_servers_are(network: MailNetwork, mail_server: MailServer) -> None:
    host = f"mail.{DOMAIN}"
    with name_server(*records(mail_server, host)) as names:
        done = await log_in(network, Hosts(names.place, host), untold(network))
    assert isinstance(done, LoginDone), done
    kept = ("imap_host", "imap_port", "imap_security", "smtp_host", "smtp_port", "smtp_security")
    assert [done.settings[name] for name in kept] == [
        host, str(mail_server.imaps), "tls", host, str(mail_server.smtp), "starttls"
    ]  # fmt: skip


async def test_others_servers_get_no_password_before_the_owner_says_so(
    network: MailNetwork, mail_server: MailServer
) -> None:
    desk = Hosts("127.0.0.1:1", "localhost")
    with name_server(*records(mail_server, "localhost")) as names:
        desk.resolver = Resolver([names.place])
        step = await log_in(network, desk, untold(network))
        assert isinstance(step, Step)
        assert "localhost" in step.error
        assert not [host for _, host, _ in desk.reached if host == "localhost"]
        shown = {field.name: field.default for field in step.fields if field.default}
        done = await log_in(network, desk, {**shown, **untold(network)})
    assert isinstance(done, LoginDone), done
    assert done.hosts == (f"localhost:{mail_server.imaps}", f"localhost:{mail_server.smtp}")
