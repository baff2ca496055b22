"""Logging in: an address and a password, the servers behind them, and which folders are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...api import AuthExpired, BridgeError, Field, LoginContext, LoginDone, Step, Temporary
from ...tls import trusting
from . import discover
from .headers import ADDRESS
from .imap import Imap
from .sending import open_smtp
from .settings import MAX_FOLDERS, USUAL_SIZE, settings_of

SERVERS = ("imap_host", "imap_port", "imap_security", "smtp_host", "smtp_port", "smtp_security")
KEPT = ("user", "name", "addresses", "encrypt", "certificate", *SERVERS)
SENT = ("sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "envoyés")
TRASH = ("trash", "deleted", "deleted items", "deleted messages", "bin", "papierkorb", "corbeille")
YES = frozenset({"true", "yes", "on", "1"})
WRONG = (
    "This address with this password is not accepted. Many providers want a password of its own for each "
    "program; in their settings it is called an app password. What was said:"
)
ENCRYPTION = (
    ("", "When others begin"),
    ("always", "With all who want it too; your other programs cannot read what comes"),
    ("never", "Only in answers; others do not learn the key"),
)
SECURITY = (("", "As usual for the port"), ("tls", "TLS"), ("starttls", "STARTTLS"))


class MailLogin:
    """See `api.Login`: the account, and the folders if the owner wants to choose."""

    async def begin(self, ctx: LoginContext) -> Step:
        """See `api.Login`."""
        return _account(ctx, {})

    async def submit(self, ctx: LoginContext, step: str, answers: Mapping[str, str]) -> Step | LoginDone:
        """See `api.Login`."""
        if step == "folders":
            return _chosen(ctx, answers)
        owner = answers.get("address", "").strip().lower()
        password = answers.get("password", "")
        if not ADDRESS.fullmatch(owner):
            return _account(ctx, answers, "This is not an address such as ada@example.org.")
        if ctx.account and owner != ctx.account:
            return _account(ctx, answers, f"This is another account than {ctx.account}.")
        given = {name: v for name in KEPT if (v := answers.get(name, "").strip())}
        for name in ("imap_port", "smtp_port"):
            if (port := given.get(name, "")) and not (port.isdecimal() and 0 < int(port[:6]) < 65536):
                return _account(ctx, answers, "This is no port: it is a number, such as 993 or 465.")
        error: BridgeError = Temporary("no server was found; type its name")
        try:
            candidates = await discover.candidates(ctx, owner, given)
        except discover.Ask as e:
            named = {**answers, **e.found}
            return _account(ctx, named, f"This domain says that its mail is at {e}: is that your provider?")
        for found in candidates:
            try:
                return await self._probe(ctx, owner, password, found, answers)
            except AuthExpired as e:
                return _account(ctx, answers, f"{WRONG} {e}.")
            except BridgeError as e:
                error = e
        return _account(ctx, answers, f"This did not work: {error}.")

    async def _probe(
        self, ctx: LoginContext, owner: str, password: str, given: dict[str, str], answers: Mapping[str, str]
    ) -> Step | LoginDone:
        """Log in at both servers, and look which folders there are."""
        settings = settings_of(owner, given)
        place = settings.imap
        tls = trusting(settings.certificate)
        line = await ctx.connect(place.host, place.port)
        imap = await Imap.open(line, place, tls, settings.user, password)
        try:
            folders = await imap.folders()
        finally:
            await imap.bye()
        server = await open_smtp(ctx, settings, password)
        server.close()
        found = {
            **given,
            "size": str(server.size or USUAL_SIZE),
            "sent": _folder(folders, "\\sent", SENT),
            "trash": _folder(folders, "\\trash", TRASH),
            "folders": ctx.settings.get("folders", ""),
        }
        usual = {"INBOX", found["sent"], found["trash"]}
        others = [f for f in sorted(folders) if f not in usual][:MAX_FOLDERS]
        done = _Done(owner, password, found, others)
        if answers.get("choose", "") not in YES:
            return _logged_in(done)
        ctx.keep(msgspec.json.encode(done))
        chosen = found["folders"].split("\n")
        return Step(
            id="folders",
            kind="form",
            title="Which folders are read?",
            text="The inbox and what you send are always read.",
            fields=tuple(
                Field(f"folder_{n}", "bool", f, default="true" if f in chosen else "", optional=True)
                for n, f in enumerate(others)
            ),
        )

    async def tick(self, ctx: LoginContext, step: str) -> Step | LoginDone:
        """See `api.Login`: nothing is waited for."""
        return _account(ctx, {})

    async def abort(self, ctx: LoginContext) -> None:
        """See `api.Login`: nothing is left at the servers."""


class _Done(msgspec.Struct, frozen=True):
    """A login that works, while the owner chooses folders."""

    owner: str
    password: str
    settings: dict[str, str]
    others: list[str]

    def __repr__(self) -> str:
        return "_Done()"


def _chosen(ctx: LoginContext, answers: Mapping[str, str]) -> Step | LoginDone:
    """The end of a login, with the folders that were chosen."""
    try:
        done = msgspec.json.decode(ctx.scratch, type=_Done)
    except msgspec.DecodeError:
        return _account(ctx, {}, "This took too long; begin again.")
    some = [folder for n, folder in enumerate(done.others) if answers.get(f"folder_{n}", "") in YES]
    done.settings["folders"] = "\n".join(some)
    return _logged_in(done)


def _logged_in(done: _Done) -> LoginDone:
    settings = settings_of(done.owner, done.settings)
    return LoginDone(
        network_account_id=done.owner,
        display=done.owner,
        secrets={"password": done.password.encode()},
        settings=done.settings,
        hosts=tuple(f"{place.host}:{place.port}" for place in (settings.imap, settings.smtp)),
    )


def _folder(folders: Mapping[str, frozenset[str]], mark: str, usual: tuple[str, ...]) -> str:
    """The folder that is for something: as the server says, else by a name that is usual for it."""
    marked = [name for name, marks in folders.items() if mark in marks]
    named = [name for name in folders if name.replace(".", "/").rpartition("/")[2].lower() in usual]
    return (marked or named or [""])[0]


def _account(ctx: LoginContext, answers: Mapping[str, str], error: str = "") -> Step:
    """The form, with what was answered but the password."""
    known = {"address": ctx.account, **ctx.settings, **answers}

    def field(name: str, label: str, text: str = "", **more: Any) -> Field:
        return Field(name, more.pop("kind", "text"), label, text, default=known.get(name, ""), **more)

    def server(kind: str, label: str, ports: str) -> tuple[Field, ...]:
        return (
            field(f"{kind}_host", f"Server for {label}", "If it is not found by itself", optional=True),
            field(f"{kind}_port", f"Port for {label}", ports, optional=True),
            field(
                f"{kind}_security", f"Encryption for {label}", kind="choice", options=SECURITY, optional=True
            ),
        )

    return Step(
        id="account",
        kind="form",
        title="Log in to your mailbox",
        error=error,
        fields=(
            field("address", "Address", "Such as ada@example.org", kind="email"),
            Field("password", "secret", "Password", "Many providers want one that is for this program alone"),
            field("name", "Your name", "As others see it", optional=True),
            field(
                "choose",
                "Choose folders",
                "Else the inbox is read, and what you send",
                kind="bool",
                optional=True,
            ),
            field("addresses", "Your other addresses", "That lead into this mailbox", optional=True),
            field("encrypt", "Encryption", kind="choice", options=ENCRYPTION, optional=True),
            field("user", "User", "If it is not the address", optional=True),
            *server("imap", "reading", "Usually 993"),
            *server("smtp", "sending", "Usually 465"),
            field("certificate", "Certificate", "PEM, for a server that signs its own", optional=True),
        ),
    )
