"""Why a promotion does or doesn't apply to somebody, with something, at some moment. Reads only, and takes nothing.

The moment moves only the clock: counters, switches and terms are those of now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Row, bindparam

from app.accounts.persons import Person
from app.errors import NotFound
from app.kit.db import row
from app.kit.text import normalise_code
from app.promotions import kinds
from app.promotions.errors import UnknownCode
from app.promotions.kinds import Kind
from app.promotions.models import PromotionCode
from app.promotions.rules import Benefit, Item, Terms, Verdict, first_failure, judge
from app.promotions.service import context_of, finding_promotion

BY_ITSELF = finding_promotion(PromotionCode.batch_id.is_(None))
BY_CODE = finding_promotion(PromotionCode.code == bindparam("code"))


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every rule's verdict, in the order in which reasons are told, and what would come of it: None if nothing does."""

    kind: Kind
    terms: Terms
    verdicts: tuple[Verdict, ...]
    benefit: Benefit | None
    amount_cents: int

    @property
    def failed(self) -> Verdict | None:
        return first_failure(self.verdicts)

    @property
    def is_eligible(self) -> bool:
        return self.failed is None

    @property
    def reason(self) -> str | None:
        return self.failed.rule if self.failed else None

    @property
    def gives_nothing(self) -> bool:
        """Whether it applies, and nothing would come of it all the same."""
        return self.benefit is not None and self.benefit.is_nothing

    @property
    def message(self) -> str:
        """What the shopper is told."""
        if self.failed:
            return self.kind.sentence(self.failed)
        return _("It applies, but would give nothing.") if self.gives_nothing else _("It applies.")


def explain(  # noqa: PLR0913
    promotion_id: int,
    *,
    person: Person | None,
    items: Sequence[Item],
    amount_cents: int,
    at: datetime,
    code: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Explanation:
    """Judge a promotion of any kind. Where there are items, `amount_cents` is not looked at.

    `facts` are what is known of the occasion beside what the kind knows of the person, such as which offer it is for.
    Codes of a batch have limits of their own, so `code` may say which; else it is one that nobody has used. Raises
    NotFound, and UnknownCode where the promotion has no such code.

    One statement for what changes with every use, and what the kind needs to know its terms and its facts.
    """
    found = _find(promotion_id, person, normalise_code(code))
    kind = kinds.named(found.kind)
    terms = kind.terms_of(promotion_id)
    amount = sum(item.total_cents for item in items) if items else amount_cents
    known = {**kind.facts_of(person, promotion_id), **(facts or {})}
    asked, held = kind.measured(terms, amount, known)
    context = context_of(
        found,
        now=at,
        has_account=person is not None and person.has_account,
        amount_cents=held,
        categories=[item.category for item in items] if items else None,
        facts=known,
    )
    verdicts = judge(asked, context, kind.rules)
    benefit = kind.benefit(terms, items, amount) if first_failure(verdicts) is None else None
    return Explanation(kind, terms, verdicts, benefit, amount)


def _find(promotion_id: int, person: Person | None, code: str) -> Row[Any]:
    """What is never cached about it, as for a quote."""
    wanted = {"promotion_id": promotion_id, "person": person.key if person else ""}
    found = row(BY_CODE, wanted | {"code": code}) if code else row(BY_ITSELF, wanted)
    if found is None:
        raise NotFound
    if code and found.code_id is None:
        raise UnknownCode(field="code")
    return found
