"""Rewards as they are kept: what they cost, and how many there are."""

from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from app.loyalty import rewards
from app.loyalty.errors import Stale
from app.loyalty.keeping import Owned
from app.loyalty.reward_models import Reward
from app.loyalty.rewards import MOST_STOCK, RewardDetails
from app.web.arguments import is_unreadable, whole_number
from app.web.fields import Filled, WholeNumberField
from app.web.forms import as_lines, one_line, strip
from app.web.keeping_desk import NEEDED, STATUSES, KeptForm, Ware
from app.web.pictures import no_picture_field, picture_field

MOST_POINTS = 1_000_000


class RewardForm(KeptForm):
    """`seen_stock` is the stock that the form was filled in with: what is saved is the difference from it."""

    name = StringField(_l("Name"), [Filled(NEEDED), Length(max=80)], filters=[one_line])
    description = TextAreaField(
        _l("Description"),
        [Optional(), Length(max=1000)],
        filters=[strip, as_lines],
        description=_l("What it is, and how one gets it."),
    )
    picture, no_picture, image = picture_field(), no_picture_field(), HiddenField()
    points_cost = WholeNumberField(_l("Cost in points"), [Filled(NEEDED)], least=1, most=MOST_POINTS)
    stock = WholeNumberField(_l("Stock"), [Optional()], most=MOST_STOCK, description=_l("Empty: it never runs out."))
    seen_stock, version = HiddenField(), HiddenField()
    is_active = BooleanField(
        _l("Active"), default=True, description=_l("Clients can redeem it. Switched off, they don't see it.")
    )

    @classmethod
    def of(cls, item: Owned) -> Self:
        assert isinstance(item, Reward)
        return cls(formdata=None, obj=item, seen_stock=item.stock)

    def validate(self, extra_validators: Any = None) -> bool:
        """Also whether one can tell which stock was seen: what isn't a difference would set it."""
        fits, is_garbled = super().validate(extra_validators), is_unreadable(self.seen_stock.data)
        if is_garbled:
            self.form_errors.append(_("We can't read which stock this page showed. Please load it again."))
        return fits and not is_garbled

    def details(self) -> RewardDetails:
        return RewardDetails(
            name=self.name.data,
            description=self.description.data or "",
            points_cost=self.points_cost.data,
            stock=self.stock.data,
            is_active=self.is_active.data,
            image=self.chosen_picture(),
        )

    def change(self, ware: Ware, item_id: int, **how: Any) -> Owned:
        return super().change(ware, item_id, seen_stock=whole_number(self.seen_stock.data), **how)

    def tell_stale(self, stale: Stale, now: Owned) -> None:
        """Where the other has set the stock, the difference counts from theirs; who hadn't touched it sees theirs."""
        super().tell_stale(stale, now)
        assert isinstance(now, Reward)
        if "stock" in stale.facts["changed"]:
            if self.stock.data == whole_number(self.seen_stock.data):
                self.stock.show(now.stock)
            self.seen_stock.data = "" if now.stock is None else str(now.stock)


REWARDS = Ware(
    name="reward",
    form=RewardForm,
    listed=lambda keeper, asked: rewards.listed(keeper, search=asked["q"], status=asked["status"]),
    one=rewards.one,
    create=rewards.create,
    change=rewards.change,
    set_active=rewards.set_active,
    delete=rewards.delete,
    counted=rewards.redeemed,
    switching_off=_l("Switch off %(name)s? It leaves the shop. Redemptions that are pending stay."),
    stays=_l("%(name)s has been redeemed, so it was switched off instead of deleted."),
    statuses={**STATUSES, "sold_out": _l("Sold out")},
)
