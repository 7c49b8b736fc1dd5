"""What the entries of a wallet were for: the wallet knows references only; the desk shows the things themselves."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from flask import url_for

from app.bonuses import claims
from app.deposits.finding import SUBJECT as DEPOSIT
from app.offers.sources import Source, sources
from app.orders.behind import invoices_behind
from app.wallet import service as wallets
from app.web import money_words
from app.web.admin.conversion_words import movement
from app.web.admin.wallet_words import claims_url

WITHDRAWAL, CLAIM, ADJUSTMENT, DEBT = "withdrawal:", "member_promotion:", "adjustment:", "debt:"


@dataclass(frozen=True, slots=True)
class Thing:
    """What money was moved for: as people call it, where it is shown, and what was said with it.

    For a completed offer also `told`: all that there is to say in the place of the reason.
    """

    name: str = ""
    url: str | None = None
    note: str = ""
    source: Source | None = None

    def told(self, reason: str) -> str:
        """What an entry is for, in a few words: its reason, unless a completed offer says more."""
        return movement(reason, self.source) if self.source else money_words.reason(reason)


NOTHING = Thing()


def things(references: Collection[str]) -> Mapping[str, Thing]:
    """By each reference, what it was. One statement for every kind of thing that is among them, however many."""
    known = dict(_by_number(references))
    known |= _offers(references) | _orders(references) | _claims(references)
    known |= _adjustments(references) | _debts(references)
    return {each: known.get(each, NOTHING) for each in references}


def _by_number(references: Collection[str]) -> Iterator[tuple[str, Thing]]:
    """Deposits and withdrawals are called by their number."""
    for number in _ids(references, DEPOSIT):
        yield f"{DEPOSIT}{number}", Thing(f"D-{number:06d}", url_for("admin.show_deposit", deposit_id=number))
    for number in _ids(references, WITHDRAWAL):
        url = url_for("admin.show_withdrawal", withdrawal_id=number)
        yield f"{WITHDRAWAL}{number}", Thing(f"W-{number:06d}", url)


def _offers(references: Collection[str]) -> dict[str, Thing]:
    return {
        reference: Thing("", url_for("admin.show_conversion", conversion_id=source.row_id), source=source)
        for reference, source in sources(references).items()
    }


def _orders(references: Collection[str]) -> dict[str, Thing]:
    return {
        reference: Thing(number, url_for("admin.show_invoice", number=number))
        for reference, number in invoices_behind(references).items()
    }


def _claims(references: Collection[str]) -> dict[str, Thing]:
    found = claims.by_ids(sorted(_ids(references, CLAIM)))
    return {each.purpose: Thing(each.title, claims_url(each.promotion_id)) for each in found.values()}


def _adjustments(references: Collection[str]) -> dict[str, Thing]:
    found = wallets.adjustments(_ids(references, ADJUSTMENT))
    return {f"{ADJUSTMENT}{number}": Thing(note=each.why) for number, each in found.items()}


def _debts(references: Collection[str]) -> dict[str, Thing]:
    found = wallets.debts_by_ids(_ids(references, DEBT))
    return {f"{DEBT}{number}": Thing(note=money_words.reason(each.reason)) for number, each in found.items()}


def _ids(references: Collection[str], prefix: str) -> set[int]:
    numbers = (each.removeprefix(prefix) for each in references if each.startswith(prefix))
    return {int(each) for each in numbers if each.isdecimal()}
