"""What promotions and their states are called on the desk: a code is used, a deal is claimed."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.web.filters import number

STATUS_WORDS = {
    "": _l("All"),
    "active": _l("Active"),
    "scheduled": _l("Scheduled"),
    "exhausted": _l("Used up"),
    "inactive": _l("Inactive"),
    "expired": _l("Expired"),
    "archived": _l("Archived"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How one speaks of a kind. Questions and what was done name the promotion as `%(title)s`, `told` a `%(sentence)s`.

    `amount` is what a kind is judged by; those that are for things are judged by these too. The figures of one that
    `is_counted` say themselves how often it was used.
    """

    uses: Any
    of_each: Any
    latest: Any
    of_days: Any
    by_day: Any
    none_of_days: Any
    none: Any
    what_then: Any
    given_back: Any
    people: Any
    ask_to_end: Any
    ask_to_archive: Any
    kept: Any
    amount: Any
    amount_hint: Any
    told: Any
    shared_link: Any = ""
    is_for_things: bool = True
    claimed: bool = False
    is_counted: bool = False

    def so_many(self, uses: int) -> str:
        """`30 uses`, `1 claim`."""
        if self.claimed:
            return ngettext("%(count)s claim", "%(count)s claims", uses, count=number(uses))
        return ngettext("%(count)s use", "%(count)s uses", uses, count=number(uses))


TOLD_TO_SHOPPERS = _l("The shopper is told: “%(sentence)s”")
USUAL = Words(
    uses=_l("Uses"),
    of_each=_l("Uses per person"),
    latest=_l("Last use taken %(moment)s"),
    of_days=_l("Uses in the last 30 days"),
    by_day=_l("Uses by day"),
    none_of_days=_l("No use in these days; the last one was %(moment)s."),
    none=_l("Nobody has used it yet"),
    what_then=_l("Share it, and its days show here."),
    given_back=_l("by refunds and cancelled orders"),
    people=_l("Who used it"),
    ask_to_end=_l("End “%(title)s” at this moment? Whoever has it in their cart is told. A later end opens it again."),
    ask_to_archive=_l(
        "Archive “%(title)s”? It stops working, stays as it is for good, and its code stays taken. "
        "To use it again, duplicate it."
    ),
    kept=_l("%(title)s was used before, so it was archived."),
    amount=_l("Amount"),
    amount_hint=_l("Of the whole cart, before the discount."),
    told=TOLD_TO_SHOPPERS,
    shared_link=_l("It opens the store, shows the code and offers to apply it."),
)
WORDS = {
    "deal": Words(
        uses=_l("Claims"),
        of_each=_l("Claims per person"),
        latest=_l("Last claim made %(moment)s"),
        of_days=_l("Claims in the last 30 days"),
        by_day=_l("Claims by day"),
        none_of_days=_l("No claim in these days; the last one was %(moment)s."),
        none=_l("Nobody has claimed it yet"),
        what_then=_l("As soon as somebody does, its days show here."),
        given_back="",  # its own figures tell
        people=_l("Who has come how far"),
        ask_to_end=_l(
            "End “%(title)s” at this moment? Nothing can be earned or claimed from then on; what was claimed is still "
            "handed out. A later end opens it again."
        ),
        ask_to_archive=_l(
            "Archive “%(title)s”? It leaves the store and stays as it is for good; what was claimed is still handed "
            "out. To run it again, duplicate it."
        ),
        kept=_l("Somebody has spent on %(title)s, so it was archived."),
        amount=_l("Amount"),
        amount_hint=_l("What they would spend now, on top of what counts already."),
        claimed=True,
        told=TOLD_TO_SHOPPERS,
    ),
    "offer": Words(
        uses=_l("Uses"),
        of_each=_l("Uses per client"),
        latest=_l("Last bonus earned %(moment)s"),
        of_days=_l("Uses in the last 30 days"),
        by_day=_l("Uses by day"),
        none_of_days=_l("No use in these days; the last one was %(moment)s."),
        none=_l("Nobody has earned a bonus yet"),
        what_then=_l("Once somebody who has the code completes an offer, its days show here."),
        given_back=_l("by conversions that were taken back"),
        people=_l("Who used it"),
        ask_to_end=_l(
            "End “%(title)s” at this moment? It stays on the accounts that have it, but earns nothing for offers that "
            "are completed from then on. A later end opens it again."
        ),
        ask_to_archive=_l(
            "Archive “%(title)s”? It earns nothing any more, stays as it is for good, and its code stays taken. "
            "To use it again, duplicate it."
        ),
        kept=_l("%(title)s was put on an account before, so it was archived."),
        amount=_l("Payout"),
        amount_hint=_l("What the completed offer pays. Empty: what it usually pays, or any payout that is enough."),
        told=_l("The client is told: “%(sentence)s”"),
        shared_link=_l("It opens the client's own codes, with this one filled in and a button to apply it."),
        is_for_things=False,
    ),
    "bonus": Words(
        uses=_l("Claims"),
        of_each=_l("Claims per member"),
        latest=_l("Last claim made %(moment)s"),
        of_days=_l("Claims in the last 30 days"),
        by_day=_l("Claims by day"),
        none_of_days=_l("No claim in these days; the last one was %(moment)s."),
        none=_l("Nobody has claimed it yet"),
        what_then=_l("As soon as somebody does, its days show here."),
        given_back=_l("by refunded deposits"),
        people=_l("Who has claimed it"),
        ask_to_end=_l(
            "End “%(title)s” at this moment? Nothing can be claimed from then on. Active claims go on for 30 days, "
            "then they lapse. A later end opens it again."
        ),
        ask_to_archive=_l(
            "Archive “%(title)s”? It can't be claimed any more, stays as it is for good, and its code stays taken. "
            "While claims are active, it is refused. To use it again, duplicate it."
        ),
        kept=_l("%(title)s was claimed before, so it was archived."),
        amount=_l("Amount"),
        amount_hint="",  # its form tells, by the type
        told=_l("The client is told: “%(sentence)s”"),
        shared_link=_l("It opens the client's own bonuses, with this code filled in and a button to claim it."),
        is_for_things=False,
        claimed=True,
        is_counted=True,
    ),
}


def words_for(kind: str) -> Words:
    """How one speaks of promotions of this kind."""
    return WORDS.get(kind, USUAL)
