"""Withdrawals: which wait, where each is to be paid, and approving or refusing it."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import service as accounts
from app.accounts.models import User
from app.deposits import finding, withdrawing
from app.deposits.models import APPROVED, ASKED, DENIED, WITHDRAWAL_STATUSES, Withdrawal
from app.kit import clock
from app.kit.db import db
from app.kit.htmx import page, wants_part
from app.kit.lists import paginate_rows, stream
from app.kit.money import as_decimal
from app.kit.sheets import Cell
from app.wallet import service as wallets
from app.web import money_words
from app.web.admin import bp, money_desk
from app.web.admin import wallet_words as words
from app.web.admin.money_desk import Asked, Decision
from app.web.admin.money_history import told_of
from app.web.admin.sheet_desk import exported
from app.web.admin.withdrawal_matters import matters
from app.web.arguments import page_number
from app.web.filters import money
from app.web.visitor import access, actor

LIST = ("admin/withdrawals.html", "admin/_withdrawals.html")
ONE = ("admin/withdrawal.html", "admin/_withdrawal.html")
ROW = "admin/_withdrawal_row.html"
COLUMNS = ("number", "client", "email", "amount", "pay_to", "status", "asked_at", "decided_at", "decided_by", "note")
AT_ONCE = 500
LATEST = 5


@bp.get("/wallet/withdrawals")
@access("admin")
def list_withdrawals() -> ResponseReturnValue:
    """Five statements, however many there are."""
    asked = money_desk.asked_for(WITHDRAWAL_STATUSES)
    found = paginate_rows(finding.withdrawals(**asked), number=page_number())
    return page(
        *LIST,
        withdrawals=found,
        matters=matters({user.id for withdrawal, user in found.items if withdrawal.status == ASKED}),
        asked_for=asked,
        states=words.WITHDRAWAL_STATES,
        counts=money_desk.waiting(),
        is_part=wants_part(),
        place=money_desk.LIST,
    )


@bp.get("/wallet/withdrawals.csv")
@access("admin")
def export_withdrawals() -> ResponseReturnValue:
    """Those that the list shows, the oldest first, as a file that spreadsheets open."""
    zone = money_desk.zone()

    def cells(withdrawal: Withdrawal, user: User, decider: str | None) -> tuple[Cell, ...]:
        return _cells(withdrawal, user, decider, zone)

    query = finding.with_deciders(finding.withdrawals(**money_desk.asked_for(WITHDRAWAL_STATUSES)))
    return exported(COLUMNS, stream(query, Withdrawal.id, cells, size=AT_ONCE), "withdrawals")


@bp.get("/wallet/withdrawals/<int:withdrawal_id>")
@access("admin")
def show_withdrawal(withdrawal_id: int) -> ResponseReturnValue:
    return _show(withdrawal_id)


@bp.post("/wallet/withdrawals/<int:withdrawal_id>/approve")
@access("admin")
def approve_withdrawal(withdrawal_id: int) -> ResponseReturnValue:
    """It has been paid out."""
    return _decide("approve", withdrawal_id)


@bp.post("/wallet/withdrawals/<int:withdrawal_id>/refuse")
@access("admin")
def refuse_withdrawal(withdrawal_id: int) -> ResponseReturnValue:
    """It won't be paid out: the money is the client's again; `note` says why."""
    return _decide("refuse", withdrawal_id)


def _decide(verb: str, withdrawal_id: int) -> ResponseReturnValue:
    at = url_for("admin.show_withdrawal", withdrawal_id=withdrawal_id)
    how: dict[str, Any] = {"stands": words.withdrawal_stands, "get": finding.get_withdrawal, "show": _show, "back": at}
    decisions = {
        "approve": Decision("approve", APPROVED, _approve, _approved, **how),
        "refuse": Decision("refuse", DENIED, _refuse, _refused, needs_reason=True, tone="info", **how),
    }
    return money_desk.decide(decisions[verb], withdrawal_id)


def _approve(withdrawal_id: int, note: str) -> Withdrawal:
    return withdrawing.approve(withdrawal_id, note, actor=actor(), now=clock.now())


def _refuse(withdrawal_id: int, note: str) -> Withdrawal:
    return withdrawing.refuse(withdrawal_id, note, actor=actor(), now=clock.now())


def _approved(withdrawal: Withdrawal) -> str:
    facts = {"client": accounts.get(withdrawal.user_id).name, "amount": money(withdrawal.amount_cents)}
    return _("Approved: %(amount)s to %(client)s.", **facts)


def _refused(withdrawal: Withdrawal) -> str:
    facts = {"client": accounts.get(withdrawal.user_id).name, "amount": money(withdrawal.amount_cents)}
    return _("Refused: %(client)s has the %(amount)s back, and reads why.", **facts)


def _show(withdrawal_id: int, asked: Asked | None = None, status: int = 200) -> Response:
    """Its row, where it was decided in a list, or all of it."""
    withdrawal = finding.get_withdrawal(withdrawal_id)
    user, place = accounts.get(withdrawal.user_id), money_desk.place()
    around: dict[str, Any] = {"withdrawal": withdrawal, "user": user, "asked": asked or Asked()}
    around["matters"] = matters({user.id} if withdrawal.status == ASKED else set())
    if wants_part() and place != money_desk.PAGE:
        counts, back = money_desk.waiting(), money_desk.back("")
        return page(ROW, ROW, status, place=place, counts=counts, next=back, is_alone=True, **around)
    debts = wallets.debts(user.id)
    latest = finding.own_withdrawals(user.id).where(Withdrawal.id != withdrawal.id).limit(LATEST)
    return page(
        *ONE,
        status,
        place=money_desk.PAGE,
        decider=money_desk.name_of(withdrawal.decided_by_id),
        balances=wallets.balances(user.id),
        debts=debts,
        owed_cents=sum(each.amount_cents for each in debts),
        entries=wallets.entries_of(user.id, withdrawal.subject),
        earlier=db.session.scalars(latest).all(),
        lines=told_of("withdrawal", withdrawal.id, user.name),
        reason=money_words.reason,
        **around,
    )


def _cells(withdrawal: Withdrawal, user: User, decider: str | None, zone: ZoneInfo) -> tuple[Cell, ...]:
    return (
        withdrawal.reference,
        user.username,
        None if user.anonymised_at else user.email,
        as_decimal(withdrawal.amount_cents),
        withdrawal.pay_to,
        withdrawal.status,
        money_desk.written(withdrawal.created_at, zone),
        money_desk.written(withdrawal.decided_at, zone),
        decider,
        withdrawal.note,
    )
