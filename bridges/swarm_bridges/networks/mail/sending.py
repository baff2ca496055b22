"""Mails as they leave: encrypted where that is wanted, and handed in with a mark before the last byte."""

from __future__ import annotations

from email.message import EmailMessage

from ...api import AuthExpired, BridgeError, Context, Interrupted, LoginContext, Outgoing
from ...tls import trusting
from . import claims, names, openpgp
from .compose import Letter, data_of, made
from .sealed import around, entity
from .session import Session
from .settings import Settings
from .smtp import Smtp
from .threads import Audience


async def hand_in(ctx: Context, settings: Settings, letter: Letter, mail: bytes) -> None:
    """Give a mail to the server, with a copy for the owner.

    Raises:
        Interrupted: the last byte may have left.
        BridgeError: nobody gets it.
    """
    server = await open_smtp(ctx, settings, await password_of(ctx))
    mark = names.handed_in(letter.message_id)

    async def last() -> None:
        await ctx.kv.put({mark: b"1"})

    try:
        await server.send(letter.sender, (*letter.recipients, letter.sender), mail, last)
    except Interrupted:
        raise
    except BridgeError:
        await ctx.kv.put({mark: None})
        raise
    finally:
        server.close()


async def written(ctx: Context, session: Session, letter: Letter, *, sealed: bool, wanted: bool) -> bytes:
    """A mail as it leaves, encrypted where that is wanted. Raises Refused if it cannot be, and must be."""
    keys = await session.keys.choose(letter.recipients, answers_encrypted=sealed, wanted=wanted)
    mail = made(letter, ctx.clock.now())
    if keys is not None:
        around(mail, openpgp.seal(entity(mail, keys.gossip), keys.all, await session.keys.own()))
    return await _leaving(ctx, letter, mail)


async def unsealed(ctx: Context, letter: Letter) -> bytes:
    """A mail as it leaves, whatever keys there are. Raises Refused if it cannot be made."""
    return await _leaving(ctx, letter, made(letter, ctx.clock.now()))


async def _leaving(ctx: Context, letter: Letter, mail: EmailMessage) -> bytes:
    """With what the owner claims, where it goes to one person."""
    said = await claims.own(ctx) if len(letter.recipients) == 1 else ""
    if said:
        claims.say(mail, said)
    return data_of(mail, letter)


def subject(out: Outgoing, to: Audience, settings: Settings, owner: str) -> str:
    """What a mail is about."""
    if to.subject and (not out.title or out.title == to.subject):
        return f"Re: {to.subject}"
    return out.title or f"Message from {settings.name or owner}"


async def open_smtp(ctx: Context | LoginContext, settings: Settings, password: str) -> Smtp:
    """The server for sending, logged in. Raises as `Smtp.open`."""
    tls = trusting(settings.certificate)
    line = await ctx.connect(settings.smtp.host, settings.smtp.port)
    return await Smtp.open(line, settings.smtp, tls, settings.user, password)


async def password_of(ctx: Context) -> str:
    """The account's password. Raises AuthExpired where there is none."""
    if (password := await ctx.secrets.get("password")) is None:
        raise AuthExpired("there is no password")
    return password.value.decode()
