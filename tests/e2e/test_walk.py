"""From nothing to a talk, by the command line alone, and then all else once (the first of eight points)."""

from __future__ import annotations

import stat
from pathlib import Path

from e2e_world import Village, eventually, ticket


def test_two_people_from_nothing_to_a_talk(tmp_path: Path) -> None:
    with Village(tmp_path) as village:
        ada, ben, post = village.home("ada"), village.home("ben"), village.home("post", "--role", "relay")
        post.flags += ("--link", "127.0.0.1:0")
        for home, name in ((ada, "Ada"), (ben, "Ben")):
            words = home.path.with_name(f"{name}.words")
            home.json("init", "--name", name, "--words-file", str(words))
            assert len(words.read_text().split()) == 24
            assert stat.S_IMODE(words.stat().st_mode) == 0o600
            assert home.error("status")[0] == 3, "it does not run yet"
        for home in (post, ada, ben):
            home.start()
        assert (post.ready["state"], ada.ready["state"]) == ("relay", "ready")
        for home in (ada, ben):
            assert home("relay", "use", ticket(post)).returncode == 0

        link = ada("invite").stdout.split()[0]
        assert ben("accept", link).returncode == 0
        eventually(lambda: ada.standing("Ben") == "confirmed")
        eventually(lambda: ben.standing("Ada") == "confirmed")
        words_of_ada, words_of_ben = (h.json("verify", n)["words"] for h, n in ((ada, "Ben"), (ben, "Ada")))
        assert words_of_ada == words_of_ben
        assert len(words_of_ada) == 8
        ada.json("verify", "Ben", "--qr", ben.json("verify", "Ada")["qr"])
        ben.json("verify", "Ada", "--yes")
        assert [h.standing(n) for h, n in ((ada, "Ben"), (ben, "Ada"))] == ["verified"] * 2

        assert ada("send", "Ben", "Kommst du?", "--wait").returncode == 0
        assert ben("send", "Ada", "Ja, um acht.", "--wait").returncode == 0
        for home, name in ((ada, "Ben"), (ben, "Ada")):
            shown = home("read", name).stdout
            assert shown.index("Kommst du?") < shown.index("Ja, um acht.")
        for home in (ada, ben, post):
            home.stop()
            assert not (home.path / "config.toml").exists(), "nobody had to write one"
        ada.start()
        assert "Ja, um acht." in ada("read", "Ben").stdout


def test_what_else_a_person_does(tmp_path: Path) -> None:
    """Each command does what it says on both sides, and fails with its exit code."""
    with Village(tmp_path) as village:
        post = village.relay("post")
        ada, ben = village.person("ada", post), village.person("ben", post)
        village.meet(ada, ben)

        # Messages
        photo = tmp_path / "photo.txt"
        photo.write_text("not quite a photo\n" * 3000)
        first = ada.json("send", "ben", "the weather is fine", "--file", str(photo), "--wait")["id"]
        reply = ben.json("send", "ada", "is it now", "--reply", first[:8], "--wait")["id"]
        assert next(m for m in ada.messages("1") if m.id == reply).reply_to == first
        ben.json("save", first[:8], "0", str(tmp_path / "saved"))
        assert (tmp_path / "saved").read_bytes() == photo.read_bytes()
        ben.json("react", first[:8], "👍")
        assert ada.json("edit", first[:8], "the weather was fine")["edited"]
        eventually(lambda: ada.messages("1")[0].reactions)
        eventually(lambda: ben.messages("1")[0].text == "the weather was fine")
        assert [hit["message"]["id"] for hit in ben.json("search", "weather")["items"]] == [first]
        assert not ben.json("search", "snow")["items"]
        assert ada.json("conversations")["items"][0]["unread"] == 1
        ada.json("read", "ben")
        assert ada.json("conversations")["items"][0]["unread"] == 0
        assert ada.json("delete", first[:8], "--everywhere")["asked"]
        for home in (ada, ben):
            eventually(lambda home=home: home.messages("1")[0].kind == "deleted")  # type: ignore[misc]
        assert not ben.json("search", "weather")["items"]
        ada.json("draft", "ben", "not yet said")
        assert ada.json("draft", "ben")["text"] == "not yet said"
        ada.json("timer", "ben", "1h")
        eventually(lambda: ben.json("conversations")["items"][0]["timer_s"] == 3600)
        ada.json("timer", "ben", "off")
        short = ada.json("send", "ben", "gone in a moment", "--expire", "2s", "--wait")["id"]
        eventually(lambda: all(m.id != short or m.kind == "deleted" for m in ada.messages("1")))

        # People
        ada.json("contacts", "rename", "ben", "Benjamin")
        assert ada.standing("Benjamin") == "confirmed"
        ada.json("block", "Benjamin")
        ben.json("send", "ada", "do you hear me")
        assert ada.standing("Benjamin") == "blocked"
        assert ada.error("send", "Benjamin", "no")[0] == 1
        ada.json("block", "Benjamin", "--off")
        assert ada.standing("Benjamin") == "confirmed", "its keys are no more in doubt than before"
        ada.json("send", "Benjamin", "I hear you again", "--wait")
        assert ada.error("send", "nobody", "x")[0] == 5

        # The node itself
        status = ada.json("status")
        assert (status["state"], status["contacts"], status["relays"][0]["state"]) == ("ready", 1, "up")
        assert ada("doctor").returncode == 0
        assert len(ada.json("pair")["code"]) == 9
        assert ada.json("nodes")["items"][0]["this"]
        ada.json("rename", "Ada L.")
        assert ada.json("status")["name"] == "Ada L."
        explained = ada("inspect", ticket(post)).stdout
        assert "relay" in explained
        ada.json("export", str(tmp_path / "all.jsonl"))
        assert "is it now" in (tmp_path / "all.jsonl").read_text()
        ada.json("lock")
        code, said = ada.error("read", "ben")
        assert (code, said["code"]) == (4, "locked")
        assert said["hint"]
        ada.json("unlock")
        assert ada.json("status")["state"] == "ready"
        assert ben.json("send", "ada", "after the lock", "--wait")["state"] in {"delivered", "read"}
        eventually(lambda: ada.heard("1") == ["is it now", "do you hear me", "after the lock"])
        assert ada.error("wipe", "--confirm", "somebody")[0] == 2
        ada.json("wipe", "--confirm", "Ada L.")
        left = {entry.name for entry in ada.path.iterdir()}
        assert not left & {"node.db", "keys.cbor", "keyring"}
