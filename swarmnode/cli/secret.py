"""Where a passphrase comes from: `--passphrase-file`, `SWARMNODE_PASSPHRASE`, the key ring, a prompt.

In this order, and never from an argument: other people of the machine can read those. Recovery words come
from a file or a prompt.
"""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import ConfigError, UsageError
from .session import Session


def at_hand(session: Session, file: Path | None, *, keyring: bool) -> str | None:
    """A passphrase that is there without asking, or None.

    Raises:
        ConfigError: the file cannot be read, or holds nothing.
    """
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as e:
            raise ConfigError(f"The passphrase cannot be read from {file}.", hint=str(e)) from None
        passphrase = text.splitlines()[0] if text else ""
        if not passphrase:
            raise ConfigError(f"{file} holds no passphrase.", hint="Its first line is taken.")
        return passphrase
    if said := session.environment.get("SWARMNODE_PASSPHRASE"):
        return said
    return _from_keyring(session) if keyring else None


def _from_keyring(session: Session) -> str | None:
    import keyring  # noqa: PLC0415
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        return keyring.get_password("swarmnode", str(session.home))
    except KeyringError:
        return None


def ask(session: Session, file: Path | None, *, new: bool = False) -> str:
    """A passphrase, asked for if it is not at hand.

    Raises:
        UsageError: nobody is there to be asked.
    """
    found = at_hand(session, file, keyring=session.load().config.storage.keyring)
    if found is not None:
        return found
    if not session.asks:
        raise UsageError(
            "There is no passphrase.", hint="Give --passphrase-file FILE, or set SWARMNODE_PASSPHRASE."
        )
    t = session.t
    prompt = t("passphrase.new") if new else t("passphrase")
    answer = click.prompt(
        prompt, hide_input=True, confirmation_prompt=t("passphrase.again") if new else False
    )
    assert isinstance(answer, str)
    return answer


def recovery_words(session: Session, file: Path | None) -> list[str]:
    """The 24 recovery words, from a file or asked for.

    Raises:
        ConfigError: the file cannot be read.
        UsageError: there is another number of them, or nobody is there to be asked.
    """
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as e:
            raise ConfigError(f"The words cannot be read from {file}.", hint=str(e)) from None
    elif session.asks:
        text = click.prompt(session.t("restore.words"), hide_input=True)
    else:
        raise UsageError("There are no recovery words.", hint="Give --words-file FILE.")
    words = text.lower().split()
    if len(words) != 24:
        raise UsageError(
            f"There are {len(words)} words, and 24 are needed.", hint="All of them, in their order."
        )
    return words
