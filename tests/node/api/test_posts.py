"""Posts and consent over HTTP: what a request may say, and what comes twice."""

from __future__ import annotations

import base64

import pytest
from api_world import World

DATA = base64.b64encode(b"meow").decode()
POST = {"accounts": ["acc1", "acc2"], "text": "a text"}


async def test_a_preview_takes_files_without_their_bytes_and_a_post_with_them(world: World) -> None:
    cat = {"name": "cat.png", "media_type": "image/png", "description": "a cat"}
    draft = {**POST, "attachments": [{**cat, "size_bytes": 4}]}
    (fits,) = (await world.own("POST", "/posts/preview", draft)).json["items"]
    assert (fits["pieces"][0]["text"], fits["notes"][0]["says"]) == ("a text (1/2)", "a thread of 2 posts")
    made = await world.own("POST", "/posts", {**POST, "attachments": [{**cat, "data": DATA}]})
    assert [place["state"] for place in made.json["places"]] == ["sent", "refused"]
    asked, posted = (
        [a for n, a in world.node.calls if n == name][-1][0] for name in ("preview_post", "make_post")
    )
    assert asked.files == posted.files
    assert (asked.data, posted.data) == ((), (b"meow",))
    assert "a text" not in repr(posted)


async def test_what_comes_twice_is_posted_once(world: World) -> None:
    for _ in range(2):
        assert (await world.own("POST", "/posts", POST, **{"Idempotency-Key": "k"})).status == 200
    assert len([name for name, _ in world.node.calls if name == "make_post"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts": []},
        {"accounts": ["x"] * 33},
        {"text": " "},
        {"text": "x" * 16_385},
        {"visibility": "direct"},
        {"more": "javascript:alert(1)"},
        {"more": "https://x y"},
        {"language": "de de"},
        {"colour": "red"},
    ],
)
async def test_what_makes_no_sense_is_refused(world: World, wrong: dict[str, object]) -> None:
    assert (await world.own("POST", "/posts", {**POST, **wrong})).status == 400
    assert [name for name, _ in world.node.calls if name == "make_post"] == []


async def test_posts_are_listed_shown_changed_and_taken_back(world: World) -> None:
    found = (await world.own("GET", "/posts?limit=1")).json
    assert (found["items"][0]["id"], found["next"]) == ("post1", "1")
    shown = (await world.own("GET", "/posts/post1", **{"Accept-Language": "de"})).json
    assert shown["answers"][0]["text"] == "so it is"
    assert ("post", ("post1", "de")) in world.node.calls
    assert (await world.own("GET", "/posts/post2")).status == 404
    assert (await world.own("PATCH", "/posts/post1", {"text": "b"})).json["edited"]
    assert (await world.own("DELETE", "/posts/post1")).json["deleted"]
    assert (await world.own("POST", "/posts/post1/resend", {"account": "acc1"})).status == 200
    token = await world.token("read")
    assert (await world.ask("POST", "/posts/preview", POST, headers=token)).status == 200
    assert (await world.ask("POST", "/posts", POST, headers=token)).code == "denied"


async def test_words_of_others_go_where_their_authors_let_them(world: World) -> None:
    said = world.node.hear("d" * 32, "so it is")
    assert (await world.own("POST", f"/messages/{said.id}/forward", {"chat": "b7"})).json["mine"]
    no = await world.own("POST", f"/messages/{said.id}/forward", {"chat": "b9"})
    assert (no.status, no.code, no.json["hint"]) == (403, "no-consent", "Ask Ana.")
    assert (await world.own("GET", "/consents")).json["items"][0]["allowed"]
    put = {"message": said.id, "allowed": False, "scope": "publish"}
    (entry,) = (await world.own("PUT", "/consents", put)).json["items"]
    assert (entry["scope"], entry["allowed"]) == ("publish", False)
    assert (await world.own("PUT", "/consents", {"entry": "1", "allowed": False})).status == 200
    for wrong in ({"allowed": True}, {"person": "p1", "message": "m1", "allowed": True}, {"person": "p1"}):
        assert (await world.own("PUT", "/consents", wrong)).status == 400
