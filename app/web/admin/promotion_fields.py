"""What the forms of promotions are made of, and what all of them share.

The rooms check the values, for every door alike; a form only reads what has a shape, such as dates. What a kind doesn't
have is on no form of its own: codes and active hours are brought along by those that do.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    RadioField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.audit.models import AuditEntry
from app.config import settings
from app.errors import DomainError, ValidationFailed
from app.kit.text import as_html, as_typed
from app.promotions.fields import MIDNIGHT, instant_at
from app.web.forms import choices, explain, strip
from app.web.pictures import PictureForm, no_picture_field, picture_field

WEEKDAYS = (
    (1, _l("Monday")),
    (2, _l("Tuesday")),
    (3, _l("Wednesday")),
    (4, _l("Thursday")),
    (5, _l("Friday")),
    (6, _l("Saturday")),
    (7, _l("Sunday")),
)
LONGEST_TITLE = 128
RICH = ("description", "terms_and_conditions")
PLAIN_OR_HTML = _l("Plain text, or simple HTML.")
BESIDE_FIELDS = {"deactivated_by": _l("Switched off by"), "status": _l("Status")}
SHOWN_AT = {
    "starts_at": "starts_on",
    "ends_at": "ends_on",
    "active_hours": "has_hours",
    "active_hours.start_time": "opens_at",
    "active_hours.end_time": "closes_at",
    "active_hours.timezone": "hours_timezone",
    "active_hours.weekdays": "weekdays",
}


def typed(
    label: Any, *, hint: Any = "", mode: str = "text", is_needed: bool = False, default: str = "", **attributes: Any
) -> StringField:
    """A line of text; what stands in it is checked where promotions are kept."""
    attributes = {"inputmode": mode, "autocomplete": "off", "required": is_needed, **attributes}
    validators = [] if is_needed else [Optional()]
    return StringField(
        label, validators, filters=[strip], description=hint, default=default or None, render_kw=attributes
    )


def several(label: Any, hint: Any = "", **kwargs: Any) -> SelectMultipleField:
    """Several of a list, each with a box to tick."""
    boxes = {"widget": ListWidget(prefix_label=False), "option_widget": CheckboxInput()}
    return SelectMultipleField(label, description=hint, **boxes, **kwargs)


ABOVE_BENEFIT = (
    *("title", "code_kind", "code", "code_prefix", "code_length", "code_count", "type"),
    *("description", "is_active"),
)
BELOW_BENEFIT = (
    *("starts_on", "starts_time", "ends_on", "ends_time", "min_amount", "usage_limit", "per_user_limit"),
    *("auto_deactivate_on_max_uses", "requires_account", "release_on_refund", "first_deposit_only", "auto_apply"),
    *("has_hours", "opens_at", "closes_at", "hours_timezone", "weekdays"),
    *("picture", "no_picture", "image", "image_url", "is_public", "is_listed", "display_order", "terms_and_conditions"),
)


class PromotionForm(PictureForm):
    """What all kinds share. `benefit` names the fields that stand among the benefit of a kind, as they follow there."""

    version = HiddenField()
    title = typed(
        _l("Title"), hint=_l("Shoppers see it beside the discount."), maxlength=128, is_needed=True, required=True
    )
    description = TextAreaField(_l("Description"), [Optional()], description=PLAIN_OR_HTML, render_kw={"rows": 3})
    is_active = BooleanField(_l("Active"), default=True, description=_l("Can be switched off and on at any time."))

    starts_on = DateField(_l("Starts on"), [Optional()])
    starts_time = TimeField(_l("Start time"), [Optional()])
    ends_on = DateField(_l("Ends on"), [Optional()], description=_l("Without a time: at the midnight that follows."))
    ends_time = TimeField(_l("End time"), [Optional()])

    min_amount = typed(_l("Minimum amount"), mode="decimal", hint=_l("Of the whole cart, before the discount."))
    usage_limit = typed(_l("Uses in all"), mode="numeric", hint=_l("Empty: as many as people like."))
    per_user_limit = typed(_l("Uses per person"), mode="numeric", hint=_l("Empty: as many as people like."))
    auto_deactivate_on_max_uses = BooleanField(
        _l("Switch off when the last use is taken"),
        default=True,
        description=_l("A use given back switches it on again."),
    )
    requires_account = BooleanField(_l("Only for people with an account"))

    picture, no_picture, image = picture_field(), no_picture_field(), HiddenField(_l("Picture"))
    display_order = typed(_l("Place in lists"), mode="numeric", hint=_l("Smaller numbers come first."), is_needed=True)
    terms_and_conditions = TextAreaField(
        _l("Terms and conditions"), [Optional()], description=PLAIN_OR_HTML, render_kw={"rows": 3}
    )

    plain: ClassVar[tuple[str, ...]] = (
        "title",
        "description",
        "is_active",
        "usage_limit",
        "per_user_limit",
        "min_amount",
        "auto_deactivate_on_max_uses",
        "requires_account",
        "terms_and_conditions",
    )

    benefit: ClassVar[tuple[str, ...]] = ()

    def __iter__(self) -> Iterator[Field]:
        """As they follow each other on the page, and so what is wrong in them."""
        order = dict.fromkeys((*ABOVE_BENEFIT, *self.benefit, *BELOW_BENEFIT))
        place = {name: number for number, name in enumerate(order)}
        return iter(sorted(self._fields.values(), key=lambda field: place.get(field.name, -1)))

    @property
    def is_batch(self) -> bool:
        """Whether many codes shall be made of it."""
        return False

    @property
    def is_looking(self) -> bool:
        """Whether it was sent only to look for what can be chosen, so that nothing is to be kept yet."""
        return False

    def begin(self) -> None:
        """Fill in what an empty form is first shown with."""
        self.display_order.data = 0

    def offer(self) -> None:
        """Let that be chosen which there is, and what the form has already."""

    def belong_to(self, promotion_id: int) -> None:
        """Be the form of a promotion that is kept, of which not everything may change."""

    def show(self, kept: Mapping[str, Any]) -> None:
        """Fill in what a room keeps."""
        zone = ZoneInfo(settings().timezone)
        for name in (*self.plain, "display_order"):
            self[name].data = kept[name]
        for name in self.amounts(kept):
            self[name].data = "" if kept[name] is None else f"{Decimal(str(kept[name])):.2f}"
        self.min_amount.data = self.min_amount.data if kept["min_amount"] else ""
        self.image.data = kept["image"]
        for name in RICH:
            self[name].data = as_typed(kept[name])
        self.starts_on.data, self.starts_time.data = _day_and_time(kept["starts_at"], zone)
        self.ends_on.data, self.ends_time.data = _last_day_and_time(kept["ends_at"], zone)

    def begin_as_copy(self, now: datetime) -> None:
        """Keep all but what must be another's: the name, a window that is over, and that it was off."""
        self.title.data = _("Copy of %(title)s", title=self.title.data)[:LONGEST_TITLE]
        self.is_active.data = True
        zone = ZoneInfo(settings().timezone)
        ends_at = _instant(self.ends_on.data, self.ends_time.data, zone, is_end=True)
        if ends_at and ends_at <= now:
            for field in (self.starts_on, self.starts_time, self.ends_on, self.ends_time):
                field.data = None

    def fields(self, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What was typed, as the rooms read it.

        Of a promotion that is `kept`, an instant that was left as it was shown stays so to the second, and the switch
        is only named where it was moved: the system may have been faster.
        """
        zone = ZoneInfo(settings().timezone)
        starts_at = _instant(self.starts_on.data, self.starts_time.data, zone)
        ends_at = _instant(self.ends_on.data, self.ends_time.data, zone, is_end=True)
        given = {
            **{name: self[name].data for name in self.plain},
            **{name: self._rich(name, kept) for name in RICH},
            "display_order": self.display_order.data or 0,
            "image": self.chosen_picture(),
            "starts_at": _unless_touched(starts_at, kept["starts_at"] if kept else None),
            "ends_at": _unless_touched(ends_at, kept["ends_at"] if kept else None),
        }
        if kept and given["is_active"] == kept["is_active"]:
            del given["is_active"]
        return given

    def validate(self, extra_validators: Any = None) -> bool:
        """Also whether each time has its day."""
        fits = super().validate(extra_validators)
        for day, at in ((self.starts_on, self.starts_time), (self.ends_on, self.ends_time)):
            if at.data and not day.data and not day.errors:
                day.errors = (*day.errors, _("Please choose the day too."))
                fits = False
        return fits

    def _rich(self, name: str, kept: Mapping[str, Any] | None) -> str:
        """A text that was left as it was shown stays as it is kept."""
        typed = self[name].data or ""
        return str(kept[name]) if kept and typed == as_typed(kept[name]) else as_html(typed)

    def amounts(self, kept: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG002
        """Those of the fields that are money."""
        return ("min_amount",)

    def refuse(self, refusal: DomainError) -> None:
        """Show a refusal at the fields that it belongs to."""
        explain(self, Placed(refusal))

    def tell(self, faults: Mapping[str, Sequence[Any]]) -> None:
        """Show what else is wrong, at fields of which nothing is said yet."""
        for name, sentences in Placed(ValidationFailed(faults)).fields.items():
            if name in self and not self[name].errors:
                self[name].errors = list(sentences)

    def names_in(self, entries: Sequence[AuditEntry]) -> Mapping[str, Mapping[Any, str]]:  # noqa: ARG002
        """By fields of a room: what that is called which the log keeps the ids of."""
        return {}

    def label(self, name: str) -> str:
        """What a field of a room is called on this form."""
        if name in BESIDE_FIELDS:
            return str(BESIDE_FIELDS[name])
        shown = SHOWN_AT.get(name, name)
        return str(self[shown].label.text) if shown in self else name


class HoursFields:
    """Only at certain hours, by the clock somewhere."""

    has_hours = BooleanField(_l("Only at certain hours"))
    opens_at = typed(_l("Opens"), type="time", hint=_l("An end before the start crosses midnight."), is_needed=True)
    closes_at = typed(_l("Closes after"), type="time", hint=_l("The whole last minute counts."), is_needed=True)
    hours_timezone = typed(_l("Time zone of the hours"), list="timezones", is_needed=True)
    weekdays = several(
        _l("Days on which it opens"), _l("None ticked: every day."), coerce=int, choices=choices(WEEKDAYS)
    )

    def begin_hours(self) -> None:
        """Fill in what an empty form is first shown with."""
        self.opens_at.data, self.closes_at.data = "00:00", "23:59"
        self.hours_timezone.data = settings().timezone

    def show_hours(self, hours: Mapping[str, Any]) -> None:
        """Fill in what a room keeps."""
        self.has_hours.data = hours["enabled"]
        self.opens_at.data, self.closes_at.data = hours["start_time"], hours["end_time"]
        self.hours_timezone.data, self.weekdays.data = hours["timezone"], hours["weekdays"]

    def hours(self) -> dict[str, Any]:
        """As the rooms read them; fields that are out of sight don't count."""
        if not self.has_hours.data:
            return {"enabled": False}
        return {
            "enabled": True,
            "start_time": self.opens_at.data or "00:00",
            "end_time": self.closes_at.data or "23:59",
            "timezone": self.hours_timezone.data or settings().timezone,
            "weekdays": self.weekdays.data or [],
        }


class Placed(DomainError):
    """A refusal whose fields carry the names of the form."""

    def __init__(self, refusal: DomainError) -> None:
        super().__init__(refusal.message)
        self._fields = {SHOWN_AT.get(name, name): sentences for name, sentences in refusal.fields.items()}

    @property
    def fields(self) -> dict[str, list[str]]:
        return self._fields


def as_words(field: Field) -> str:
    """What stands in a field, for people."""
    if isinstance(field, BooleanField):
        return _("Yes") if field.data else _("No")
    if isinstance(field, RadioField | SelectMultipleField):
        chosen = field.data if isinstance(field.data, list) else [field.data]
        offered: Any = field.choices
        return ", ".join(str(each.label) for each in offered if each.value in chosen)
    return str(getattr(field, "_value", str)()).strip()


def _instant(day: date | None, at: time | None, zone: ZoneInfo, *, is_end: bool = False) -> datetime | None:
    return None if day is None else instant_at(day, at, zone, is_end=is_end)


def _unless_touched(typed: datetime | None, kept: datetime | None) -> datetime | None:
    """Forms show minutes: whoever changes none of them changes no seconds."""
    same_minute = typed and kept and typed == kept.replace(second=0, microsecond=0)
    return kept if same_minute else typed


def _day_and_time(moment: datetime | None, zone: ZoneInfo) -> tuple[date | None, time | None]:
    if moment is None:
        return None, None
    local = moment.astimezone(zone)
    return local.date(), None if local.time() == MIDNIGHT else local.time().replace(second=0, microsecond=0)


def _last_day_and_time(moment: datetime | None, zone: ZoneInfo) -> tuple[date | None, time | None]:
    day, at = _day_and_time(moment, zone)
    return (day - timedelta(days=1), None) if day is not None and at is None else (day, at)
