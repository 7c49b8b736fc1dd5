"""The form of a deal: what is to be spent, and what that gives."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField

from app.catalog import reward_items
from app.deals.editing import LONGEST_BANNER, item_faults
from app.errors import DomainError
from app.kit.db import db
from app.promotions.fields import NEEDED
from app.web.admin.promotion_fields import LONGEST_TITLE, PromotionForm, typed
from app.web.admin.reward_rows import RewardItemsField
from app.web.fields import Filled
from app.web.forms import choices

AS_MANY = _l("Empty: as many as people earn.")


class DealForm(PromotionForm):
    """A deal has no code, no hours, and is shown to everybody; its window is needed."""

    title = typed(_l("Title"), hint=_l("Shoppers see it on the deal's card."), maxlength=LONGEST_TITLE, is_needed=True)
    min_amount = typed(
        _l("Spend at least"),
        mode="decimal",
        hint=_l("All that somebody pays while the deal runs, less refunds."),
        is_needed=True,
    )
    bonus_type = RadioField(
        _l("How often it can be claimed"),
        choices=choices(
            [("single", _l("Once per person")), ("recurrent", _l("Each time the amount is reached again"))]
        ),
        default="single",
    )
    reward_items = RewardItemsField(_l("What one claim gives"))
    auto_claim = BooleanField(
        _l("Claim automatically"),
        description=_l("As soon as the amount is reached, without anybody pressing a button."),
    )
    banner = typed(
        _l("Banner"),
        hint=_l("Shown on top of every page of the store. {left} becomes the countdown. Empty: no banner."),
        maxlength=LONGEST_BANNER,
    )
    starts_on = DateField(_l("Starts on"), [Filled(NEEDED)])
    ends_on = DateField(
        _l("Ends on"), [Filled(NEEDED)], description=_l("Without a time: at the midnight that follows.")
    )
    usage_limit = typed(_l("Claims in all"), mode="numeric", hint=AS_MANY)
    per_user_limit = typed(_l("Claims per person"), mode="numeric", hint=AS_MANY)
    auto_deactivate_on_max_uses = BooleanField(
        _l("Switch off when the last claim is made"),
        default=True,
        description=_l("A claim that is taken back switches it on again."),
    )

    plain: ClassVar[tuple[str, ...]] = (*PromotionForm.plain, "bonus_type", "auto_claim", "banner")
    benefit: ClassVar[tuple[str, ...]] = ("min_amount", "bonus_type", "reward_items", "auto_claim", "banner")

    def show(self, kept: Mapping[str, Any]) -> None:
        super().show(kept)
        self.reward_items.show(kept["reward_items"])

    def fields(self, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        given = {**super().fields(kept), "reward_items": self.reward_items.items}
        if self.bonus_type.data == "single":  # then its field is out of sight
            given["per_user_limit"] = kept["per_user_limit"] if kept else None
        return given

    def offer(self) -> None:
        listed = db.session.scalars(reward_items.listed())
        self.reward_items.offer({each.item_id: each.name for each in listed})

    def refuse(self, refusal: DomainError) -> None:
        super().refuse(refusal)
        self._mark()

    def tell(self, faults: Mapping[str, Sequence[Any]]) -> None:
        super().tell(faults)
        self._mark()

    def _mark(self) -> None:
        """Say beside each row what is wrong with it."""
        if self.reward_items.errors:
            self.reward_items.mark(item_faults(self.reward_items.items))
