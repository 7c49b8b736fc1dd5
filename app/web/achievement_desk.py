"""Achievements as they are kept: what they take, what they give, and what they wear."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.loyalty import achievements
from app.loyalty.achievement_models import AUTOMATIC, MANUAL
from app.loyalty.achievements import AchievementDetails
from app.loyalty.conditions import Condition
from app.loyalty.ladder import MOST_XP
from app.web.fields import Filled, WholeNumberField
from app.web.forms import as_lines, choices, explain, one_line, strip
from app.web.keeping_desk import ALL, NEEDED, STATUSES, KeptForm, Ware
from app.web.pictures import no_picture_field, picture_field
from app.web.signs import sign_field

MOST_GIVEN, MOST_TAKEN = 1_000_000, 100_000
TYPES = {AUTOMATIC: _l("Automatic"), MANUAL: _l("By hand")}
HOW = (
    (AUTOMATIC, _l("By itself, as soon as a client meets a condition")),
    (MANUAL, _l("By hand: a coach awards it to a client")),
)
CONDITIONS = (
    ("", _l("Please choose")),
    (Condition.WORKOUT_COUNT.value, _l("Workouts in all")),
    (Condition.CHECKIN_COUNT.value, _l("Check-ins in all")),
    (Condition.STREAK_DAYS.value, _l("Days in a row with a check-in")),
    (Condition.XP_TOTAL.value, _l("XP in all")),
)


class AchievementForm(KeptForm):
    """The condition is for automatic ones alone; a script folds it away for the others."""

    name = StringField(_l("Name"), [Filled(NEEDED), Length(max=80)], filters=[one_line])
    description = TextAreaField(
        _l("Description"),
        [Optional(), Length(max=500)],
        filters=[strip, as_lines],
        description=_l("What clients have done when they wear it."),
    )
    type = RadioField(_l("How it is earned"), [InputRequired()], choices=choices(HOW), default=AUTOMATIC)
    condition_type = SelectField(_l("Condition"), choices=choices(CONDITIONS), default="")
    condition_value = WholeNumberField(_l("How many"), [Optional()], least=1, most=MOST_XP)
    xp_reward = WholeNumberField(_l("XP"), [Optional()], most=MOST_GIVEN, default=0)
    points_reward = WholeNumberField(_l("Points"), [Optional()], most=MOST_GIVEN, default=0)
    icon = sign_field("award")
    picture, no_picture, image = picture_field(), no_picture_field(), HiddenField()
    version = HiddenField()
    is_active = BooleanField(
        _l("Active"), default=True, description=_l("It can be earned. Switched off, it stays with those who have it.")
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Also whether it has a condition where it needs one, and none where it can't."""
        if self.condition_type.data != Condition.XP_TOTAL:
            self.condition_value.narrow(MOST_TAKEN)
        fits = super().validate(extra_validators)
        faults = [] if self.type.errors else self.details().faults()
        told = [fault for fault in faults if fault.field and not self[fault.field].errors]
        for fault in told:
            explain(self, fault)
        return fits and not told

    def details(self) -> AchievementDetails:
        return AchievementDetails(
            name=self.name.data,
            type=self.type.data,
            description=self.description.data or "",
            condition_type=self.condition_type.data or None,
            condition_value=self.condition_value.data,
            xp_reward=self.xp_reward.data or 0,
            points_reward=self.points_reward.data or 0,
            is_active=self.is_active.data,
            icon=self.icon.data,
            image=self.chosen_picture(),
        )


ACHIEVEMENTS = Ware(
    name="achievement",
    form=AchievementForm,
    listed=lambda keeper, asked: achievements.listed(
        keeper, search=asked["q"], status=asked["status"], type=asked["type"]
    ),
    one=achievements.one,
    create=achievements.create,
    change=achievements.change,
    set_active=achievements.set_active,
    delete=achievements.delete,
    counted=achievements.earners,
    switching_off=_l("Switch off %(name)s? Nobody earns it until it is switched on again; whoever has it keeps it."),
    stays=_l("%(name)s has been earned, so it was switched off instead of deleted."),
    statuses=STATUSES,
    types={**ALL, **TYPES},
)
