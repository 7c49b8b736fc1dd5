"""Why something can't go into a cart."""

from flask_babel import lazy_gettext as _l

from app.errors import DomainError


class NotAQuantity(DomainError):
    code, message = "invalid_quantity", _l("Please enter a whole number from 1 to 999.")


class TooManyPieces(DomainError):
    code, message = "too_many_pieces", _l("You can order at most 999 of one product.")


class NotForSale(DomainError):
    code, message = "not_for_sale", _l("This product is not for sale right now.")
