"""What each network must show of its bridge, and which test shows it: the table behind docs/trials.md.

`python tests/support/trials.py` writes that document anew; a test compares, and looks for each test here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "trials.md"
TRIALS: Mapping[str, str] = {
    "terminal": "log in step by step at a terminal",
    "answers": "log in by a file of answers",
    "receive": "receive",
    "send": "send",
    "both": "both, with another client of the owner at the same time",
    "edit": "edit",
    "delete": "delete",
    "react": "react",
    "reply": "reply",
    "file": "file",
    "history": "a history of 5,000",
    "server": "server restarted in mid-send",
    "node": "node killed in mid-send",
    "cut": "connection cut for longer than the server remembers",
    "wrong": "wrong password",
    "changed": "password changed at the server",
    "deleted": "account deleted at the server",
    "limit": "rate limit",
    "hostile": "malformed and hostile content",
    "clock": "clock a day off",
    "idle": "idle when nothing happens",
    "logs": "no secret and no words in logs",
}


@dataclass(frozen=True)
class Test:
    """A test that shows something: file under `tests/` and name; `against` is what stands for the network."""

    __test__ = False
    file: str
    name: str
    against: str = "server"
    long: bool = False
    """Whether it is in the long form alone (`SWARMNODE_SOAK=1`), or whole there alone."""

    def __str__(self) -> str:
        more = ", long form" if self.long else ""
        return f"`{self.file}` `{self.name}` ({self.against}{more})"


@dataclass(frozen=True)
class Lacks:
    """Why a network has nothing to show; and a test that shows that it does not pretend, if there is one."""

    why: str
    instead: Test | None = None

    def __str__(self) -> str:
        return f"none: {self.why}" + ("" if self.instead is None else f"; {self.instead}")


Cell = tuple[Test, ...] | Lacks
SUITE: Mapping[str, str] = {
    "receive": "test_what_others_say_comes_once",
    "send": "test_what_the_owner_says_is_there_once_on_both_sides",
    "both": "test_two_clients_of_the_owner_talk_at_once",
    "edit": "test_edits_go_both_ways",
    "delete": "test_deletions_go_both_ways",
    "react": "test_reactions_are_sets_on_both_sides",
    "reply": "test_replies_name_what_they_answer",
    "file": "test_files_go_both_ways",
    "history": "test_the_past_comes_in_pages_without_a_gap",
    "server": "test_a_server_that_restarts_loses_and_doubles_nothing",
    "cut": "test_what_was_said_during_a_long_absence_comes_from_the_past",
    "wrong": "test_a_wrong_password_leads_to_the_same_step",
    "changed": "test_a_changed_password_is_asked_for",
    "deleted": "test_a_deleted_account_stops_the_bridge",
    "clock": "test_a_clock_that_is_a_day_off_changes_nothing",
    "logs": "test_no_log_and_no_state_holds_words_or_secrets",
}
"""Of the suite that all networks share (`tests/support/bridge_suite.py`)."""
TERMINAL, IDLE = "test_a_login_is_gone_through_at_a_terminal", "test_it_is_idle_when_nothing_happens"
KILLED = "test_a_server_that_is_killed_and_a_node_that_is_killed_lose_and_double_nothing"
TALK = ("receive", "send", "both", "edit", "delete", "react", "reply", "file")
ACCOUNT = ("answers", "wrong", "changed", "logs")


def _usual(name: str, suite: str, talk: str, account: str) -> dict[str, Cell]:
    """What the suite shows through the bridge, and the long ways through command line and API."""
    file, e2e = f"bridges/{name}/test_suite.py", f"e2e/test_bridges_{name}.py"
    found: dict[str, tuple[Test, ...]] = {
        trial: (Test(file, f"{suite}::{test}", long=trial == "history"),) for trial, test in SUITE.items()
    }
    for trials, test in ((TALK, talk), (ACCOUNT, account), (("server", "node"), KILLED)):
        for trial in trials:
            found[trial] = (*found.get(trial, ()), Test(e2e, test))
    return {**found, "terminal": (Test(e2e, TERMINAL),), "idle": (Test(e2e, IDLE),)}


def _kit(name: str, check: str, *, long: bool = False) -> Test:
    """A check of the kit, before the real server."""
    return Test(f"bridges/{name}/test_contract.py", f"test_contract[{check}]", "proxy", long=long)


_SAYS_NOTHING = Lacks(
    "a feed is read, and nothing is said there",
    Test("bridges/feeds/test_account.py", "test_nothing_can_be_said"),
)
_FEEDS, _FEEDS_E2E = "bridges/feeds/test_suite.py", "e2e/test_bridges_feeds.py"

NETWORKS: Mapping[str, tuple[str, str, Mapping[str, Cell]]] = {
    "xmpp": (
        "XMPP",
        "Prosody; ejabberd in `bridges/xmpp/test_ejabberd.py`",
        {
            **_usual(
                "xmpp",
                "TestDirect",
                "test_two_people_talk_one_of_them_with_two_clients",
                "test_a_password_that_changed_is_asked_for_once_and_nothing_is_lost",
            ),
            "limit": (
                Test(
                    "bridges/xmpp/test_troubles.py", "test_a_server_that_slows_one_down_gets_everything_once"
                ),
                _kit("xmpp", "limits"),
            ),
            "hostile": (
                Test("bridges/xmpp/test_troubles.py", "test_odd_stanzas_of_a_server_stop_nothing", "proxy"),
                _kit("xmpp", "hostile_texts", long=True),
            ),
        },
    ),
    "mail": (
        "Mail",
        "Postfix and Dovecot; the pair in Python in `bridges/mail/test_python_servers.py`",
        {
            **_usual(
                "mail",
                "TestChat",
                "test_two_people_write_one_of_them_with_two_programs",
                "test_a_password_that_changed_is_asked_for_once_and_nothing_is_lost",
            ),
            "edit": Lacks("a mail that was sent stays as it is"),
            "delete": (
                Test("bridges/mail/test_session.py", "test_deleting_takes_away_what_the_owner_has"),
                Test("e2e/test_bridges_mail.py", "test_two_people_write_one_of_them_with_two_programs"),
            ),
            "react": Lacks("mail has no reactions"),
            "limit": Lacks(
                "no reply of SMTP names a wait; what is refused for now is sent later",
                _kit("mail", "faults_in_sending"),
            ),
            "hostile": (
                Test("bridges/mail/test_session.py", "test_hostile_mails_keep_nothing_back"),
                Test(
                    "bridges/mail/test_encrypted.py", "test_hostile_seals_show_nothing_and_keep_nothing_back"
                ),
            ),
        },
    ),
    "mastodon": (
        "Mastodon",
        "two snac2, the owner's and the others'; what no snac2 has against `fake.py`",
        {
            **_usual(
                "mastodon",
                "TestNew",
                "test_two_people_talk_and_one_posts",
                "test_a_token_that_was_taken_back_is_asked_for_and_nothing_is_lost",
            ),
            "terminal": (
                Test("e2e/test_bridges_mastodon.py", f"{TERMINAL}_and_the_servers_own_page"),
                Test("bridges/mastodon/test_servers.py", "test_logging_in_by_the_servers_own_page"),
            ),
            "react": Lacks(
                "there are favourites alone, which are marks", _kit("mastodon", "timeline-votes_and_marks")
            ),
            "limit": (
                _kit("mastodon", "direct-limits"),
                Test(
                    "bridges/mastodon/test_stream.py",
                    "test_a_limit_is_handed_on_as_the_servers_clock_has_it",
                    "fake",
                ),
            ),
            "hostile": (
                _kit("mastodon", "direct-hostile_texts"),
                _kit("mastodon", "direct-quiet"),
                Test("bridges/mastodon/test_stream.py", "test_frames_without_sense_stop_nothing", "fake"),
            ),
        },
    ),
    "matrix": (
        "Matrix",
        "Synapse; two of them in `bridges/matrix/test_federation.py`",
        {
            **_usual(
                "matrix",
                "TestRoom",
                "test_two_people_talk",
                "test_a_changed_password_is_asked_for_and_nothing_is_lost",
            ),
            "limit": (
                Test("bridges/matrix/test_servers.py", "test_a_server_that_slows_one_down_says_for_how_long"),
                _kit("matrix", "limits"),
            ),
            "hostile": (
                Test("bridges/matrix/test_servers.py", "test_odd_events_stop_nothing"),
                _kit("matrix", "hostile_texts", long=True),
            ),
        },
    ),
    "feeds": (
        "Feeds",
        "a web server as any other, and a real hub",
        {
            **dict.fromkeys(("send", "both", "delete", "react", "reply", "node"), _SAYS_NOTHING),
            "terminal": (Test(_FEEDS_E2E, TERMINAL),),
            "answers": (Test(_FEEDS_E2E, "test_what_a_hub_pushes_is_in_the_inbox_at_once"),),
            "receive": (
                Test(_FEEDS, "TestFeeds::test_what_others_say_comes_once"),
                Test(_FEEDS_E2E, "test_what_a_hub_pushes_is_in_the_inbox_at_once"),
            ),
            "edit": (
                Test(_FEEDS, "TestFeeds::test_what_an_author_changes_is_an_edit"),
                Test(_FEEDS_E2E, "test_what_a_hub_pushes_is_in_the_inbox_at_once"),
            ),
            "file": (Test("bridges/feeds/test_account.py", "test_files_come_from_where_they_lie"),),
            "history": (
                Test(
                    "bridges/feeds/test_account.py",
                    "test_five_thousand_entries_come_whole_in_bounded_batches",
                ),
            ),
            "server": (Test(_FEEDS, "TestFeeds::test_a_site_that_restarts_loses_nothing"),),
            "cut": (Test(_FEEDS, "TestFeeds::test_a_long_absence"),),
            "wrong": (Test(_FEEDS, "TestFeeds::test_a_wrong_password_leads_to_the_same_step"),),
            "changed": (Test(_FEEDS, "TestFeeds::test_a_changed_password_is_asked_for"),),
            "deleted": (Test(_FEEDS, "TestFeeds::test_a_deleted_account_stops_the_bridge"),),
            "limit": (
                Test(
                    "bridges/feeds/test_account.py",
                    "test_waits_grow_with_failures_and_a_site_may_name_its_own",
                ),
            ),
            "hostile": (
                Test("bridges/feeds/test_hostile.py", "test_mutated_feeds_are_read_or_refused"),
                Test(
                    "bridges/feeds/test_account.py",
                    "test_a_broken_feed_is_told_once_with_the_reason_and_comes_back",
                ),
            ),
            "clock": (Test(_FEEDS, "TestFeeds::test_a_clock_that_is_a_day_off_changes_nothing"),),
            "idle": (Test(_FEEDS_E2E, IDLE),),
            "logs": (Test(_FEEDS, "TestFeeds::test_no_log_and_no_state_holds_words_or_secrets"),),
        },
    ),
}
BEFORE = """# Trials of the bridges

What a network must show of its bridge, and which test shows it. `server` is the network's real server on
loopback, `proxy` the same behind one that plays faults, `fake` a network that does not exist, for what no
server at hand has. Tests under `bridges/` ask the bridge, those under `e2e/` go through command line and API
of a node. Each looks at both sides afterwards: nothing lost, nothing doubled, nothing shown as sent that the
other side lacks.

The faults that are played at every point stand in [QUALITY.md](../bridges/QUALITY.md) as checks of the kit;
the README.md of each bridge says what its servers cannot be made to do. Tests of the long form run with
`make soak`, or are whole there alone. Made by `python tests/support/trials.py`.
"""


def document() -> str:
    """docs/trials.md."""
    return "\n".join([BEFORE, *_sections()])


def _sections() -> Iterator[str]:
    for title, server, cells in NETWORKS.values():
        yield f"## {title}\n\nAgainst {server}.\n\n| trial | shown by |\n|---|---|"
        for trial, text in TRIALS.items():
            cell = cells[trial]
            shown = str(cell) if isinstance(cell, Lacks) else "<br>".join(map(str, cell))
            yield f"| {text} | {shown} |"
        yield ""


if __name__ == "__main__":
    DOCUMENT.write_text(document())
