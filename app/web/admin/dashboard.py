"""The admins' dashboard: how store, promotions and loyalty do, and what waits for a decision."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import render_template
from flask.typing import ResponseReturnValue

from app.config import settings
from app.deals import granting
from app.deposits import finding as deposits
from app.kit import clock, outbox
from app.kit.db import db
from app.loyalty import figures as loyalty
from app.messages import service as messages
from app.orders import accounting
from app.orders import figures as books
from app.orders import service as orders
from app.orders.accounting import Period
from app.payments import service as payments
from app.promotions import listing as promotions
from app.web.admin import bp
from app.web.visitor import access

PERIOD = timedelta(days=30)
CHART_DAYS = 30
PATIENCE = timedelta(days=1)
LATEST = 6


@bp.get("")
@access("admin")
def dashboard() -> ResponseReturnValue:
    now = clock.now()
    since = now - PERIOD
    zone = ZoneInfo(settings().timezone)
    takings, before = accounting.by_period([Period(since, now), Period(since - PERIOD, since)])
    unpaid, unpaid_cents = books.unpaid()
    deposits_waiting, withdrawals_waiting = deposits.waiting()
    awaiting_people = payments.awaiting_people()
    return render_template(
        "admin/dashboard.html",
        takings=takings,
        before=before,
        by_day=books.takings_by_day(now.astimezone(zone).date(), days=CHART_DAYS, zone=zone),
        promotions=promotions.overview(now, since=since),
        loyalty=loyalty.figures(since, patience_until=now - PATIENCE),
        unpaid=unpaid,
        unpaid_cents=unpaid_cents,
        set_aside=sum(each.set_aside for each in outbox.backlog()),
        mails=messages.count_by_state(),
        grants_waiting=granting.waiting_since(now - PATIENCE),
        payments_awaiting_return=sum(orders.invoice_of(each.subject) is not None for each in awaiting_people),
        deposits_waiting=deposits_waiting,
        withdrawals_waiting=withdrawals_waiting,
        deposits_awaiting_return=sum(deposits.deposit_of(each.subject) is not None for each in awaiting_people),
        latest=db.session.scalars(orders.invoices().limit(LATEST)).all(),
    )
