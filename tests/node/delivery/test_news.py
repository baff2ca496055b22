"""What listeners are told when there is more than they take."""

from __future__ import annotations

from swarmnode.delivery.news import KEPT, News
from swarmnode.services.step import Told


async def test_who_is_far_behind_is_told_to_look_at_all_anew() -> None:
    news = News(1)
    async with news.heard() as heard:
        for number in range(KEPT + 10):
            news.tell(Told(0, "message.state", {"message": str(number)}))
        first = [heard.get_nowait() for _ in range(KEPT - 1)]
        assert {told.type for told in first} == {"message.state"}
        # It is the last, so that all which found no room has happened when it is heard.
        assert (heard.get_nowait().type, heard.empty()) == ("resync", True)

        news.tell(Told(0, "message.state", {"message": "later"}))
        later = heard.get_nowait()
        assert (later.type, later.id) == ("message.state", first[-1].id + 12)


async def test_what_finds_no_room_is_before_the_word_to_look_anew() -> None:
    news = News(1)
    async with news.heard() as heard:
        for _ in range(KEPT + 5):
            news.tell(Told(0, "message.state", {}))
        heard.get_nowait()
        news.tell(Told(0, "message.new", {}))
        rest = [heard.get_nowait().type for _ in range(heard.qsize())]
        assert rest[-2:] == ["resync", "resync"]
        assert "message.new" not in rest
