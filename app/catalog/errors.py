"""Why the catalogue refuses a change."""

from flask_babel import lazy_gettext as _l

from app.errors import Conflict


class Stale(Conflict):
    """Somebody was faster; `version` is theirs."""

    message = _l(
        "This was changed by somebody else while you had it open. What you typed is kept: save again to use it."
    )

    def __init__(self, version: int) -> None:
        super().__init__(version=version)
        self.version = version


class SkuTaken(Conflict):
    code, message = "duplicate_sku", _l("Another product has this SKU. Please choose another one.")


class SlugTaken(Conflict):
    code, message = "duplicate_slug", _l("Another page has this address already. Please choose another one.")


class ItemIdTaken(Conflict):
    code, message = "duplicate_item_id", _l("Another reward item has this id. Please choose another one.")


class ProductWasSold(Conflict):
    code, message = "conflict", _l("This product stands on an invoice, so it can't be deleted. Deactivate it instead.")


class RewardItemInUse(Conflict):
    code, message = "conflict", _l("A deal promises this item. Take it out of that deal first.")


class CategoryInUse(Conflict):
    code, message = "conflict", _l("There are products in this category. Move them to another one first.")
