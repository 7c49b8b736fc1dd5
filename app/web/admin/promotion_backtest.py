"""Backtest: what a promotion would have done with the orders of a past period, before it is launched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound

from app.config import settings
from app.errors import ValidationFailed
from app.kit import clock, sheets
from app.kit.htmx import page
from app.orders import replaying
from app.promotions import backtest
from app.promotions.backtest import NOTHING_OFF, Outcome, Tally
from app.promotions.listing import Listed
from app.web.admin import bp
from app.web.admin.periods import DAY, Chosen, chosen_days, presets
from app.web.admin.promotion_pages import framed
from app.web.filters import number
from app.web.visitor import access

MOST_DAYS = 731
TOP_DAYS = 5
COLUMNS = ("day", "orders", "amount", "qualified", "cost")
REASONS = {
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
}


@dataclass(frozen=True, slots=True)
class Tested:
    """What the terms would have done, on each day of the period, and in words why they often didn't."""

    outcome: Outcome
    total: Tally
    days: Sequence[tuple[date, Tally]]

    @property
    def best_days(self) -> Sequence[tuple[date, Tally]]:
        return self.outcome.best_days(TOP_DAYS)

    @property
    def reasons(self) -> Sequence[tuple[str, int]]:
        return [(str(REASONS.get(reason, reason)), count) for reason, count in self.outcome.refusals.most_common()]

    @property
    def share(self) -> float:
        """The cost as a part of what was ordered, before discounts."""
        return self.total.cost_cents / self.total.amount_cents if self.total.amount_cents else 0.0


@bp.get("/promotions/<int:promotion_id>/backtest")
@access("admin")
def backtest_promotion(promotion_id: int) -> ResponseReturnValue:
    frame = framed(promotion_id)
    chosen, tested = _test(frame.listed)
    return page(
        "admin/promotion_backtest.html",
        "admin/_promotion_backtest.html",
        422 if chosen.fault else 200,
        frame=frame,
        chosen=chosen,
        presets=_presets(chosen, promotion_id),
        tested=tested,
    )


@bp.get("/promotions/<int:promotion_id>/backtest.csv")
@access("admin")
def export_backtest(promotion_id: int) -> ResponseReturnValue:
    """Day by day, as a file that spreadsheets open."""
    chosen, tested = _test(framed(promotion_id).listed)
    if tested is None:
        raise ValidationFailed({"from": [chosen.fault]})
    answer = Response(sheets.chunks(sheets.lines(COLUMNS, _rows(tested))), mimetype="text/csv")
    name = f"backtest-{promotion_id}-{chosen.first:%Y-%m-%d}-{chosen.last:%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _test(listed: Listed) -> tuple[Chosen, Tested | None]:
    """The period that was asked for, and what the promotion would have done in it unless there is a fault."""
    if not listed.kind.replays:
        raise NotFound
    zone = ZoneInfo(settings().timezone)
    chosen = chosen_days(_usual(_today(zone)), too_long=_too_long)
    if chosen.fault:
        return chosen, None
    period, with_refunded = chosen.period(zone), not listed.promotion.release_on_refund
    if replaying.are_too_many(period, with_refunded=with_refunded):
        most = number(replaying.MOST_ORDERS)
        fault = _("There are more than %(most)s orders in this period. Please choose a shorter one.", most=most)
        return replace(chosen, typed=(chosen.first.isoformat(), chosen.last.isoformat()), fault=fault), None
    kind, terms = listed.kind, listed.kind.terms_of(listed.promotion.id)
    past = replaying.past(period, zone, with_refunded=with_refunded, with_lines=terms.is_limited_to_categories)
    outcome = backtest.replay(terms, past, benefit=kind.benefit, own_rules=kind.rules)
    return chosen, Tested(outcome, outcome.total, [(day, outcome.by_day.get(day, Tally())) for day in chosen.days()])


def _today(zone: ZoneInfo) -> date:
    return clock.now().astimezone(zone).date()


def _usual(today: date, days: int = 90) -> tuple[date, date]:
    """So many days up to today."""
    return today - timedelta(days=days - 1), today


def _too_long(chosen: Chosen) -> str:
    return _("Please choose two years at most.") if len(chosen.days()) > MOST_DAYS else ""


def _presets(chosen: Chosen, promotion_id: int) -> list[tuple[str, str, bool]]:
    """What people ask for most."""
    today = _today(ZoneInfo(settings().timezone))
    year = today.replace(month=1, day=1)
    periods = (
        (_l("30 days"), _usual(today, 30)),
        (_l("90 days"), _usual(today)),
        (_l("365 days"), _usual(today, 365)),
        (_l("Last year"), (year.replace(year=year.year - 1), year - DAY)),
    )
    offered = presets(chosen, periods, "admin.backtest_promotion", promotion_id=promotion_id)
    return [(label, address, is_shown and not chosen.fault) for label, address, is_shown in offered]


def _rows(tested: Tested) -> Iterator[tuple[Any, ...]]:
    for day, each in tested.days:
        yield day.isoformat(), each.orders, _amount(each.amount_cents), each.qualified, _amount(each.cost_cents)


def _amount(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
