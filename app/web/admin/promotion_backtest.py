"""Backtest: what a promotion would have done with what was paid in a past period, before it is launched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
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
from app.kit.sheets import Cell
from app.orders import replaying
from app.promotions.backtest import Outcome, Tally
from app.promotions.kinds import Replayed
from app.promotions.listing import Listed
from app.web.admin import backtest_words, bp
from app.web.admin.periods import DAY, Chosen, chosen_days, presets
from app.web.admin.promotion_pages import framed
from app.web.visitor import access

MOST_DAYS = 731
TOP_DAYS = 5


@dataclass(frozen=True, slots=True)
class Tested:
    """What the terms would have done, on each day of the period, and in words why they often didn't.

    `in_sets`: what they give is things, not money.
    """

    replays: Replayed
    outcome: Outcome
    total: Tally
    days: Sequence[tuple[date, Tally]]

    @property
    def in_sets(self) -> bool:
        return self.outcome.reward_items is not None

    @property
    def best_days(self) -> Sequence[tuple[date, Tally]]:
        return self.outcome.best_days(TOP_DAYS)

    @property
    def reasons(self) -> Sequence[tuple[str, int]]:
        refused = self.outcome.refusals.most_common()
        return [(backtest_words.reason(self.replays, reason), count) for reason, count in refused]

    @property
    def share(self) -> float:
        """The cost as a part of what was ordered, before discounts."""
        return self.total.cost_cents / self.total.amount_cents if self.total.amount_cents else 0.0

    @property
    def things(self) -> Sequence[tuple[str, int, int]]:
        """What would have been given: the name of each item, how many a set, how many in all."""
        items = self.outcome.reward_items or ()
        return [(item["name"], item["amount"], item["amount"] * self.total.sets) for item in items]

    @property
    def bars(self) -> Sequence[tuple[date, int, str]]:
        """The chart: each day's cost, and it in words with what it was for."""
        return [
            (day, each.sets if self.in_sets else each.cost_cents, f"{self.cost(each)}, {self.counted(each)}")
            for day, each in self.days
        ]

    @property
    def result(self) -> str:
        return backtest_words.result(self.replays, self.total, in_sets=self.in_sets)

    def cost(self, tally: Tally) -> str:
        return backtest_words.cost(tally, in_sets=self.in_sets)

    def counted(self, tally: Tally) -> str:
        return backtest_words.counted(self.replays, tally)


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
        words=backtest_words.words_of(frame.listed.kind.replays, tested.outcome if tested else None),
    )


@bp.get("/promotions/<int:promotion_id>/backtest.csv")
@access("admin")
def export_backtest(promotion_id: int) -> ResponseReturnValue:
    """Day by day, as a file that spreadsheets open."""
    chosen, tested = _test(framed(promotion_id).listed)
    if tested is None:
        raise ValidationFailed({"from": [chosen.fault]})
    columns = backtest_words.columns(tested.replays, tested.outcome)
    answer = Response(sheets.chunks(sheets.lines(columns, _rows(tested))), mimetype="text/csv")
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
    kind, period, with_refunded = listed.kind, chosen.period(zone), not listed.promotion.release_on_refund
    if replaying.are_too_many(period, of=kind.replays, with_refunded=with_refunded):
        fault = backtest_words.too_many(kind.replays, replaying.MOST_ORDERS)
        return replace(chosen, typed=(chosen.first.isoformat(), chosen.last.isoformat()), fault=fault), None
    terms = kind.terms_of(listed.promotion.id)
    with_lines = terms.is_limited_to_categories
    past = replaying.past(period, zone, of=kind.replays, with_refunded=with_refunded, with_lines=with_lines)
    outcome = kind.replay(terms, past)
    days = [(day, outcome.by_day.get(day, Tally())) for day in chosen.days()]
    return chosen, Tested(kind.replays, outcome, outcome.total, days)


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


def _rows(tested: Tested) -> Iterator[list[Cell]]:
    for day, each in tested.days:
        yield [day.isoformat(), *backtest_words.cells(each, tested.outcome)]
