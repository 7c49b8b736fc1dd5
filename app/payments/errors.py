"""Why a payment can't begin, or what was told of one doesn't count."""

from flask_babel import lazy_gettext as _l

from app.errors import DomainError


class PaymentUnavailable(DomainError):
    """The provider didn't answer, or not as we can use it. The order stands and can be paid later."""

    code, status = "payment_unavailable", 503
    message = _l("Our payment provider can't be reached right now. Your order is safe: please try again in a minute.")
    retry_after = 60


class NotificationRefused(DomainError):
    """Whoever sent it is not the provider, or sent it long ago."""

    code, status, is_trespass = "not_recognised", 400, True
    message = _l("This is not a notification of our payment provider. Nothing was changed.")
