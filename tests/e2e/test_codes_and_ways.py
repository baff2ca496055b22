"""Spoken codes, and relays that pass on, by the command line and with a process for each."""

from __future__ import annotations

from pathlib import Path

from e2e_world import Village, eventually, ticket


def test_a_code_is_said_and_typed(tmp_path: Path) -> None:
    with Village(tmp_path) as village:
        post, other = village.relay("post"), village.relay("other")
        ada, ben = village.person("ada", post), village.person("ben", post)
        cleo = village.person("cleo", other)
        code = ada("invite", "--code").stdout.split()[0]
        assert code.count("-") == 2
        status, error = cleo.error("accept", code)
        assert (status, "link" in error["hint"]) == (5, True), "they share no relay"
        assert ben("accept", code.replace("-", " ")).returncode == 0
        for home, name in ((ada, "ben"), (ben, "ada")):
            eventually(lambda home=home, name=name: home.standing(name) == "confirmed")  # type: ignore[misc]

        number, first, second = ada.json("invite", "--code")["code"].split("-")
        wrong = "zone" if second == "zoo" else "zoo"
        status, error = ben.error("accept", f"{number}-{first}-{wrong}")
        assert (status, "used up" in str(error)) == (5, True)

        def seen() -> list[str]:
            listed = ada.json("invite", "--list")["items"]
            return sorted(item["state"] for item in listed if item["kind"] == "code")

        eventually(lambda: seen() == ["confirmed", "suspect"])


def test_nodes_at_different_relays_talk_through_their_own(tmp_path: Path) -> None:
    with Village(tmp_path) as village:
        near, far = (
            village.home(name, "--role", "relay", "--link", "127.0.0.1:0") for name in ("near", "far")
        )
        ada, ben = village.home("ada"), village.home("ben")
        for home, relay, name in ((ada, near, "ada"), (ben, far, "ben")):
            relay.environment["SWARMNODE_TEST_FORWARD_TO_PRIVATE"] = "1"
            relay.start()
            home.environment["SWARMNODE_PRIVACY__FORWARD"] = "always"  # in no other way does anything arrive
            home.json("init", "--name", name)
            home.start()
            home.json("relay", "use", ticket(relay))
        village.meet(ada, ben)
        assert ada("send", "ben", "through mine", "--wait").returncode == 0
        assert ben("send", "ada", "and mine", "--wait").returncode == 0
