"""What movements of money were for: the wallet knows references only. Reads only."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import select

from app.kit.db import among, db
from app.kit.lists import stream
from app.offers.models import PURPOSE, Conversion, OfferApplication
from app.wallet import service as wallets
from app.wallet.models import WalletEntry

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Source:
    """A conversion: ours by its row, theirs by its id, the offer by its name at the time, the code that paid for it."""

    row_id: int
    conversion_id: str
    offer: str
    code: str


@dataclass(frozen=True, slots=True)
class Moved:
    """An entry of somebody's wallet, and what it was for, if that is known here."""

    reason: str
    reference: str
    balance: str
    cents: int
    balance_after_cents: int
    at: datetime
    source: Source | None = None


def sources(references: Collection[str]) -> dict[str, Source]:
    """By each reference that names a conversion, what it was. One statement, or none where none does."""
    numbers = (each.removeprefix(PURPOSE) for each in references if each.startswith(PURPOSE))
    ids = {int(each) for each in numbers if each.isdecimal()}
    if not ids:
        return {}
    query = select(Conversion.id, Conversion.conversion_id, OfferApplication.offer_name, Conversion.code)
    found = db.session.execute(
        query.join(OfferApplication, OfferApplication.conversion_id == Conversion.id).where(among(Conversion.id, ids))
    )
    return {f"{PURPOSE}{row.id}": Source(row.id, row.conversion_id, row.offer_name, row.code) for row in found}


def movements(user_id: int) -> Iterator[Moved]:
    """Every entry of somebody's wallet, the oldest first. Two statements for every 500, none held open between them."""
    entries = stream(wallets.entries(user_id), WalletEntry.id, _plain, size=AT_ONCE)
    while batch := list(islice(entries, AT_ONCE)):
        known = sources({each.reference for each in batch})
        db.session.rollback()
        yield from (replace(each, source=known.get(each.reference)) for each in batch)


def _plain(entry: WalletEntry) -> Moved:
    amounts = (entry.amount_cents, entry.balance_after_cents)
    return Moved(entry.reason, entry.reference, entry.balance, *amounts, entry.created_at)
