"""Deposits that other programs have taken, and what was played outside of the store."""

from flask_babel import gettext as _

from app.api import bp
from app.api.deposit_schemas import (
    BonusGiven,
    NewDeposit,
    NewTurnover,
    NoBonusGiven,
    RecordedDeposit,
    RecordedTurnover,
)
from app.api.endpoint import Answer, Promise, endpoint
from app.api.tokens import actor, caller, requires
from app.bonuses import claims, turnover
from app.bonuses.words import why_not
from app.deposits import service as deposits
from app.deposits.models import Deposit
from app.deposits.service import Received
from app.kit import clock
from app.kit.db import unit_of_work

TAG = "Deposits and turnover"
NO_SUCH_CLIENT = "`not_found`: there is no active client of this `username`."
RECORDED_BEFORE = "This `depositId` was recorded before; the same answer again."
COUNTED_BEFORE = "This `eventId` was recorded before; the same answer again."


@bp.post("/v1/deposits")
@requires(scope="deposits")
@endpoint(
    Promise(TAG, RecordedDeposit, 201, body=NewDeposit, refuses={404: NO_SUCH_CLIENT}, again=RECORDED_BEFORE),
)
def record_deposit(body: NewDeposit) -> Answer:
    """Record a confirmed deposit.

    The money is in the client's wallet at once and once: under the same `depositId` it is the same deposit, whatever
    else is sent. A bonus that doesn't hold never loses the deposit: `promotion` says what came of it.
    """
    told = Received(body.deposit_id, body.username, body.amount, body.promotion_code)
    with unit_of_work():
        deposit, is_new = deposits.record(told, clock.now(), actor())
        return Answer(_recorded(body.deposit_id, deposit), _message(deposit), 201 if is_new else 200)


@bp.post("/v1/turnover")
@requires(scope="deposits")
@endpoint(Promise(TAG, RecordedTurnover, 201, body=NewTurnover, refuses={404: NO_SUCH_CLIENT}, again=COUNTED_BEFORE))
def record_turnover(body: NewTurnover) -> Answer:
    """Record turnover.

    It counts at once and once for the client's oldest active bonuses whose categories it fits, each up to what it still
    requires; one whose turnover is reached is released.
    """
    who, category = actor() if caller().user else None, (body.category or "").strip() or None
    with unit_of_work():
        is_new = turnover.record(body.event_id, body.username, body.amount, category, clock.now(), who)
        event = turnover.find(body.event_id)
        assert event is not None, "it was just recorded"
        shown = RecordedTurnover(event_id=body.event_id, amount=event.amount_cents)
    return Answer(shown, _("The turnover is recorded."), 201 if is_new else 200)


def _recorded(deposit_id: str, deposit: Deposit) -> RecordedDeposit:
    """As it was right then: from what is kept with the deposit, so that it is told the same again."""
    assert deposit.cash_after_cents is not None, "it is confirmed"
    return RecordedDeposit(deposit_id=deposit_id, balance=deposit.cash_after_cents, promotion=_promotion(deposit))


def _promotion(deposit: Deposit) -> BonusGiven | NoBonusGiven | None:
    if deposit.member_promotion_id is not None:
        return BonusGiven(bonus_amount=claims.get(deposit.member_promotion_id).bonus_cents)
    return NoBonusGiven(reason=deposit.no_bonus.partition(":")[0]) if deposit.no_bonus else None


def _message(deposit: Deposit) -> str:
    if deposit.no_bonus:
        return _("The deposit is recorded, without a bonus: %(why)s", why=why_not(deposit.no_bonus))
    return _("The deposit is recorded.")
