"""The form of a discount: one code, or many single-use codes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField
from wtforms.validators import Optional

from app.catalog import service as catalog
from app.web.admin.promotion_fields import HoursFields, PromotionForm, several, typed
from app.web.forms import Form, choices


class OrderFields:
    """What single-use codes shall look like, and how many there shall be."""

    code_prefix = typed(
        _l("Begins with"),
        hint=_l("At most 12 letters, digits, _ or -, such as FLYER-."),
        maxlength=20,
        autocapitalize="characters",
        spellcheck="false",
    )
    code_length = typed(
        _l("Random letters"), mode="numeric", hint=_l("8 to 24 of them follow."), default="10", is_needed=True
    )
    code_count = typed(_l("How many codes"), mode="numeric", hint=_l("At most 100,000."), default="100", is_needed=True)

    ordered: ClassVar[tuple[str, ...]] = ("code_prefix", "code_length", "code_count")


class OrderForm(OrderFields, Form):
    """More codes for a promotion that has some. `known` is how many were ordered when the form was shown."""

    known = HiddenField()

    def fields(self) -> dict[str, Any]:
        return {name: self[name].data for name in self.ordered}


class DiscountForm(OrderFields, HoursFields, PromotionForm):
    """A discount with one code, or with many single-use codes."""

    code_kind = RadioField(
        _l("Which codes"),
        [Optional()],
        choices=choices([("one", _l("One code")), ("many", _l("Many single-use codes"))]),
        default="one",
    )
    code = typed(
        _l("Code"),
        hint=_l("3 to 32 letters, digits, _ or -. Small letters become capitals."),
        maxlength=40,
        is_needed=True,
        autocapitalize="characters",
        spellcheck="false",
    )
    discount_type = RadioField(
        _l("What comes off"),
        choices=choices([("percentage", _l("A percentage")), ("fixed", _l("A fixed amount"))]),
        default="percentage",
    )
    discount_value = typed(
        _l("Value"), mode="decimal", hint=_l("Percent, or an amount of money."), is_needed=True, required=True
    )
    max_discount = typed(_l("At most"), mode="decimal", hint=_l("A cap for percentages. Empty: no cap."))
    applicable_categories = several(_l("Only for these categories"), _l("None ticked: for all."))
    excluded_categories = several(_l("Never for these categories"))
    first_order_only = BooleanField(_l("Only for a first order"))
    release_on_refund = BooleanField(_l("Give the use back when the whole order is refunded"), default=True)
    is_public = BooleanField(_l("Show it in the store's public list"))

    plain: ClassVar[tuple[str, ...]] = (
        *PromotionForm.plain,
        "code",
        "release_on_refund",
        "is_public",
        "discount_type",
        "discount_value",
        "max_discount",
        "applicable_categories",
        "excluded_categories",
        "first_order_only",
    )

    benefit: ClassVar[tuple[str, ...]] = (
        *("discount_type", "discount_value", "max_discount"),
        *("applicable_categories", "excluded_categories", "first_order_only"),
    )

    @property
    def is_batch(self) -> bool:
        return bool(self.code_kind.data == "many")

    def begin(self) -> None:
        super().begin()
        self.begin_hours()

    def show(self, kept: Mapping[str, Any]) -> None:
        super().show(kept)
        self.show_hours(kept["active_hours"])

    def begin_as_copy(self, now: datetime) -> None:
        """The code must be another's; a copy of a batch begins as a batch."""
        self.code_kind.data = "many" if self.code.data is None else "one"
        self.code.data = ""
        super().begin_as_copy(now)

    def fields(self, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        given = {**super().fields(kept), "active_hours": self.hours()}
        if self.discount_type.data == "fixed":  # then its field is out of sight
            given["max_discount"] = kept["max_discount"] if kept else None
        if kept is None and self.is_batch:
            given |= {name: self[name].data for name in self.ordered}
        if self.is_batch if kept is None else kept["code"] is None:
            del given["code"]
        return given

    def amounts(self, kept: Mapping[str, Any]) -> tuple[str, ...]:
        shared = (*super().amounts(kept), "max_discount")
        return (*shared, "discount_value") if kept["discount_type"] == "fixed" else shared

    def offer(self) -> None:
        known = {each.slug: each.name for each in catalog.categories()}
        for field in (self.applicable_categories, self.excluded_categories):
            others = [slug for slug in field.data or () if slug not in known]
            field.choices = choices([*known.items(), *((slug, slug) for slug in others)])
