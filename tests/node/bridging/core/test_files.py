"""Files of messages: who may read which, when they are destroyed, and what is kept of others'."""

from __future__ import annotations

import pytest
from bridge_core_world import ADA, ME, Core, ref, seen

from swarm_bridges import api
from swarmnode.bridging.core import accounts, files, inbox, outbox
from swarmnode.domain.words import File
from swarmnode.errors import NotFound, UsageError
from swarmnode.storage.bridge_shelves import FILES

CAT = File("cat.png", "image/png", b"\x89PNG meow", "A cat")
THEIRS = api.RemoteFile(id="https://far/dog", name="dog.png", media_type="image/png", size_bytes=4)


@pytest.fixture(name="core")
def a_core() -> Core:
    return Core()


def send(core: Core) -> tuple[str, api.LocalFile]:
    """A cat, said in the room."""
    (file,) = core.do(lambda step: files.put(step, [CAT]))
    return core.say("look", files=[file]), file


def read(core: Core, message: str, index: int = 0) -> bytes | None:
    return core.do(lambda step: files.of(step, outbox.find(step, message), index)[1])


def to_send(core: Core, account: str, file: api.LocalFile) -> bytes:
    return core.do(lambda step: files.to_send(step, account, file))


def test_a_file_waits_with_its_message_for_its_account_alone(core: Core) -> None:
    message, file = send(core)
    call = core.call()
    assert call.arguments["out"].parts[0].files == (file,)
    assert to_send(core, core.account, file) == CAT.data
    other = core.do(
        lambda step: accounts.add(
            step, "demo", api.LoginDone(network_account_id="two", display="Two", secrets={})
        )
    )
    with pytest.raises(NotFound):
        to_send(core, other, file)
    for wrong in ("", "0", "x", "99999", "-1", "9" * 30):
        with pytest.raises(NotFound):
            to_send(core, core.account, api.LocalFile(id=wrong, name="", media_type="", size_bytes=0))
    assert (view := core.views()[0]).attachments[0].size_bytes == len(CAT.data)
    assert read(core, view.id) == CAT.data
    core.settle(call, api.Accepted((ref("1"),)))
    shown = api.RemoteFile(id="https://here/cat", name="cat.png", size_bytes=len(CAT.data))
    core.tell(seen("1", "look", ME, files=(shown,), revision="1"))
    assert read(core, message) == CAT.data, "what we sent need not be fetched"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("dog.png", "dog.png"),
        ("../../.profile", ".profile"),
        ("C:\\folder\\dog.png", "dog.png"),
        ("gnp.\u202etxt.exe", "gnp. txt.exe"),
        ("dog\x1b[2J\0.png", "dog [2J .png"),
        ("x" * 5_000 + ".png", "x" * 252 + ".png"),
        ("/", ""),
    ],
)
def test_names_of_others_files_hide_nothing(core: Core, name: str, shown: str) -> None:
    core.tell(seen("1", "look", files=(api.RemoteFile(id="f", name=name, size_bytes=-1),)))
    (file,) = core.views()[0].attachments
    assert (file.name, file.size_bytes) == (shown, 0)


def test_a_body_of_something_else_is_no_file(core: Core) -> None:
    core.tell(seen("1", "somebody's words"))
    bodies = [file.body_id for file in core.do(lambda step: FILES.all(step.tx))]
    assert bodies == []
    for number in range(1, 200):
        with pytest.raises(NotFound):
            to_send(core, core.account, api.LocalFile(id=str(number), name="", media_type="", size_bytes=0))


def test_files_are_destroyed_with_their_message_and_with_their_account(core: Core) -> None:
    message, file = send(core)
    _, other = send(core)
    core.do(lambda step: outbox.delete(step, message))
    with pytest.raises(NotFound):
        to_send(core, core.account, file)
    assert core.do(lambda step: step.tx.bodies.get(int(file.id))) is None
    core.do(lambda step: accounts.remove(step, core.account))
    assert core.do(lambda step: step.tx.bodies.get(int(other.id))) is None


def test_what_was_fetched_is_kept_while_its_message_stands(core: Core) -> None:
    core.tell(seen("1", "a dog", files=(THEIRS,)))
    (view,) = core.views()
    assert read(core, view.id) is None
    row = core.do(lambda step: outbox.find(step, view.id))
    for _ in range(2):
        core.do(lambda step: files.fetched(step, row.id, THEIRS, b"woof"))
    assert read(core, view.id) == b"woof"
    for index in (1, -1):
        with pytest.raises(NotFound):
            read(core, view.id, index)
    core.tell(api.MessageGone(target=ref("1"), actor=ADA))
    with pytest.raises(NotFound):
        read(core, view.id)
    core.do(lambda step: files.fetched(step, row.id, THEIRS, b"woof"))
    assert core.do(lambda step: FILES.count(step.tx)) == 0, "it came too late"


def test_an_echo_that_was_shown_before_brings_its_files_along(core: Core) -> None:
    message, _ = send(core)
    call = core.call()
    core.tell(seen("1", "not quite the same", ME, files=(THEIRS,)))
    echo = next(view for view in core.views() if view.id != message)
    row = core.do(lambda step: outbox.find(step, echo.id))
    core.do(lambda step: files.fetched(step, row.id, THEIRS, b"woof"))
    core.settle(call, api.Accepted((ref("1"),)))
    assert [view.id for view in core.views()] == [message]
    assert read(core, message) == b"woof"


def test_there_are_bounds(core: Core) -> None:
    with pytest.raises(UsageError):
        core.do(lambda step: files.put(step, [CAT] * (files.MAX_FILES + 1)))
    half = File("half", "image/png", bytes(files.MAX_BYTES // 2))
    core.do(lambda step: files.put(step, [half, half]))
    with pytest.raises(UsageError):
        core.do(lambda step: files.put(step, [half, half, CAT]))


def test_posts_are_in_order_of_time_and_in_pages(core: Core) -> None:
    home, feed = api.ConversationRef("home"), api.ConversationRef("feed")
    core.tell(
        api.ConversationSeen(conversation=home, kind="timeline"),
        api.ConversationSeen(conversation=feed, kind="feed"),
        seen("1", "among people"),
    )

    def post(room: api.ConversationRef, number: int) -> api.MessageSeen:
        at = float(core.wall_s - 1000 + number)
        event = seen("1", f"post {number}", remote_time=at)
        return api.MessageSeen(
            ref=api.MessageRef(room, f"p{number}"), actor=ADA, body=event.body, remote_time=at
        )

    core.tell(*(post(home if number % 2 else feed, number) for number in (3, 0, 4, 1, 2)))
    pages, before = list[list[str]](), ""
    while page := core.do(lambda step, before=before: inbox.timeline(step, before=before, limit=2)).items:  # type: ignore[misc]
        pages.append([message.text for message in page])
        before = core.do(lambda step, before=before: inbox.timeline(step, before=before, limit=2)).prev  # type: ignore[misc]
    assert pages == [["post 3", "post 4"], ["post 1", "post 2"], ["post 0"]]
    with pytest.raises(UsageError):
        core.do(lambda step: inbox.timeline(step, before="yesterday"))
