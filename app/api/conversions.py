"""Codes on clients' accounts and the offers that they complete, as an offer network tells them."""

from flask_babel import gettext as _

from app.accounts import service as accounts
from app.api import bp
from app.api.conversion_schemas import (
    AppliedCode,
    CodeToApply,
    NewConversion,
    RecordedConversion,
    ReversedConversion,
)
from app.api.endpoint import Answer, Promise, endpoint
from app.api.invoice_schemas import Nothing
from app.api.tokens import actor, caller, requires
from app.kit import clock
from app.kit.db import unit_of_work
from app.offers import conversions
from app.offers import service as offers
from app.offers.errors import UnknownClient
from app.offers.models import Conversion
from app.offers.service import Completed
from app.offers.words import why_nothing

TAG = "Conversions"
NO_SUCH_CLIENT = "`not_found`: there is no active client of this `username`."
NO_SUCH_OFFER = f"{NO_SUCH_CLIENT} Or no offer of this `offerId`; `fields` says which."
APPLIED_BEFORE = "It is on the account already; the same answer. Where it gives nothing now, `message` says why."
RECORDED_BEFORE = "This `conversionId` was recorded before; the same answer again."
DOES_NOT_APPLY = (
    "The code can't be applied, and `error` is the reason: `not_found`, `expired`, `usage_limit_reached`, `inactive`, "
    "`not_started`, `outside_active_hours` or `user_limit_reached`; `data` holds the facts behind it."
)


@bp.post("/v1/promo-codes/apply")
@requires(scope="conversions")
@endpoint(
    Promise(
        TAG,
        AppliedCode,
        201,
        body=CodeToApply,
        refuses={404: NO_SUCH_CLIENT, 422: DOES_NOT_APPLY},
        creates=True,
        again=APPLIED_BEFORE,
    )
)
def apply_promo_code(body: CodeToApply) -> Answer:
    """Apply a code to an account.

    From now on each offer that the client completes earns them its bonus. Outside its hours it is refused, and `data`
    says when it opens.
    """
    user = accounts.find(body.username)
    if user is None:
        raise UnknownClient(field="username")
    applied = offers.apply(user, body.code, now=clock.now())
    told = _("The code is on the account.")
    if applied.refusal:
        told = _("The code is on the account, but gives nothing now: %(why)s", why=why_nothing(applied.refusal))
    return Answer(AppliedCode.model_validate(applied), told, 201 if applied.is_new else 200)


@bp.post("/v1/conversions")
@requires(scope="conversions")
@endpoint(
    Promise(TAG, RecordedConversion, 201, body=NewConversion, refuses={404: NO_SUCH_OFFER}, again=RECORDED_BEFORE)
)
def record_conversion(body: NewConversion) -> Answer:
    """Record a completed offer.

    The best of the codes on the client's account pays its bonus into their wallet, at once and once: under the same
    `conversionId` it is the same conversion, whatever else is sent.
    """
    told = Completed(body.conversion_id, body.offer_id, body.username, body.payout, body.completed_at)
    with unit_of_work():
        conversion, is_new = offers.record(told, actor=actor() if caller().user else None, now=clock.now())
        shown = RecordedConversion(
            conversion_id=conversion.conversion_id, bonus_earned=conversion.bonus_cents, code=conversion.code
        )
    return Answer(shown, _("The conversion is recorded."), 201 if is_new else 200)


@bp.post("/v1/conversions/<their_id:conversion_id>/reverse", merge_slashes=False)
@requires(scope="conversions")
@endpoint(Promise(TAG, ReversedConversion, body=Nothing))
def reverse_conversion(conversion_id: str, body: Nothing) -> Answer:  # noqa: ARG001
    """Reverse a conversion.

    Its bonus is taken back as far as it is still in the wallet, the rest is a debt; the code gets its use back. Doing
    so again changes nothing. The `conversionId` stands in the address percent-encoded.
    """
    with unit_of_work():
        shown = _taken_back(offers.reverse(conversion_id, actor=actor(), now=clock.now()))
    return Answer(shown, _("The conversion is reversed."))


def _taken_back(conversion: Conversion) -> ReversedConversion:
    owed = sum(each.amount_cents for each in conversions.debts_of(conversion))
    assert conversion.reversed_at is not None, "it was just reversed"
    return ReversedConversion(
        conversion_id=conversion.conversion_id,
        bonus_reversed=conversion.bonus_cents - owed,
        debt=owed,
        reversed_at=conversion.reversed_at,
    )
