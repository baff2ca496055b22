import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol.testing import SeededEntropy
from swarmnode.storage.database import Database


def indexed(*texts: str) -> Database:
    """A database with these texts as messages 1, 2, ..."""
    database = Database.memory(entropy=SeededEntropy(1))
    with database.write() as tx:
        for msg_id, text in enumerate(texts, 1):
            tx.search.add(msg_id, text)
    return database


def find(database: Database, query: str, limit: int = 10, before: int | None = None) -> list[int]:
    with database.read() as tx:
        return tx.search.find(query, limit, before)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("hello", "Hello, world!"),
        ("WORLD hello", "Hello, world!"),
        ("hello wor", "Hello, world!"),
        ("strasse", "Grüße aus der Strasse"),
        ("grusse", "Grüsse"),
        ("uber", "über"),
        ("Über", "UBER"),
        ("orl", "Hello, world!"),
        ("о́кн", "окно"),
        ("京", "我在北京市工作"),
        ("北京", "我在北京市工作"),
        ("工作", "我在北京市工作"),
        ("カメラ", "新しいカメラを買った"),
        ("서울", "서울에서"),
        ("สวัส", "ยินดีสวัสดี"),
        ("a-b", "an a-b test"),
        ('"quoted" (words)*', 'some "quoted" words'),
        ("it's", "it's late"),
        ("50%", "50% off"),
        ("mail@example.org", "write to mail@example.org"),
        ("hello !!!", "hello there"),
        ("he\x00llo", "he llo"),
        ("🦊 fox", "the 🦊 fox"),
    ],
)
def test_what_is_found(query: str, text: str) -> None:
    assert find(indexed("something else", text), query) == [2]


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "!!!",
        "*",
        '"',
        '""',
        "nothing",
        "hello nothing",
        "NEAR(",
        "a AND",
        "text:",
        "\x00",
        "or",
        "京北",
    ],
)
def test_what_is_not_found(query: str) -> None:
    assert find(indexed("Hello, world!", "我在北京市工作"), query) == []


def test_parts_need_three_characters_of_each_term() -> None:
    database = indexed("Hello, world!")
    assert find(database, "ell orl") == [1]
    assert find(database, "el") == find(database, "ell rl") == []


def test_newest_first_in_pages() -> None:
    database = indexed(*["same words"] * 5, "samewords inside")
    assert find(database, "words", 2) == [5, 4]
    assert find(database, "words", 2, before=4) == [3, 2]
    assert find(database, "words", 2, before=1) == []
    assert find(database, "same", 10, before=3) == [2, 1]
    assert find(database, "ewords", 2) == [6]
    assert find(database, "amewords", 2, before=6) == []
    assert find(database, "ame", 4) == [6, 5, 4, 3]
    assert find(database, "ame", 4, before=3) == [2, 1]


def test_removed_texts_are_not_found() -> None:
    database = indexed("first words", "second words")
    with database.write() as tx:
        tx.search.remove(2, "second words")
        tx.search.add(2, "now 北京\x00 and \udc80 others")
    assert find(database, "words") == [1]
    assert find(database, "econd") == []
    assert find(database, "others") == find(database, "北") == [2]
    with database.write() as tx:
        tx.search.remove(2, "now 北京\x00 and \udc80 others")
        left = tx.db.exec_driver_sql("SELECT count(*) FROM search_words('others')").scalar()
        tx.db.exec_driver_sql("INSERT INTO search_words(search_words) VALUES ('integrity-check')")
        tx.db.exec_driver_sql("INSERT INTO search_parts(search_parts) VALUES ('integrity-check')")
    assert left == 0
    assert find(database, "others") == find(database, "北") == []


ANY = st.text(st.characters(codec=None), max_size=40) | st.text(
    st.sampled_from('ab "*()-:^+{}\x00京\ud800'), max_size=12
)


@given(st.lists(ANY, max_size=4), ANY)
def test_any_text_is_a_query_and_any_text_can_be_removed(texts: list[str], query: str) -> None:
    database = indexed(*texts)
    found = find(database, query)
    assert set(found) <= set(range(1, len(texts) + 1))
    assert found == sorted(found, reverse=True)
    with database.write() as tx:
        for msg_id, text in enumerate(texts, 1):
            tx.search.remove(msg_id, text)
        for table in ("search_words", "search_parts"):
            tx.db.exec_driver_sql(f"INSERT INTO {table}({table}) VALUES ('integrity-check')")  # noqa: S608
    assert find(database, query) == []


@given(st.lists(st.sampled_from(["ab", "abc", "über", "北京", "xyz"]), min_size=1, max_size=6, unique=True))
def test_every_word_of_a_text_finds_it(words: list[str]) -> None:
    database = indexed(" ".join(words))
    for word in words:
        assert find(database, word) == [1]
    assert find(database, " ".join(reversed(words))) == [1]
