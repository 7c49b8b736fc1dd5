"""Who races for what offer codes give, and their guards taken off. Product code has no such switch."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit.service import SYSTEM, Actor
from app.errors import NotFound
from app.kit.db import db, retry_lost_transactions, unit_of_work
from app.offers import catalogue, converting, editing
from app.offers import service as offers
from app.offers.errors import UnknownClient, UnknownOffer
from app.offers.models import Conversion, Offer, OfferCode
from app.offers.service import Completed
from app.promotions.errors import Archived
from app.wallet import ledger
from app.wallet.models import CASH, Wallet, WalletDebt, WalletEntry
from tests import make
from tests.make_kit import NOW
from tests.racing import after_statement, before_statement

Contestant = Callable[[], Any]
JUDGED = after_statement(r"^SELECT promotion_codes\.id AS code_id")
PAYING = before_statement(r"^SAVEPOINT", letting_go=True)
REFUSED = "the table refuses it"


def trying(work: Contestant, told: str | None = None) -> Contestant:
    """A request: in a transaction, again where that lost to another one; its result, unless `told` is.

    What a constraint refuses is an outcome too.
    """

    def once() -> Any:
        try:
            with unit_of_work():
                result = work()
        except IntegrityError:
            return REFUSED
        return result if told is None else told

    return lambda: retry_lost_transactions(once)


def told(user: User, offer: Offer, conversion_id: str, payout_cents: int = 2000) -> Completed:
    return Completed(conversion_id, offer.external_id, user.username, payout_cents)


def converter(user: User, offer: Offer, conversion_id: str = "") -> Contestant:
    """What it earned."""
    what = told(user, offer, conversion_id or f"of {user.username}")
    return trying(lambda: offers.record(what, now=NOW)[0].bonus_cents)


def teller(what: Completed) -> Contestant:
    """What was answered, and whether it was new."""

    def tell() -> tuple[Any, ...]:
        kept, is_new = offers.record(what, now=NOW)
        return (kept.id, kept.payout_cents, kept.bonus_cents, kept.code), is_new

    return trying(tell)


def reverser(conversion: Conversion) -> Contestant:
    conversion_id = conversion.conversion_id
    return trying(lambda: offers.reverse(conversion_id, actor=SYSTEM, now=NOW), "reversed")


def applier(user: User, code: OfferCode) -> Contestant:
    typed = make.code_of(code)
    return trying(lambda: "applied" if offers.apply(user, typed, now=NOW).is_new else "there already")


def remover(user: User, user_promo_code_id: int) -> Contestant:
    return trying(lambda: offers.remove(user, user_promo_code_id, now=NOW).status)


def code_deleter(code: OfferCode) -> Contestant:
    promotion_id = code.id

    def delete() -> str:
        try:
            return "deleted" if editing.remove(promotion_id, SYSTEM, NOW) else "archived"
        except (NotFound, Archived):
            return "gone already"

    return trying(delete)


def offer_deleter(offer: Offer) -> Contestant:
    offer_id = offer.id
    return trying(lambda: catalogue.remove(offer_id, actor=SYSTEM), "deleted")


def scoper(offer: Offer, code: str) -> Contestant:
    """An admin who makes a code for this offer only."""
    fields = {"title": "Only this", "code": code, "bonus_type": "fixed", "bonus_value": 1}
    named = {**fields, "applicable_offers": [offer.external_id]}
    return trying(lambda: editing.create(named, SYSTEM, NOW), "made")


def keep_without_looking(what: Completed, user: User, offer: Offer, _actor: object, now: datetime) -> Conversion | None:
    """`converting._keep` for those who trust that nobody else tells of it."""
    values = {"conversion_id": what.conversion_id, "offer_id": offer.id, "user_id": user.id}
    times = {"completed_at": now, "received_at": now}
    amounts = {"payout_cents": what.payout_cents, "bonus_cents": 0, "passed_over": []}
    return db.session.scalar(insert(Conversion).values(**values, **times, **amounts).returning(Conversion))


def reverse_unlocked(conversion_id: str, *, actor: Actor, now: datetime) -> Conversion:  # noqa: ARG001
    """`converting.reverse` for those who trust that what they see unreversed stays so."""
    found = converting.find(conversion_id)
    assert found is not None
    if found.reversed_at is None:
        found.reversed_at = now
        db.session.flush()
        converting._take_back(found, now)  # noqa: SLF001
    return found


def hold_only_the_client(username: str, _actor: object) -> User:
    """`converting._client` for those who forget whose name stands beside it."""
    found = accounts.find(username)
    if found is None:
        raise UnknownClient
    return accounts.hold(found.id)[found.id]


def offer_unlocked(external_id: str) -> Offer:
    """`converting._offer` for those who trust that an offer stays."""
    offer = db.session.scalar(select(Offer).where(Offer.external_id == external_id))
    if offer is None:
        raise UnknownOffer
    return offer


def resolved_unlocked(named: Sequence[int | str], _errors: object) -> list[int]:
    """`editing._resolved` for the same."""
    wanted = or_(Offer.id.in_([each for each in named if isinstance(each, int)]), Offer.external_id.in_(named))
    return list(db.session.scalars(select(Offer.id).where(wanted)))


def promotion_unlocked(_promotion_id: int) -> bool:
    """`applying._hold` for those who trust that a code stays."""
    return True


def crediter(user: User, cents: int, reference: str) -> Contestant:
    """What there is then."""
    user_id = user.id
    return trying(lambda: ledger.credit(user_id, cents, reason="test", reference=reference, now=NOW))


def taker(user: User, cents: int, reference: str) -> Contestant:
    """How much came back."""
    user_id = user.id
    return trying(lambda: ledger.take_back(user_id, cents, reason="back", reference=reference, now=NOW))


def credit_what_was_read(user_id: int, cents: int, *, reason: str, reference: str, now: datetime) -> int:
    """`ledger.credit` for those who trust the balance that they have read before."""
    balance = _read(user_id) + cents
    _write(user_id, balance, cents, reason, reference, now)
    return balance


def take_what_was_read(user_id: int, cents: int, *, reason: str, reference: str, now: datetime) -> int:
    """`ledger.take_back` for the same."""
    there = _read(user_id)
    taken = min(cents, there)
    if taken:
        _write(user_id, there - taken, -taken, reason, reference, now)
    if cents > taken:
        debt = {"user_id": user_id, "amount_cents": cents - taken, "reason": reason, "reference": reference}
        db.session.add(WalletDebt(**debt, created_at=now))
        db.session.flush()
    return taken


def _read(user_id: int) -> int:
    return db.session.scalar(select(Wallet.cash_cents).where(Wallet.user_id == user_id)) or 0


def _write(user_id: int, balance: int, cents: int, reason: str, reference: str, now: datetime) -> None:
    written = update(Wallet).where(Wallet.user_id == user_id).values(cash_cents=balance)
    db.session.execute(written, execution_options={"synchronize_session": False})
    what = {"reason": reason, "reference": reference, "created_at": now, "balance": CASH}
    db.session.add(WalletEntry(user_id=user_id, amount_cents=cents, balance_after_cents=balance, **what))
    db.session.flush()
