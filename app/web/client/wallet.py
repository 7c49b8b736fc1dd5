"""The client's money: what there is, what is on its way in or out, and where it came from."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, stream_with_context
from flask.typing import ResponseReturnValue

from app.accounts.models import User
from app.bonuses import claims, shelf
from app.bonuses.shelf import OnShelf
from app.bonuses.words import why_not
from app.config import settings
from app.deposits import finding
from app.deposits.models import REQUESTED, Deposit
from app.kit import clock, sheets
from app.kit.db import db
from app.kit.htmx import page
from app.kit.lists import paginate
from app.kit.money import as_decimal
from app.kit.sheets import Cell
from app.offers.sources import AT_ONCE, Moved, movements
from app.wallet import service as wallets
from app.web.arguments import page_number
from app.web.client import bonus_words, bp
from app.web.client.choosing import Chosen, chosen_by_code, coming_by_itself
from app.web.client.entries import Known, known
from app.web.client.pulse import stamp, unchanged
from app.web.visitor import access, me

WALLET = ("client/wallet.html", "client/_wallet.html")
COLUMNS = ("when", "what_for", "balance", "offer", "code", "conversion", "amount", "balance_after")
LATEST = 4
OFTEN, SELDOM = 3000, 15_000


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form, as it was typed, and what is wrong with it, by field.

    `is_by_code` the bonus was chosen just now, by the code that was typed for it. `asks_cents` is what a withdrawal
    comes to that waits for the client to be sure of it.
    """

    amount: str = ""
    pay_to: str = ""
    chosen: Chosen = field(default_factory=Chosen)
    errors: dict[str, str] = field(default_factory=dict)
    other_code: str = ""
    is_by_code: bool = False
    asks_cents: int = 0


@bp.get("/wallet")
@access("client")
def show_wallet() -> ResponseReturnValue:
    """The page; for a part all that it shows, or 204 when that is as it was `seen`.

    `code` in the address chooses the bonus of this code for the next deposit; `paid` comes back from a payment.
    """
    chosen = chosen_by_code(me(), request.args.get("code", ""), clock.now())
    return wallet_page(me(), deposit=Typed(chosen=chosen), looks=True)


@bp.get("/wallet.csv")
@access("client")
def export_wallet() -> ResponseReturnValue:
    """Every entry, the oldest first, by the client's clock, as a file that spreadsheets open."""
    zone = ZoneInfo(me().timezone)
    answer = Response(
        stream_with_context(sheets.chunks(sheets.lines(COLUMNS, _rows(me().id, zone)))), mimetype="text/csv"
    )
    answer.headers.set("Content-Disposition", "attachment", filename="wallet.csv")
    return answer


def wallet_page(
    user: User,
    status: int = 200,
    *,
    deposit: Typed | None = None,
    withdrawal: Typed | None = None,
    looks: bool = False,
) -> Response:
    """The wallet with what was typed into its forms; who only `looks` is told if nothing has changed."""
    deposit, withdrawal = deposit or Typed(), withdrawal or Typed()
    offered = shelf.for_deposits(user, clock.now(), deposit.chosen.code)
    shown = _look(user, offered)
    same = unchanged(shown["stamp"]) if looks else None
    if same:
        return same
    shown |= {"typed": deposit, "wanted": withdrawal, "preview": deposit.chosen.preview(offered)}
    shown["automatic"] = coming_by_itself(offered, deposit.chosen)
    shown |= _constants(shown["unpaid"])
    return page(*WALLET, status, **shown)


def about_deposits(deposits: Collection[Deposit]) -> dict[str, Any]:
    """What rows of deposits tell besides themselves: the bonuses that were chosen, and what came of them."""
    return {
        "titles": claims.titles({each.promotion_id for each in deposits if each.promotion_id}),
        "came": claims.by_ids([each.member_promotion_id for each in deposits if each.member_promotion_id]),
        "why_not": why_not,
    }


def _look(user: User, offered: Sequence[OnShelf]) -> dict[str, Any]:
    balances, debts = wallets.balances(user.id), wallets.debts(user.id)
    owed_cents = sum(each.amount_cents for each in debts)
    entries = paginate(wallets.entries(user.id), number=page_number())
    active = claims.active_of(user.id, clock.now())
    unpaid = finding.open_deposits(user.id)
    deposits = db.session.scalars(finding.own_deposits(user.id).where(Deposit.status != REQUESTED).limit(LATEST)).all()
    withdrawals = db.session.scalars(finding.own_withdrawals(user.id).limit(LATEST)).all()
    references = [*(each.reference for each in entries.items), *(each.reference for each in debts)]
    return {
        "balances": balances,
        "debts": debts,
        "owed_cents": owed_cents,
        "free_cents": max(0, balances.cash_cents - owed_cents),
        "entries": entries,
        "known": known(references),
        "active": active,
        "unpaid": unpaid,
        "deposits": deposits,
        "withdrawals": withdrawals,
        "offered": offered,
        **about_deposits({each.id: each for each in (*unpaid, *deposits)}.values()),
        "stamp": stamp(
            balances,
            [each.id for each in debts],
            [(each.id, each.current_turnover_cents, each.promotion.ends_at) for each in active],
            [(each.id, each.status) for each in (*unpaid, *deposits)],
            [(each.id, each.status) for each in withdrawals],
            [(each.bonus.id, each.terms.version) for each in offered],
            [each.id for each in entries.items],
            (entries.number, entries.total),
        ),
    }


def _constants(unpaid: Sequence[Deposit]) -> dict[str, Any]:
    is_back = request.args.get("paid") == "1" and bool(unpaid)
    return {
        "new_key": lambda: secrets.token_urlsafe(16),
        "words": bonus_words,
        "currency": settings().currency,
        "is_back": is_back,
        "every": OFTEN if is_back else SELDOM,
        "by_hand": settings().payments == "manual",
    }


def _rows(user_id: int, zone: ZoneInfo) -> Any:
    moved = movements(user_id)
    while batch := list(islice(moved, AT_ONCE)):
        about = known({each.reference for each in batch})
        db.session.rollback()
        yield from (_cells(each, about, zone) for each in batch)


def _cells(moved: Moved, about: Known, zone: ZoneInfo) -> Sequence[Cell]:
    source = moved.source
    return (
        moved.at.astimezone(zone).isoformat(timespec="seconds"),
        about.what_for(moved),
        moved.balance,
        *((source.offer, source.code, source.conversion_id) if source else (None, None, None)),
        as_decimal(moved.cents),
        as_decimal(moved.balance_after_cents),
    )
