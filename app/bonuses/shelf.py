"""The bonuses that are open to a member, and why one isn't. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from app.accounts.models import User
from app.bonuses.claiming import FOUND, judged, terms_at
from app.bonuses.models import DEPOSIT, Bonus
from app.bonuses.rules import BonusTerms, bonus_on, required_turnover
from app.bonuses.words import sentence
from app.kit.db import db
from app.kit.text import normalise_code
from app.promotions.fields import is_code
from app.promotions.models import BY_PERSON, Promotion, PromotionCode
from app.promotions.rules import Verdict, first_failure
from app.wallet import service as wallets

DEPOSITED = "deposit"
OVER = {"expired", "inactive", "not_found"}


@dataclass(frozen=True, slots=True)
class OnShelf:
    """A bonus as a member sees it: its terms, and the verdict that speaks against it for them, if any does."""

    bonus: Bonus
    code: str
    terms: BonusTerms
    failed: Verdict | None

    @property
    def is_open(self) -> bool:
        return self.failed is None

    @property
    def why_not(self) -> str:
        """In a sentence; nothing where it is open."""
        return sentence(self.failed) if self.failed else ""

    @property
    def is_over(self) -> bool:
        """Whether nobody needs to hear of it any more; what a person has switched off is, also where it is used up."""
        is_taken_off = self.bonus.promotion.deactivated_by == BY_PERSON
        return is_taken_off or (self.failed is not None and self.failed.rule in OVER)

    def on(self, deposit_cents: int) -> tuple[int, int]:
        """What a deposit of so much would bring: the bonus, and the turnover that it asks for."""
        bonus = bonus_on(self.terms, deposit_cents)
        return bonus, required_turnover(self.terms.turnover_hundredths, deposit_cents, bonus)


def shown_to(user: User, now: datetime) -> Sequence[OnShelf]:
    """Listed bonuses that run or will run, by display order, whether they hold for this member or not."""
    return [each for each in _judged(user, now, Bonus.is_listed) if not each.is_over]


def for_deposits(user: User, now: datetime, code: str = "") -> Sequence[OnShelf]:
    """Those of them that a deposit can bring; what comes by itself, and the one of this code, listed or not."""
    seen = (Bonus.is_listed, Bonus.auto_apply.expression)
    which = or_(*seen, PromotionCode.code == code) if code else or_(*seen)
    return [each for each in _judged(user, now, which) if each.terms.type == DEPOSIT and each.is_open]


def by_code(user: User, now: datetime, typed: str) -> OnShelf | None:
    """The bonus whose code this is, listed or not, as it stands for this member; None where no bonus has it."""
    code = normalise_code(typed)
    return next(iter(_judged(user, now, PromotionCode.code == code)), None) if is_code(code) else None


def by_id(user: User, now: datetime, promotion_id: int) -> OnShelf | None:
    """The bonus of this number, listed or not, as it stands for this member; None where there is none."""
    return next(iter(_judged(user, now, Promotion.id == promotion_id)), None)


def has_deposited(user_id: int) -> bool:
    """Whether a deposit of theirs was ever confirmed."""
    return wallets.has_entry(user_id, DEPOSITED)


def outside_pictures() -> Sequence[str]:
    """The addresses of pictures that are kept elsewhere, of every bonus that isn't archived."""
    query = select(Bonus.image_url).join(Bonus.promotion).where(Promotion.archived_at.is_(None))
    return [url for url in db.session.scalars(query.where(Bonus.image_url.is_not(None)).distinct()) if url]


def _judged(user: User, now: datetime, which: Any) -> Sequence[OnShelf]:
    found = db.session.execute(FOUND.where(which, Promotion.archived_at.is_(None)), {"person": user.person.key}).all()
    if not found:
        return []
    is_first = not has_deposited(user.id)
    rows = _rows([each.promotion_id for each in found])
    by_id = {each.promotion_id: each for each in found}
    return [_on_shelf(rows[each], by_id[each], is_first, now) for each in rows]


def _on_shelf(own: Bonus, found: Row[Any], is_first: bool, now: datetime) -> OnShelf:  # noqa: FBT001
    """How much is deposited isn't known yet, so that no minimum speaks against it."""
    terms = terms_at(found, own)
    amount = terms.min_amount_cents
    verdicts = judged(found, now, amount, {"is_first_deposit": is_first})
    return OnShelf(own, found.code, terms, first_failure(verdicts))


def _rows(promotion_ids: Sequence[int]) -> dict[int, Bonus]:
    promotion = contains_eager(Bonus.promotion).options(joinedload(Promotion.single_code))
    query = select(Bonus).join(Bonus.promotion).options(promotion).where(Bonus.promotion_id.in_(promotion_ids))
    rows = db.session.scalars(query.order_by(Promotion.display_order, Promotion.id.desc())).all()
    return {each.promotion_id: each for each in rows}
