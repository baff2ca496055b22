"""A home is lost, and its person comes back with words and a backup (the seventh of eight points)."""

from __future__ import annotations

import shutil
from pathlib import Path

from e2e_world import Home, Village, eventually, ticket


def test_words_and_a_backup_on_an_empty_machine(tmp_path: Path) -> None:
    with Village(tmp_path) as village:
        post = village.relay("post")
        words = tmp_path / "words"
        ada = village.home("ada")
        ada.json("init", "--name", "ada", "--words-file", str(words))
        ada.start()
        ada.json("relay", "use", ticket(post))
        friends = [village.person(name, post) for name in ("ben", "cem")]
        for friend, name in zip(friends, ("ben", "cem"), strict=True):
            village.meet(ada, friend)
            ada.json("send", name, f"hello {name}", "--wait")
            friend.json("send", "ada", "hello ada", "--wait")
        persona = ada.json("status")["persona"]
        ada.json("config", "set", "privacy.receipts", "false")
        planned = ada.json("send", "cem", "planned", "--in", "2d")["id"]
        ada.json("backup", str(tmp_path / "backup"))
        ada.json("send", "ben", "said after the backup", "--wait")
        friends[0].json("send", "ada", "heard after the backup", "--wait")
        ada.kill()
        shutil.rmtree(ada.path)
        friends[1].json("send", "ada", "while nobody was there")

        again = village.home("again").start()
        assert again.ready["state"] == "empty"
        wrong = tmp_path / "wrong"
        wrong.write_text(" ".join(["abandon"] * 24))
        assert again("restore", str(tmp_path / "backup"), "--words-file", str(wrong)).returncode != 0
        again.json("restore", str(tmp_path / "backup"), "--words-file", str(words))
        assert again.json("status")["persona"] == persona
        assert (again.path / "chosen.toml").read_text().endswith("privacy.receipts = false\n")
        (held,) = again.json("outbox")["items"]
        assert (held["message"], held["text"], held["reason"]) == (planned, "planned", "restored")
        again.json("cancel", planned)

        assert len(again.json("conversations")["items"]) == 2
        whole = {
            "ben": ["hello ben", "hello ada", "said after the backup", "heard after the backup"],
            "cem": ["hello cem", "hello ada", "while nobody was there"],
        }
        for name, texts in whole.items():
            eventually(lambda name=name, texts=texts: _texts(again, name) == texts, within_s=120)  # type: ignore[misc]
        for friend, name in zip(friends, whole, strict=True):
            again.json("send", name, "I am back", "--wait")
            friend.json("send", "ada", "welcome", "--wait")
            contact = friend.json("contacts")["items"][0]
            assert (contact["standing"], contact["alerts"]) == ("confirmed", ["rejoined"])
            assert _texts(friend, "ada") == _texts(again, name) == [*whole[name], "I am back", "welcome"]
        assert again.json("status")["state"] == "ready"
        again.stop()
        again.start()
        assert again.json("send", "ben", "and stay", "--wait")["state"] == "delivered"


def _texts(home: Home, name: str) -> list[str]:
    """What the conversation with somebody says, in the order of the screen."""
    chat = home.client.resolve("conversation", name)
    return [message.text for message in home.messages(chat) if message.kind == "text"]
