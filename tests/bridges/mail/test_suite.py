"""The suite of all bridges, in a chat with one person.

Mail has no edits, no reactions, and takes nothing back from others; what deleting means is in `test_session`.
"""

from bridge_suite import LineSuite, TalkSuite


class TestChat(TalkSuite, LineSuite):
    in_order = False  # Postfix hands over several mails at once

    test_edits_go_both_ways = None  # type: ignore[assignment]
    test_deletions_go_both_ways = None  # type: ignore[assignment]
    test_reactions_are_sets_on_both_sides = None  # type: ignore[assignment]
