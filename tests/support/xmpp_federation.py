"""Two Prosodys, `one.test` and `two.test`, that speak with each other on loopback.

    pair = Federation(folder)
    pair.start()
    pair.one, pair.two

Everything is real but the name service, which neither has: a module of a few lines says which host is at
which port. They know each other by certificates of one authority, and take no others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ports import held_port
from xmpp_server import Prosody

NAME_SERVICE = """\
-- Says where hosts are: the option "known_hosts" has a port for each.
module:set_global();
local known = module:get_option("known_hosts", {});
local adns = require "net.adns";
function adns.resolver()
  return { lookup = function (_, tell, name, kind)
    local service, host = name:match("^(_xmpp%-server%._tcp%.)(.-)%.?$");
    if kind == "SRV" and service and known[host] then
      tell({ { srv = { target = host, port = known[host], priority = 0, weight = 0 } } });
    elseif kind == "A" and known[name:gsub("%.$", "")] then
      tell({ { a = "127.0.0.1" } });
    else
      tell({});
    end
  end };
end
"""


class Federated(Prosody):
    """One of two. `ports` has the port for other servers of each host."""

    modules = ' "name_service",'

    def __init__(self, folder: Path, domain: str, ports: Mapping[str, int], authority: Authority) -> None:
        self.domain, self.s2s_port = domain, ports[domain]
        super().__init__(folder, {}, resume_s=2)
        self.certificate, self.authority = authority.issue(folder, domain), folder / "authority.pem"
        (folder / "modules").mkdir()
        (folder / "modules" / "mod_name_service.lua").write_text(NAME_SERVICE)
        hosts = ", ".join(f'["{name}{host}"] = {port}' for host, port in ports.items() for name in PARTS)
        self.options = {
            "modules_disabled": '{ "dialback" }',
            "plugin_paths": f'{{ "{folder}/modules" }}',
            "known_hosts": f"{{ {hosts} }}",
            "s2s_ports": f"{{ {self.s2s_port} }}",
            "s2s_require_encryption": "true",
            "s2s_secure_auth": "true",
            "ssl": f'{{ certificate = "{folder}/cert.pem", key = "{folder}/key.pem", '
            f'cafile = "{folder}/authority.pem" }}',
        }


PARTS = ("", "conference.", "upload.")


class Federation:
    """Both servers."""

    def __init__(self, folder: Path) -> None:
        authority = Authority()
        ports = {domain: held_port() for domain in ("one.test", "two.test")}
        self.one, self.two = (Federated(folder / domain, domain, ports, authority) for domain in ports)

    def start(self) -> None:
        """Start both."""
        self.one.start()
        self.two.start()

    def stop(self) -> None:
        """End both."""
        self.one.stop()
        self.two.stop()


class Authority:
    """Signs certificates of servers."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())  # noqa: TID251 - for the length of a test
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of tests")])
        self._own = self._sign(self._key.public_key(), self._name, ca=True)

    def issue(self, folder: Path, domain: str) -> str:
        """Write `cert.pem`, `key.pem` and `authority.pem`, and give the last."""
        key = ec.generate_private_key(ec.SECP256R1())  # noqa: TID251 - the same
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain)])
        made = self._sign(key.public_key(), name, hosts=[f"{part}{domain}" for part in PARTS])
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        (folder / "cert.pem").write_bytes(made.public_bytes(pem))
        (folder / "authority.pem").write_bytes(self._own.public_bytes(pem))
        return (folder / "authority.pem").read_text()

    def _sign(
        self, key: ec.EllipticCurvePublicKey, name: x509.Name, *, hosts: Sequence[str] = (), ca: bool = False
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=2))
            .not_valid_after(now + dt.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        )
        if hosts:
            names = [x509.DNSName(host) for host in hosts]
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(self._key, hashes.SHA256())
