"""What a backtest says: of orders or payments, which it counts, and of money or things, which it adds up."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.kit.sheets import Cell
from app.promotions.backtest import NOTHING_OFF, Outcome, Tally
from app.promotions.kinds import Replayed
from app.promotions.words import money
from app.web.filters import number

COUNTED: Mapping[Replayed, Mapping[str, Any]] = {
    "orders": {
        "counted": _l("Orders"),
        "note": _l(
            "These terms, tried on the paid orders of a past period, one by one; nothing is changed by it."
            " As if the promotion had been open all the time: its dates, its switch and today's uses don't count,"
            " everything else does. Prices are those before any discount."
        ),
        "all": _l("Every order would have had it"),
        "none": _l("No order of this period would have had it. The reasons stand beside."),
        "empty": _l("No paid orders in this period"),
        "instead": _l("There is nothing to try the terms on. Choose days on which orders were paid."),
    },
    "payments": {
        "counted": _l("Payments"),
        "note": _l(
            "These terms, tried on the payments of a past period, for orders and donations, one by one; nothing is"
            " changed by it. As if it had run through the whole period and everybody had claimed at once: its own"
            " dates, its switch and today's claims don't count, everything else does. What counts is what was really"
            " paid, less what was refunded."
        ),
        "all": _l("Every payment would have earned something"),
        "none": _l("No payment of this period would have earned anything. The reasons stand beside."),
        "empty": _l("No payments in this period"),
        "instead": _l("There is nothing to try the terms on. Choose days on which something was paid."),
    },
}
MONEY = {
    "by_day": _l("Cost by day"),
    "cost": _l("Cost"),
    "best": _l("Days that would have cost most"),
    "nothing": _l("It would have cost nothing"),
}
THINGS = {
    "by_day": _l("Reward sets by day"),
    "cost": _l("Reward sets"),
    "best": _l("Days that would have given most"),
    "nothing": _l("Nothing would have been given"),
}
REASONS: Mapping[Replayed, Mapping[str, Any]] = {
    "orders": {
        "usage_limit_reached": _l("All uses had been taken by then"),
        "outside_active_hours": _l("Ordered outside the active hours"),
        "account_required": _l("Ordered without an account"),
        "user_limit_reached": _l("The person had used it as often as allowed"),
        "items_required": _l("Nothing from the categories that it is for"),
        "category_mismatch": _l("Nothing from the categories that it is for"),
        "min_amount_not_met": _l("Below the minimum amount"),
        "first_order_only": _l("Not the person's first order"),
        "not_eligible": _l("A rule of its own kind"),
        NOTHING_OFF: _l("There was nothing to take off"),
    },
    "payments": {
        "usage_limit_reached": _l("Everything had been claimed by then"),
        "account_required": _l("Paid without an account"),
        "user_limit_reached": _l("The person had claimed it as often as allowed"),
        "min_amount_not_met": _l("The person had not spent enough yet"),
    },
}


def words_of(replays: Replayed, outcome: Outcome | None) -> Mapping[str, Any]:
    """The page's words."""
    gives_things = outcome is not None and outcome.reward_items is not None
    return {**COUNTED[replays], **(THINGS if gives_things else MONEY)}


def reason(replays: Replayed, name: str) -> str:
    return str(REASONS[replays].get(name, name))


def cost(tally: Tally, *, in_sets: bool) -> str:
    """`$12.00`, `3 sets`."""
    if in_sets:
        return ngettext("%(count)s set", "%(count)s sets", tally.sets, count=number(tally.sets))
    return money(tally.cost_cents)


def counted(replays: Replayed, tally: Tally) -> str:
    """How many of them qualified: `3 of 8 orders`."""
    told = {"some": number(tally.qualified), "all": number(tally.orders)}
    return (
        _("%(some)s of %(all)s payments", **told) if replays == "payments" else _("%(some)s of %(all)s orders", **told)
    )


def result(replays: Replayed, tally: Tally, *, in_sets: bool) -> str:
    """What it came to, in a sentence."""
    told = {"some": number(tally.qualified), "all": number(tally.orders), "cost": cost(tally, in_sets=in_sets)}
    if replays == "payments":
        return _("%(some)s of %(all)s payments would have earned something: %(cost)s.", **told)
    return _("%(some)s of %(all)s orders would have had it, for %(cost)s.", **told)


def too_many(replays: Replayed, most: int) -> str:
    told = {"most": number(most)}
    if replays == "payments":
        return _("There are more than %(most)s payments in this period. Please choose a shorter one.", **told)
    return _("There are more than %(most)s orders in this period. Please choose a shorter one.", **told)


def columns(replays: Replayed, outcome: Outcome) -> list[str]:
    """Of the file: those of a set are called as games know them."""
    if outcome.reward_items is None:
        return ["day", replays, "amount", "qualified", "cost"]
    return ["day", replays, "amount", "qualified", "sets", *(str(item["item_id"]) for item in outcome.reward_items)]


def cells(tally: Tally, outcome: Outcome) -> list[Cell]:
    """A day's figures under these columns."""
    about: list[Cell] = [tally.orders, amount(tally.amount_cents), tally.qualified]
    if outcome.reward_items is None:
        return [*about, amount(tally.cost_cents)]
    return [*about, tally.sets, *(item["amount"] * tally.sets for item in outcome.reward_items)]


def amount(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
