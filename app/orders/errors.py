"""Why an order isn't taken."""

from flask_babel import lazy_gettext as _l

from app.config import settings
from app.errors import Conflict, DomainError
from app.kit.words import money


class CartEmpty(DomainError):
    code, message = "cart_empty", _l("Your cart is empty. Put something in it first.")


class NothingForSale(DomainError):
    code = "nothing_for_sale"
    message = _l("Nothing in your cart is for sale right now. Put something else in it first.")


class NameNeeded(DomainError):
    code, message = "name_needed", _l("Tell us the name to order under, or sign in. Your cart waits for you.")


class TotalChanged(Conflict):
    """The page showed another total. Nothing was ordered; `facts` hold the new one."""

    code = "total_changed"
    message = _l("The total has changed since you opened this page. Please look at it and order again.")


class OrderTooLarge(DomainError):
    code, message = "order_too_large", _l("This order is too large for one invoice. Please split it into smaller ones.")


class TooManyUnpaid(Conflict):
    code = "too_many_unpaid"
    message = _l("You have three unpaid orders. Pay or cancel one of them on your invoices page, then order again.")


class TwinOrder(Conflict):
    code = "twin_order"
    message = _l("Another order of yours came in at this very moment. Please look at your invoices first.")


class KeyNotUsable(DomainError):
    code = "invalid_key"
    message = _l("This page is out of date. Please look at your cart once more and order again.")


class NotPayable(Conflict):
    code, message = "not_payable", _l("This order is closed, so there is nothing to pay.")


class NotVoidable(Conflict):
    code, message = "not_voidable", _l("Only an unpaid order can be cancelled.")


class WayToPayUnknown(DomainError):
    code, message = "unknown_payment", _l("This way to pay is not offered here. Please choose another one.")


class WalletForClients(WayToPayUnknown):
    message = _l("Only clients who are signed in pay with a wallet. Please choose another way to pay.")


class NoSuchAccount(DomainError):
    code, message = "no_such_account", _l("There is no active account of that name. Please check how it is written.")


class AlreadyLinked(Conflict):
    code, message = "already_linked", _l("This order belongs to an account already.")


class StillUnpaid(Conflict):
    code, message = "still_unpaid", _l("This order is not paid yet. Wait until it is paid or void, then link it.")


class DonationOutOfRange(DomainError):
    """The limits are the installation's, in cents."""

    code = "invalid_amount"

    def __init__(self, least: int, most: int) -> None:
        words = {"least": money(least, settings().currency), "most": money(most, settings().currency)}
        told = _l("Please give between %(least)s and %(most)s.", **words)
        super().__init__(told, field="amount", least_cents=least, most_cents=most)


class DonationMade(Conflict):
    """The page's key has made another donation: the shopper went back and changed the amount."""

    code = "donation_made"
    message = _l("You have given from this page already. To give once more, please press the button again.")


class NotRefundable(Conflict):
    code, message = "not_refundable", _l("Only a paid order can be refunded, as long as something of it is left.")


class NothingToRefund(DomainError):
    code, message = "nothing_to_refund", _l("Please choose at least one piece to refund.")


class RefundMade(Conflict):
    """The page's key has refunded something else: it was open in another tab, or sent again with other numbers."""

    code = "refund_made"
    message = _l("Something was refunded from this page already. Look at what is left, then press the button again.")


class UnknownLine(DomainError):
    code, message = "unknown_line", _l("This line isn't on the invoice. Please look at it again.")


class TooMuchToRefund(DomainError):
    code, message = "too_much_to_refund", _l("There are not so many pieces left to refund. Please look at it again.")
