from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.promotions.fields import CODE_LETTERS
from app.promotions.letters import LETTERS, drawn


@given(count=st.integers(0, 50), length=st.integers(1, 24))
def test_so_many_texts_of_so_many_letters_that_nobody_mistakes(count: int, length: int) -> None:
    texts = drawn(count, length)
    assert len(texts) == count
    assert all(len(text) == length and set(text) <= set(LETTERS) for text in texts)
    assert set(LETTERS) <= CODE_LETTERS
    for alike in ("B8", "IL1", "O0", "S5", "Z2", "UV", "AEIOU"):
        assert len(set(alike) & set(LETTERS)) <= 1


def test_every_letter_comes_from_as_many_bytes_as_any_other() -> None:
    rounds = 256 // len(LETTERS)
    [text] = drawn(1, len(LETTERS) * rounds, chance=lambda _count: bytes(range(256)))
    assert Counter(text) == dict.fromkeys(LETTERS, rounds)


@given(unfair=st.lists(st.integers(len(LETTERS) * (256 // len(LETTERS)), 255), max_size=40))
def test_bytes_that_would_favour_some_letters_are_drawn_again(unfair: list[int]) -> None:
    supply = iter([bytes(unfair), bytes(unfair) + b"\x00\x01", b"\x02" * 99])
    assert drawn(2, 2, chance=lambda _count: next(supply)) == [LETTERS[:2], LETTERS[2] * 2]


def test_a_hundred_thousand_are_all_different() -> None:
    assert len(set(drawn(100_000, 10))) == 100_000
