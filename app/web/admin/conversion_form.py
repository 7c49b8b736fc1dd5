"""The form on which an admin records that a client has completed an offer."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from app.accounts import service as accounts
from app.config import settings
from app.kit import clock
from app.offers import service as offers
from app.offers.errors import UnknownClient
from app.offers.models import LONGEST_ID, Conversion, Offer
from app.offers.service import Completed
from app.offers.words import IN_THE_FUTURE
from app.promotions.fields import YEARS
from app.web.admin.promotion_fields import typed
from app.web.fields import AmountField, Filled
from app.web.filters import money
from app.web.forms import strip
from app.web.once import OnceForm

NEEDED = _l("Please fill this in.")


class ConversionForm(OnceForm):
    """Whoever presses twice records once."""

    username = StringField(
        _l("Client"),
        [Filled(NEEDED), Length(max=32)],
        filters=[strip],
        description=_l("The username of whoever has completed it."),
        render_kw={
            "autocomplete": "off",
            "maxlength": 32,
            "autocapitalize": "none",
            "spellcheck": "false",
            "list": "conversion-clients",
        },
    )
    offer_id = SelectField(_l("Offer"), [Filled(_l("Please choose an offer."))])
    payout = AmountField(
        _l("Payout"),
        [Optional()],
        description=_l("Empty: what the offer usually pays."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    completed_at = DateTimeLocalField(
        _l("Completed"), [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
    )
    conversion_id = typed(
        _l("Conversion id"),
        hint=_l("The id under which whoever pays for the offer knows it. Empty: one is made up."),
        maxlength=LONGEST_ID,
        autocapitalize="none",
        spellcheck="false",
    )

    def __init__(self, offers: Sequence[Offer], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = {str(each.id): each for each in offers}
        self.offer_id.choices = [SelectChoice("", _("Please choose")), *map(_option, offers)]

    @property
    def is_named(self) -> bool:
        """Whether the admin has given it an id."""
        return bool(self.conversion_id.data)

    def validate(self, extra_validators: Any = None) -> bool:
        """Also what the room would refuse, so that everything is told at once."""
        fits = super().validate(extra_validators)
        named, at = self.conversion_id.data or "", self.completed_at.data
        if len(named) > LONGEST_ID:
            fits = _refuse(self.conversion_id, _("Please use at most %(max)d characters.", max=LONGEST_ID))
        elif not named.isprintable() and not self.conversion_id.errors:
            fits = _refuse(self.conversion_id, _("Please use only characters that can be seen."))
        if at is not None and at.year not in YEARS:
            fits = _refuse(self.completed_at, _("Please give a year from 1970 to 8999."))
        elif at is not None and offers.is_ahead(_instant(at), clock.now()):
            fits = _refuse(self.completed_at, str(IN_THE_FUTURE))
        if self.username.data and not self.username.errors and not offers.is_client(self.username.data):
            fits = _refuse(self.username, str(UnknownClient.message))
        return fits

    def told(self) -> Completed:
        """What was typed, as the room takes it; times are those of the installation's clock."""
        offer = self.offers[self.offer_id.data]
        at: datetime | None = self.completed_at.data
        return Completed(
            self.conversion_id.data or f"manual-{self.key.data}",
            offer.external_id,
            self.username.data or "",
            offer.payout_cents if self.payout.data is None else self.payout.data,
            _instant(at) if at else None,
        )

    def says(self, conversion: Conversion) -> bool:
        """Whether this conversion is what was typed."""
        told, client = self.told(), accounts.find(self.username.data or "")
        typed = (client and client.id, self.offers[self.offer_id.data].id, told.payout_cents)
        kept = (conversion.user_id, conversion.offer_id, conversion.payout_cents)
        return typed == kept and (told.completed_at or conversion.received_at) == conversion.completed_at


def _instant(typed: datetime) -> datetime:
    return typed.replace(tzinfo=ZoneInfo(settings().timezone)).astimezone(UTC)


def _option(offer: Offer) -> SelectChoice:
    group = _("Shown to clients") if offer.is_active else _("Switched off")
    label = _("%(offer)s, usually %(amount)s", offer=offer.name, amount=money(offer.payout_cents))
    if not offer.is_active:
        label = f"{label} · {_('switched off')}"
    return SelectChoice(str(offer.id), label, {"data-payout": f"{offer.payout_cents / 100:.2f}"}, group)


def _refuse(field: Any, message: str) -> bool:
    field.errors = [*field.errors, message]
    return False
