"""The form of an offer code: what completed offers earn with it, and which of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, StringField

from app.audit.models import AuditEntry
from app.config import settings
from app.offers import catalogue
from app.web.admin.offers_field import OffersField
from app.web.admin.promotion_fields import LONGEST_TITLE, HoursFields, PromotionForm, typed
from app.web.forms import choices, strip


class BonusValueField(StringField):
    """A number whose unit, percent or money, follows the type that is chosen."""

    part: ClassVar[str] = "admin/promotion_kinds/bonus_value.html"

    @property
    def currency(self) -> str:
        return settings().currency


class OfferCodeForm(HoursFields, PromotionForm):
    """A code that clients put on their accounts, so it always needs one, and no shop shows it."""

    title = typed(_l("Title"), hint=_l("Clients see it beside the code."), maxlength=LONGEST_TITLE, is_needed=True)
    code = typed(
        _l("Code"),
        hint=_l("3 to 32 letters, digits, _ or -. Small letters become capitals."),
        maxlength=40,
        is_needed=True,
        autocapitalize="characters",
        spellcheck="false",
    )
    bonus_type = RadioField(
        _l("What an offer earns"),
        choices=choices([("percentage", _l("A part of its payout")), ("fixed", _l("A fixed amount"))]),
        default="percentage",
    )
    bonus_value = BonusValueField(  # type: ignore[no-untyped-call]
        _l("Value"),
        filters=[strip],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "required": True},
    )
    max_bonus = typed(_l("At most"), mode="decimal", hint=_l("For each completed offer. Empty: no cap."))
    min_amount = typed(
        _l("Least payout"), mode="decimal", hint=_l("Offers that pay less earn nothing. Empty: any payout.")
    )
    applicable_offers = OffersField(_l("Which offers"), description=_l("None ticked: every offer, also later ones."))
    usage_limit = typed(
        _l("Uses in all"), mode="numeric", hint=_l("Each bonus is one use. Empty: as many as people earn.")
    )
    per_user_limit = typed(_l("Uses per client"), mode="numeric", hint=_l("Empty: as many as they earn."))
    requires_account = None  # type: ignore[assignment]  # so WTForms leaves a field out

    plain: ClassVar[tuple[str, ...]] = (
        *(name for name in PromotionForm.plain if name != "requires_account"),
        "code",
        "bonus_type",
        "bonus_value",
        "max_bonus",
        "applicable_offers",
    )
    benefit: ClassVar[tuple[str, ...]] = ("bonus_type", "bonus_value", "min_amount", "max_bonus", "applicable_offers")

    @property
    def is_looking(self) -> bool:
        return self.applicable_offers.is_looking

    def begin(self) -> None:
        super().begin()
        self.begin_hours()

    def show(self, kept: Mapping[str, Any]) -> None:
        super().show(kept)
        self.show_hours(kept["active_hours"])

    def begin_as_copy(self, now: datetime) -> None:
        """The code must be another's."""
        self.code.data = ""
        super().begin_as_copy(now)

    def fields(self, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return {**super().fields(kept), "active_hours": self.hours()}

    def amounts(self, kept: Mapping[str, Any]) -> tuple[str, ...]:
        shared = (*super().amounts(kept), "max_bonus")
        return (*shared, "bonus_value") if kept["bonus_type"] == "fixed" else shared

    def offer(self) -> None:
        self.applicable_offers.offer()

    def names_in(self, entries: Sequence[AuditEntry]) -> Mapping[str, Mapping[Any, str]]:
        """By one statement."""
        told = [side.get("applicable_offers") or [] for each in entries for side in (each.before, each.after) if side]
        offer_ids = sorted({each for ids in told for each in ids})
        return {"applicable_offers": catalogue.names(offer_ids)} if offer_ids else {}
