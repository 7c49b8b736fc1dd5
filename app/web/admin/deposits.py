"""Deposits: which wait, the whole story of one, and confirming, refusing and refunding it."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import service as accounts
from app.accounts.models import User
from app.bonuses import claims
from app.bonuses.models import MemberPromotion
from app.deposits import finding, service
from app.deposits.models import CONFIRMED, REFUNDED, REFUSED, STATUSES, Deposit
from app.errors import NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate_rows, stream
from app.kit.money import as_decimal
from app.kit.sheets import Cell
from app.payments import service as payments
from app.wallet import service as wallets
from app.web import money_words
from app.web.admin import bp, money_desk
from app.web.admin import wallet_words as words
from app.web.admin.money_desk import Asked, Decision
from app.web.admin.money_history import told_of
from app.web.admin.sheet_desk import exported
from app.web.arguments import page_number
from app.web.filters import money
from app.web.visitor import access, actor

LIST = ("admin/deposits.html", "admin/_deposits.html")
ONE = ("admin/deposit.html", "admin/_deposit.html")
ROW = "admin/_deposit_row.html"
COLUMNS = (
    *("number", "client", "email", "amount", "status", "provider", "provider_reference", "promotion"),
    *("bonus", "no_bonus", "asked_at", "confirmed_at", "closed_at", "refunded_at", "note"),
)
AT_ONCE = 500


@bp.get("/wallet/deposits")
@access("admin")
def list_deposits() -> ResponseReturnValue:
    """Four statements, however many there are."""
    asked = money_desk.asked_for(STATUSES)
    found = paginate_rows(finding.deposits(**asked), number=page_number())
    return page(
        *LIST,
        deposits=found,
        asked_for=asked,
        states=words.DEPOSIT_STATES,
        counts=money_desk.waiting(),
        is_part=wants_part(),
        **surroundings([each for each, _user in found.items], money_desk.LIST),
    )


@bp.get("/wallet/deposits.csv")
@access("admin")
def export_deposits() -> ResponseReturnValue:
    """Those that the list shows, the oldest first, as a file that spreadsheets open."""
    zone = money_desk.zone()

    def cells(deposit: Deposit, user: User, claim: MemberPromotion | None) -> tuple[Cell, ...]:
        return _cells(deposit, user, claim, zone)

    query = finding.deposits(**money_desk.asked_for(STATUSES)).add_columns(MemberPromotion)
    query = query.outerjoin(MemberPromotion, MemberPromotion.id == Deposit.member_promotion_id)
    return exported(COLUMNS, stream(query, Deposit.id, cells, size=AT_ONCE), "deposits")


@bp.get("/wallet/deposits/<int:deposit_id>")
@access("admin")
def show_deposit(deposit_id: int) -> ResponseReturnValue:
    return _show(deposit_id)


@bp.post("/wallet/deposits/<int:deposit_id>/confirm")
@access("admin")
def confirm_deposit(deposit_id: int) -> ResponseReturnValue:
    """The money is there: it is credited, once."""
    return _decide("confirm", deposit_id)


@bp.post("/wallet/deposits/<int:deposit_id>/refuse")
@access("admin")
def refuse_deposit(deposit_id: int) -> ResponseReturnValue:
    """It won't be taken; `note` says why."""
    return _decide("refuse", deposit_id)


@bp.post("/wallet/deposits/<int:deposit_id>/refund")
@access("admin")
def refund_deposit(deposit_id: int) -> ResponseReturnValue:
    """It goes back, with all that came of it; `note` says why."""
    return _decide("refund", deposit_id)


@bp.post("/wallet/deposits/<int:deposit_id>/returns/<int:return_id>/done")
@access("admin")
def note_deposit_given_back(deposit_id: int, return_id: int) -> ResponseReturnValue:
    """Money that people had to give back went back to the client."""
    deposit = _of_return(deposit_id, return_id)
    with unit_of_work():
        payments.note_given_back(return_id, actor=actor(), now=clock.now())
    toast(_("Noted: the money for %(number)s went back.", number=deposit.reference))
    return see_other(url_for("admin.show_deposit", deposit_id=deposit_id))


@bp.post("/wallet/deposits/<int:deposit_id>/returns/<int:return_id>/retry")
@access("admin")
def retry_deposit_return(deposit_id: int, return_id: int) -> ResponseReturnValue:
    """The provider refused; perhaps it does it now."""
    _of_return(deposit_id, return_id)
    with unit_of_work():
        payments.try_again(return_id, actor=actor(), now=clock.now())
    toast(_("The provider is asked once more."), "info")
    return see_other(url_for("admin.show_deposit", deposit_id=deposit_id))


def surroundings(found: list[Deposit], place: str) -> dict[str, Any]:
    """What rows of deposits need to know, and where they stand. At most two statements."""
    brought = [each.member_promotion_id for each in found if each.member_promotion_id is not None]
    chosen = {each.promotion_id for each in found if each.promotion_id is not None}
    return {
        "place": place,
        "words": words,
        "brought": claims.by_ids(brought),
        "titles": claims.titles(chosen),
    }


def _decide(verb: str, deposit_id: int) -> ResponseReturnValue:
    at = url_for("admin.show_deposit", deposit_id=deposit_id)
    how: dict[str, Any] = {"stands": words.deposit_stands, "get": service.get, "show": _show, "back": at}
    decisions = {
        "confirm": Decision("confirm", CONFIRMED, _confirm, _confirmed, **how),
        "refuse": Decision("refuse", REFUSED, _refuse, _refused, needs_reason=True, tone="info", **how),
        "refund": Decision("refund", REFUNDED, _refund, _refunded, needs_reason=True, **how),
    }
    return money_desk.decide(decisions[verb], deposit_id)


def _confirm(deposit_id: int, _note: str) -> Deposit:
    return service.confirm(deposit_id, actor=actor(), now=clock.now())


def _refuse(deposit_id: int, note: str) -> Deposit:
    return service.refuse(deposit_id, note, actor=actor(), now=clock.now())


def _refund(deposit_id: int, note: str) -> Deposit:
    return service.refund(deposit_id, note, actor=actor(), now=clock.now())


def _confirmed(deposit: Deposit) -> str:
    claim = claims.get(deposit.member_promotion_id) if deposit.member_promotion_id else None
    return words.confirmed(deposit, accounts.get(deposit.user_id).name, claim)


def _refused(deposit: Deposit) -> str:
    client = accounts.get(deposit.user_id).name
    return _("%(number)s is refused. %(client)s reads why.", number=deposit.reference, client=client)


def _refunded(deposit: Deposit) -> str:
    return _("%(amount)s of %(number)s goes back.", amount=money(deposit.amount_cents), number=deposit.reference)


def _show(deposit_id: int, asked: Asked | None = None, status: int = 200) -> Response:
    """Its row, where it was decided in a list, or all of it."""
    deposit = service.get(deposit_id)
    user, place = accounts.get(deposit.user_id), money_desk.place()
    around = surroundings([deposit], place) | {"deposit": deposit, "user": user, "asked": asked or Asked()}
    if wants_part() and place != money_desk.PAGE:
        return page(ROW, ROW, status, counts=money_desk.waiting(), next=money_desk.back(""), is_alone=True, **around)
    referral = claims.referral_of(user.id)
    is_confirmed = deposit.status == CONFIRMED
    return page(
        *ONE,
        status,
        decider=money_desk.name_of(deposit.decided_by_id),
        came=claims.came_from(deposit.subject),
        referral=referral if referral is not None and referral.cause == deposit.subject else None,
        referrer=accounts.by_id(referral.referrer_id) if referral is not None else None,
        entries=wallets.entries_of(user.id, deposit.subject),
        debts=[each for each in wallets.debts(user.id) if each.reference == deposit.subject],
        told=payments.history(deposit.subject),
        returns=payments.returns_of(deposit.subject),
        outlook=service.outlook(deposit) if is_confirmed else None,
        lines=told_of("deposit", deposit.id, user.name),
        reason=money_words.reason,
        **around | {"place": money_desk.PAGE},
    )


def _of_return(deposit_id: int, return_id: int) -> Deposit:
    """The deposit, if this money goes back for it. Raises NotFound."""
    deposit = service.get(deposit_id)
    if return_id not in {each.id for each in payments.returns_of(deposit.subject)}:
        raise NotFound
    return deposit


def _cells(deposit: Deposit, user: User, claim: MemberPromotion | None, zone: ZoneInfo) -> tuple[Cell, ...]:
    times = (deposit.created_at, deposit.confirmed_at, deposit.closed_at, deposit.refunded_at)
    return (
        deposit.reference,
        user.username,
        None if user.anonymised_at else user.email,
        as_decimal(deposit.amount_cents),
        deposit.status,
        deposit.provider,
        deposit.provider_reference,
        claim.code if claim else deposit.promotion_code,
        as_decimal(claim.bonus_cents) if claim else None,
        deposit.no_bonus,
        *(money_desk.written(each, zone) for each in times),
        deposit.note,
    )
