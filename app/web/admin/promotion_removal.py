"""What is asked before a promotion is removed: it is deleted if nothing refers to it, and else archived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.promotions import editing, kinds
from app.promotions.listing import Listed
from app.web.admin.promotion_words import Words, words_for
from app.web.filters import number


@dataclass(frozen=True, slots=True)
class Removal:
    """The question, what the button under it says, and what the one that leads to it is called."""

    question: str
    verb: str
    name: str
    icon: str


def removals(listed: Sequence[Listed], claimed: Mapping[int, int]) -> Mapping[int, Removal]:
    """By promotion. At most one statement, and another for each kind that accounts have.

    `claimed` says of those whose claims aren't all uses how many there are.
    Whether something refers to it may have changed by the time that it is confirmed; then it is told what was done.
    """
    unused = [each.promotion.id for each in listed if not each.promotion.used_count and each.codes is None]
    kept = editing.referred_to(unused) | {each.promotion.id for each in listed if each.promotion.used_count}
    accounts = _accounts_with([each for each in listed if each.promotion.id in kept])
    told = {}
    for each in listed:
        number, uses = each.promotion.id, claimed.get(each.promotion.id, each.promotion.used_count)
        told[number] = _archive(each, uses, accounts.get(number, 0)) if number in kept else _delete(each)
    return told


def _archive(listed: Listed, uses: int, accounts: int) -> Removal:
    promotion, words = listed.promotion, words_for(listed.kind.name)
    question = _titled(words.ask_to_archive, listed)
    return Removal(
        " ".join([question, _so_far(words, uses, accounts)]),
        _("Archive"),
        _("Archive %(title)s", title=promotion.title),
        "archive",
    )


def _delete(listed: Listed) -> Removal:
    """Whether one of many codes waits in a cart isn't looked up for a list."""
    title = listed.promotion.title
    question = _("Delete “%(title)s”? Nothing refers to it yet. This can't be undone.", title=title)
    if listed.codes is not None:
        question = _("Delete “%(title)s” with its codes? If one was ever used, it is archived instead.", title=title)
    return Removal(question, _("Delete"), _("Delete %(title)s", title=title), "trash-2")


def _so_far(words: Words, uses: int, accounts: int) -> str:
    told = words.so_many(uses)
    if not accounts:
        return _("So far: %(uses)s.", uses=told)
    on = ngettext("%(count)s account", "%(count)s accounts", accounts, count=number(accounts))
    return _("So far: %(uses)s, on %(accounts)s.", uses=told, accounts=on)


def _accounts_with(listed: Sequence[Listed]) -> dict[int, int]:
    found: dict[int, int] = {}
    for kind, those in groupby(sorted(listed, key=_kind_of), key=_kind_of):
        found |= kinds.named(kind).accounts_with([each.promotion.id for each in those])
    return found


def _kind_of(listed: Listed) -> str:
    return listed.kind.name


def _titled(words: Any, listed: Listed) -> str:
    return str(words) % {"title": listed.promotion.title}
