"""What a post is called when its messages are in several states."""

import pytest

from swarmnode.domain.post_views import is_post, place_state, together
from swarmnode.domain.views import MessageState


@pytest.mark.parametrize(
    ("refused", "states", "wanted"),
    [
        ("no-posts", [], "refused"),
        ("", [], "deleted"),
        ("", ["sent"], "sent"),
        ("", ["sent", "read"], "sent"),
        ("", ["read", "delivered"], "delivered"),
        ("", ["sent", "queued"], "queued"),
        ("", ["sent", "refused"], "refused"),
        ("", ["sent", "maybe", "expired"], "maybe"),
        ("", ["deleted", "sent"], "sent"),
        ("", ["deleted"], "deleted"),
    ],
)
def test_a_place(refused: str, states: list[str], wanted: str) -> None:
    assert place_state(refused, states) == wanted


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        ([], "deleted"),
        (["sent", "read"], "sent"),
        (["sent", "refused"], "partly"),
        (["refused", "expired"], "refused"),
        (["sent", "waiting"], "waiting"),
        (["queued", "maybe"], "maybe"),
        (["deleted", "sent"], "sent"),
        (["deleted", "deleted"], "deleted"),
    ],
)
def test_all_places(states: list[str], wanted: str) -> None:
    assert together(states) == wanted


def test_each_state_of_a_message_is_known() -> None:
    nowhere = {MessageState.RECEIVED, MessageState.SCHEDULED}  # others', and what is no message yet
    for state in set(MessageState) - nowhere:
        assert place_state("", [state]) == state


@pytest.mark.parametrize("text", ["post", "post0x", "7", "p7", "post" + "9" * 20, "post٣"])
def test_no_ids_of_posts(text: str) -> None:
    assert not is_post(text)
    assert is_post("post7")
