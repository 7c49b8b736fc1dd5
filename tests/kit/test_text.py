import pytest

from app.kit.text import as_html, as_typed, clean_html, fold, like, normalise_code, shortened, slugify, without_tags


@pytest.mark.parametrize("typed", ["SAVE20", " save20 ", "ｓａｖｅ２０", "Save20\t"])  # noqa: RUF001 full-width letters
def test_a_code_is_the_same_however_it_is_typed(typed: str) -> None:
    assert normalise_code(typed) == "SAVE20"


def test_names_are_compared_without_regard_to_case() -> None:
    assert fold(" ADA ") == fold("ada")


def test_slugs_are_plain_words() -> None:
    assert slugify("Crème brûlée & Co.") == "creme-brulee-co"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<p>Hi <strong>you</strong></p>", "<p>Hi <strong>you</strong></p>"),
        ("<h4>a</h4><hr><b>b</b> <i>c</i> <u>d</u> <s>e</s>", "<h4>a</h4><hr><b>b</b> <i>c</i> <u>d</u> <s>e</s>"),
        ("<script>alert(1)</script>", ""),
        ('<p onclick="x()">a</p>', "<p>a</p>"),
        ('<a href="javascript:x()">a</a>', '<a rel="noopener noreferrer nofollow">a</a>'),
        ('<img src="x" onerror="y()">', ""),
    ],
)
def test_rich_text_keeps_nothing_that_could_run(written: str, kept: str) -> None:
    assert clean_html(written) == kept


def test_wildcards_in_a_search_are_taken_literally() -> None:
    assert like("50%_\\") == r"%50\%\_\\%"


@pytest.mark.parametrize("typed", ["", "One line", "Two\nlines", 'A & B\n\n"C"', "<p>one <b>fat</b></p>", "a < b"])
def test_plain_text_comes_back_from_html_as_it_was_typed(typed: str) -> None:
    assert as_typed(as_html(typed)) == typed


def test_rich_text_is_told_in_words_on_one_line() -> None:
    assert without_tags("<p>Tea &amp; cake</p><p>to<b>day</b></p>") == "Tea & cake today"
    assert shortened("word " * 40, 12) == "word word w…"
