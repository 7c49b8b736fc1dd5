"""Texts that people type: folded, normalised, cleaned."""

import html
import re
import unicodedata

import nh3

JOINERS = "\u200c\u200d"
UNSEEN = {"Cc", "Cf"}
NOT_ON_A_LINE = UNSEEN | {"Zl", "Zp"}
RICH_TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "u",
    "ul",
}


def fold(name: str) -> str:
    """The form in which names are compared: without regard to case or outer spaces."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def normalise_code(typed: str) -> str:
    """The form in which codes are kept and compared: `" save20 "` → `SAVE20`."""
    return unicodedata.normalize("NFKC", typed).strip().upper()


def slugify(text: str) -> str:
    """A part for an address: lower-case ASCII words joined by hyphens; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def clean_html(rich: str) -> str:
    """Rich text with nothing in it that could run or phone home."""
    return nh3.clean(
        rich,
        tags=RICH_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


PARAGRAPHS = re.compile(r"(<p>[^<>]*(<br>[^<>]*)*</p>)+")


def as_html(typed: str) -> str:
    """Plain text as paragraphs, parted by blank lines; what has tags in it is HTML already."""
    if not typed.strip() or "<" in typed:
        return typed
    paragraphs = re.split(r"\n\s*\n", typed.replace("\r\n", "\n").strip())
    return "".join(f"<p>{html.escape(each, quote=False).replace(chr(10), '<br>')}</p>" for each in paragraphs)


def as_typed(rich: str) -> str:
    """Paragraphs without anything in them as plain text; other HTML as it is."""
    if not PARAGRAPHS.fullmatch(rich):
        return rich
    paragraphs = rich.removeprefix("<p>").removesuffix("</p>").split("</p><p>")
    return "\n\n".join(html.unescape(each.replace("<br>", "\n")) for each in paragraphs)


BLOCKS = re.compile(r"(?=</?(?:p|div|br|hr|li|ul|ol|h[1-6]|blockquote|pre)\b)", re.IGNORECASE)


def without_tags(rich: str) -> str:
    """The words of a rich text on one line."""
    return " ".join(html.unescape(nh3.clean(BLOCKS.sub(" ", rich), tags=set())).split())


LOOKS = re.compile(r"<(?:a|li|h[1-6]|blockquote|pre|hr|br)\b|</(?:p|div)>\s*<(?:p|div)\b", re.IGNORECASE)


def has_looks(rich: str) -> bool:
    """Whether a rich text says more than its words on one line: links, lists, several paragraphs."""
    return LOOKS.search(rich) is not None


def shortened(text: str, longest: int = 80) -> str:
    """The text, cut where it is longer."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def like(text: str) -> str:
    r"""A pattern for `.ilike(…, escape="\\")` that finds the text anywhere, its wildcards taken literally."""
    escaped = re.sub(r"([%_\\])", r"\\\1", text.replace("\x00", ""))
    return f"%{escaped}%"


def is_writable(text: str) -> bool:
    """Whether every database can keep it: no NUL, no half of a character."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def on_one_line(text: str) -> str:
    """The words joined by single spaces, without what controls or formats text.

    The joiners of emoji and of some scripts stay, but are nothing by themselves.
    """
    seen = "".join(
        each for each in text if each.isspace() or each in JOINERS or unicodedata.category(each) not in UNSEEN
    )
    line = " ".join(seen.split())
    return line if line.strip(f"{JOINERS} ") else ""


def is_blank(text: str) -> bool:
    """Whether it says nothing: spaces, and letters that nobody sees."""
    return not on_one_line(text)


def is_one_line(text: str) -> bool:
    """Whether it stands on one line and shows all that is in it; joiners of emoji and of scripts may be there."""
    return not any(unicodedata.category(letter) in NOT_ON_A_LINE and letter not in JOINERS for letter in text)
