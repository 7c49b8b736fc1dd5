"""The form of a member bonus: what starts it, what it gives, and what it takes until that is the member's own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, StringField
from wtforms.validators import Optional

from app.bonuses import editing
from app.bonuses.editing import FIXED, LONGEST_URL, PROTECTED
from app.bonuses.models import CASHBACK, DEPOSIT, FREE_CREDIT, REFERRAL
from app.bonuses.words import TYPES
from app.catalog import service as catalog
from app.config import settings
from app.promotions.fields import NEEDED
from app.web.admin.promotion_fields import LONGEST_TITLE, HoursFields, PromotionForm, as_words, several, typed
from app.web.fields import Filled
from app.web.forms import choices, strip

# fields that only some types have: what stands there of the others
ONLY_OF: Mapping[str, tuple[tuple[str, ...], Any]] = {
    "cashback_period": ((CASHBACK,), None),
    "friend_bonus": ((REFERRAL,), None),
    "first_deposit_only": ((DEPOSIT,), False),
    "auto_apply": ((DEPOSIT,), False),
    "min_amount": ((DEPOSIT, CASHBACK, REFERRAL), 0),
    "active_hours": ((DEPOSIT, FREE_CREDIT, REFERRAL), {"enabled": False}),
}


# whether clients see it; as usual is for the room to say, once the type is known
AS_USUAL, YES, NO = "usual", "y", "n"


class TermField(StringField):
    """A line whose hint follows the type that is chosen: `hints` are sentences by whom they are for.

    `unit` is `value` (percent or money, as the benefit is), `money` or `times`.
    """

    part: ClassVar[str] = "admin/promotion_kinds/bonus_term.html"

    def __init__(
        self, label: Any, *, hints: Mapping[str, Any], unit: str = "", needed: bool = False, **kw: Any
    ) -> None:
        look = {"inputmode": "decimal" if unit else "numeric", "autocomplete": "off", "required": needed}
        validators = [] if needed else [Optional()]
        super().__init__(label, validators, filters=[strip], render_kw=look, **kw)  # type: ignore[no-untyped-call]
        self.hints, self.unit = hints, unit

    @property
    def is_held(self) -> bool:
        """Whether it is only shown."""
        return bool((self.render_kw or {}).get("readonly"))

    @property
    def currency(self) -> str:
        return settings().currency


class BonusForm(HoursFields, PromotionForm):
    """Code and type are fixed once it is made, and what was promised stays while somebody's claim is active.

    `fixed` names the fields that can't be typed over just now; `is_promised` says that it is because of claims.
    """

    title = typed(_l("Name"), hint=_l("Clients see it beside the bonus."), maxlength=LONGEST_TITLE, is_needed=True)
    code = typed(
        _l("Code"),
        hint=_l("3 to 32 letters, digits, _ or -. Small letters become capitals."),
        maxlength=40,
        is_needed=True,
        autocapitalize="characters",
        spellcheck="false",
    )
    type = RadioField(_l("Type"), choices=choices(TYPES.items()), default=DEPOSIT)
    bonus_type = RadioField(
        _l("What it gives"),
        choices=choices([("percentage", _l("A percentage")), ("fixed", _l("A fixed amount"))]),
        default="percentage",
    )
    bonus_value = TermField(
        _l("Value"),
        hints={
            "only-deposit term-part": _l("Percent of the deposit, at most 1000."),
            "only-cashback term-part": _l("Percent of what was spent in the period, less refunds."),
            "only-referral term-part": _l("Percent of the friend's first deposit."),
            "term-money": _l("The same for everybody."),
        },
        unit="value",
        needed=True,
    )
    max_bonus = TermField(_l("At most"), hints={"": _l("Empty: no cap.")}, unit="money")
    turnover_requirement = TermField(
        _l("Turnover"),
        hints={
            "only-deposit": _l("How many times deposit and bonus must be spent. 0: it is theirs at once."),
            "not-deposit": _l("How many times it must be spent. 0: it is theirs at once."),
        },
        unit="times",
        default="0",
    )
    max_withdraw = TermField(
        _l("Paid out at most"),
        hints={"": _l("Of the bonus, once the turnover is reached. Empty: all of it. 0: nothing.")},
        unit="money",
    )
    friend_bonus = TermField(
        _l("Bonus for the friend"), hints={"": _l("By the same terms. Empty: nothing.")}, unit="money"
    )
    cashback_period = RadioField(
        _l("Period"),
        [Optional()],
        choices=choices([("day", _l("Each day")), ("week", _l("Each week")), ("month", _l("Each month"))]),
        default="month",
        description=_l("Credited when it is over, by the clock of this installation."),
    )
    applicable_games = several(_l("What counts as turnover"), _l("None ticked: purchases of every category."))
    starts_on = DateField(_l("Starts on"), [Filled(NEEDED)])
    ends_on = DateField(
        _l("Ends on"), [Filled(NEEDED)], description=_l("Without a time: at the midnight that follows.")
    )
    min_amount = TermField(
        _l("Minimum"),
        hints={
            "only-deposit": _l("Smaller deposits bring no bonus. Empty: any deposit."),
            "only-cashback": _l("Who spends less in the period gets nothing. Empty: any amount."),
            "only-referral": _l("Of the friend's first deposit. Empty: any deposit."),
        },
        unit="money",
    )
    usage_limit = typed(_l("Claims in all"), mode="numeric", hint=_l("Empty: as many as there are."))
    per_user_limit = typed(
        _l("Claims per member"),
        mode="numeric",
        hint=_l("Usually 1 for deposits and free credits. Empty: no limit."),
        default="1",
    )
    auto_deactivate_on_max_uses = BooleanField(
        _l("Switch off when the last claim is made"),
        default=True,
        description=_l("A claim that is given back switches it on again."),
    )
    first_deposit_only = BooleanField(
        _l("Only for a first deposit"), description=_l("Of clients who have never had a deposit confirmed.")
    )
    auto_apply = BooleanField(
        _l("Claim automatically"),
        description=_l("With each deposit for which no other bonus was chosen. The highest of several is taken."),
    )
    is_listed = RadioField(
        _l("Show it to clients"),
        choices=choices([(AS_USUAL, _l("As usual for its type")), (YES, _l("Yes")), (NO, _l("No"))]),
        default=AS_USUAL,
        description=_l("A free credit is usually found only by those who know its code, the other types by everybody."),
    )
    image_url = typed(
        _l("Address of a picture elsewhere"),
        mode="url",
        hint=_l("Shown where no picture is chosen above. Whoever runs that site learns who looks at it."),
        maxlength=LONGEST_URL,
        spellcheck="false",
    )
    requires_account = None  # type: ignore[assignment]  # so WTForms leaves a field out

    plain: ClassVar[tuple[str, ...]] = (
        *(name for name in PromotionForm.plain if name != "requires_account"),
        *("code", "type", "bonus_type", "bonus_value", "max_bonus", "turnover_requirement", "max_withdraw"),
        *("friend_bonus", "cashback_period", "applicable_games", "first_deposit_only", "auto_apply"),
        *("is_listed", "image_url"),
    )
    benefit: ClassVar[tuple[str, ...]] = (
        *("bonus_type", "bonus_value", "max_bonus", "friend_bonus", "cashback_period"),
        *("turnover_requirement", "max_withdraw", "applicable_games"),
    )
    money: ClassVar[tuple[str, ...]] = ("max_bonus", "max_withdraw", "friend_bonus")

    fixed: frozenset[str] = frozenset()
    is_promised = False

    def begin(self) -> None:
        super().begin()
        self.begin_hours()

    def show(self, kept: Mapping[str, Any]) -> None:
        super().show(kept)
        self.show_hours(kept["active_hours"])
        self.is_listed.data = YES if kept["is_listed"] else NO

    def begin_as_copy(self, now: datetime) -> None:
        """The code must be another's."""
        self.code.data = ""
        super().begin_as_copy(now)

    def fields(self, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Of what the type doesn't have, nothing counts that stands out of sight."""
        given = {**super().fields(kept), "active_hours": self.hours()}
        of_type = kept["type"] if kept else self.type.data
        for name, (types, nothing) in ONLY_OF.items():
            if of_type not in types:
                given[name] = kept[name] if kept else nothing
        if of_type == FREE_CREDIT:
            given["bonus_type"] = "fixed"
        if given.pop("is_listed") != AS_USUAL:
            given["is_listed"] = self.is_listed.data == YES
        return given

    def amounts(self, kept: Mapping[str, Any]) -> tuple[str, ...]:
        shared = (*super().amounts(kept), *self.money)
        return (*shared, "bonus_value") if kept["bonus_type"] == "fixed" else shared

    def offer(self) -> None:
        known = {each.slug: each.name for each in catalog.categories()}
        others = [slug for slug in self.applicable_games.data or () if slug not in known]
        self.applicable_games.choices = choices([*known.items(), *((slug, slug) for slug in others)])

    def belong_to(self, promotion_id: int) -> None:
        """Hold what can't change now; what was changed all the same stays open, with its refusal beside it.

        Whether it is shown is decided by then.
        """
        self.is_listed.choices = [each for each in self.is_listed.choices if each.value != AS_USUAL]
        self.is_promised = editing.has_active(promotion_id)
        names = (*FIXED, *PROTECTED) if self.is_promised else FIXED
        self.fixed = frozenset(name for name in names if not self[name].errors)
        for name in self.fixed:
            self[name].render_kw = {**(self[name].render_kw or {}), "readonly": True}
        if "code" in self.fixed:
            self.code.description = _l("Fixed once the bonus is made.")

    def words_of(self, name: str) -> str:
        """What stands in a field of several choices, for people."""
        return as_words(self[name]) or str(_l("Every category"))
