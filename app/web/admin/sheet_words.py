"""What is wrong with a file of products, in words."""

from flask_babel import lazy_gettext as _l

from app.web.fields import WRONG_AMOUNT

PRODUCTS = {
    "empty": _l("There is no product in the file."),
    "needed_for_new": _l("We have no product %(key)s yet, and a new one needs this."),
    "sku_shape": _l("Please use only letters, digits, dots, hyphens and underscores."),
    "slug_shape": _l("Please use small letters, digits and hyphens only."),
    "slug_twice": _l("Row %(first)s wants the address “%(value)s” too. Please change one of them."),
    "slug_taken": _l("%(sku)s has the address “%(value)s” already. Please choose another one."),
    "no_address": _l("The name holds no letters for an address. Please write one here."),
    "unknown_category": _l(
        "We know no category “%(value)s”. Make it under Categories first, or use the slug of another."
    ),
    "position": _l("Please enter a whole number from 0 to 9999."),
    **{f"amount_{reason}": sentence for reason, sentence in WRONG_AMOUNT.items()},
}
