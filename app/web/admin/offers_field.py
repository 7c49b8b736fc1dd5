"""The field in which offers are chosen: a box for each, and a search where there are many.

What is ticked always stands first, whatever is searched for. The search's inputs carry the field's name and a dash.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import not_
from wtforms import SelectMultipleField

from app.kit.db import among, db
from app.kit.htmx import wants_part
from app.kit.text import is_writable
from app.offers import catalogue
from app.offers.models import Offer
from app.web.arguments import whole_number
from app.web.forms import choices

AT_ONCE = 20
LONGEST = 100


class OffersField(SelectMultipleField):
    """`data` are ids of offers; `shown` are the offers that can be ticked now, `search` what was looked for.

    There is more to find where it `has_more`; it `is_searched` where there are more than are shown at once.
    """

    part: ClassVar[str] = "admin/promotion_kinds/offers.html"

    def __init__(self, label: Any, **kwargs: Any) -> None:
        kwargs |= {"coerce": _offer_id, "choices": [], "validate_choice": False}
        super().__init__(label, **kwargs)  # type: ignore[no-untyped-call]
        self.search, self.is_looking = "", False
        self.shown: Sequence[Offer] = ()
        self.has_more = self.is_searched = False

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        super().process(formdata, *args, **kwargs)  # type: ignore[no-untyped-call]
        if formdata is None:
            return
        self.search, found = (_typed(formdata, f"{self.name}-{each}") for each in ("search", "found"))
        is_asked = f"{self.name}-find" in formdata or self.search != found
        self.is_looking = is_asked and not wants_part()

    def offer(self) -> None:
        """Find what can be ticked, in two statements: what is ticked, and what the search finds beside it."""
        ticked = self.data or []
        is_ticked = among(Offer.id, ticked)
        chosen = db.session.scalars(catalogue.offers().where(is_ticked)).all() if ticked else []
        wanted = catalogue.offers(search=self.search).where(not_(is_ticked))
        found = db.session.scalars(wanted.limit(AT_ONCE + 1)).all()
        self.has_more = len(found) > AT_ONCE
        self.is_searched = self.has_more or bool(self.search)
        self.shown = [*chosen, *found[:AT_ONCE]]
        gone = set(ticked) - {each.id for each in chosen}
        known = [(each.id, each.name) for each in self.shown]
        self.choices = choices([*known, *((each, str(each)) for each in sorted(gone))])


def _offer_id(value: Any) -> int:
    number = whole_number(str(value))
    if number is None:
        raise ValueError
    return number


def _typed(formdata: Any, name: str) -> str:
    text: str = formdata.getlist(name)[0].strip()[:LONGEST] if name in formdata else ""
    return text if is_writable(text) else ""
