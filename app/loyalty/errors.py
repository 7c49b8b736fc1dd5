"""Why something of the loyalty programme is refused."""

from collections.abc import Sequence

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import Conflict, DomainError


class NotEnoughPoints(DomainError):
    """`missing` points short."""

    code = "not_enough_points"

    def __init__(self, missing: int) -> None:
        super().__init__(missing=missing)
        self.missing = missing

    @property
    def message(self) -> str:
        points = format_decimal(self.missing)
        return ngettext(
            "You need %(points)s more point for this.",
            "You need %(points)s more points for this.",
            self.missing,
            points=points,
        )


class OutOfStock(DomainError):
    code, message = "out_of_stock", _l("This reward has just run out. Your points are untouched.")


class RewardInactive(DomainError):
    code, message = "inactive", _l("This reward isn't offered any more. Your points are untouched.")


class CostChanged(Conflict):
    """It costs `points_cost` now, which isn't what was shown."""

    def __init__(self, points_cost: int) -> None:
        super().__init__(points_cost=points_cost)
        self.points_cost = points_cost

    @property
    def message(self) -> str:  # type: ignore[override]
        return _(
            "Its cost was changed to %(points)s points. Please look again before you redeem it.",
            points=format_decimal(self.points_cost),
        )


class ButtonReused(Conflict):
    message = _l("This button was pressed before, for another reward. Please load the page again.")


class ButtonUnknown(DomainError):
    message = _l("This button is out of date. Please load the page again, and press once more.")


class RejectedSince(Conflict):
    """What the button redeemed is rejected by now, so pressing it once more redeems nothing."""

    message = _l(
        "This was redeemed before, and rejected in the meantime; your redemptions say why. Nothing was redeemed anew."
    )


class AlreadyHandled(Conflict):
    """Somebody was faster: it is fulfilled or rejected already."""

    code = "already_handled"

    def __init__(self, status: str, by: str) -> None:
        super().__init__(redemption_status=status, by=by)
        self.redemption_status, self.by = status, by

    @property
    def message(self) -> str:  # type: ignore[override]
        if self.redemption_status == "fulfilled":
            return _("%(name)s has fulfilled this already.", name=self.by)
        return _("%(name)s has rejected this already; the points are back.", name=self.by)


class ReasonNeeded(DomainError):
    code, message = "reason_needed", _l("Please write why: your client will read it.")


class AlreadyEarned(Conflict):
    code, message = "already_earned", _l("This achievement is already earned. It can be earned once.")


class NotAwardable(DomainError):
    code = "not_awardable"
    message = _l("This achievement can't be awarded by hand. Choose an active one that is awarded by coaches.")


class Stale(Conflict):
    """Somebody was faster: `who` changed the fields `changed`, and `version` is theirs."""

    def __init__(self, *, who: Sequence[str], changed: Sequence[str], version: int) -> None:
        super().__init__(changed_by=list(who), changed=list(changed), version=version)
        self.version = version

    @property
    def message(self) -> str:  # type: ignore[override]
        if not self.facts["changed_by"]:
            return str(Conflict.message)
        return _(
            "%(who)s changed this while you had it open (%(fields)s). What you typed is kept: save again to use it.",
            who=", ".join(self.facts["changed_by"]),
            fields=", ".join(self.facts["changed"]).replace("_", " "),
        )


class ConditionNeeded(DomainError):
    code, message = "validation_error", _l("An automatic achievement needs a condition and how much of it.")


class ConditionNotAllowed(DomainError):
    code, message = "validation_error", _l("An achievement that is awarded by hand has no condition. Empty this field.")


class NumberTaken(Conflict):
    code, message = "duplicate_level_number", _l("Another level has this number. Please choose another one.")


class ThresholdTaken(Conflict):
    code, message = "duplicate_xp_required", _l("Another level needs exactly this XP. Please choose another amount.")


class PlaceTaken(NumberTaken):
    """Both the number and the XP, told at once."""

    @property
    def fields(self) -> dict[str, list[str]]:
        return {"level_number": [str(NumberTaken.message)], "xp_required": [str(ThresholdTaken.message)]}


class OutOfOrder(DomainError):
    """Levels climb: it must lie above the one before (`least`) and below the one after (`most`)."""

    code = "levels_out_of_order"

    def __init__(self, *, least: int | None, most: int | None) -> None:
        super().__init__(field="xp_required", least=least, most=most)
        self.least, self.most = least, most

    @property
    def message(self) -> str:
        if self.most is not None and self.most < (self.least or 0):
            return _(
                "There is no room for this number: its neighbours leave no XP between them. Change one of them first."
            )
        if self.most is None:
            return _("A higher level needs more XP: please enter at least %(least)s.", least=format_decimal(self.least))
        if self.least is None:
            return _("A lower level needs less XP: please enter at most %(most)s.", most=format_decimal(self.most))
        bounds = {"least": format_decimal(self.least), "most": format_decimal(self.most)}
        return _("Between its neighbours this level needs from %(least)s to %(most)s XP.", **bounds)


class TriggerTaken(Conflict):
    code, message = "duplicate_key", _l("There is a type for this trigger already. Please edit that one.")


class UnknownTrigger(DomainError):
    code, message = "unknown_trigger", _l("Please choose one of the triggers of the list.")


class TypeInUse(Conflict):
    message = _l("This type has paid XP already, so it can't be deleted. Switch it off instead.")
