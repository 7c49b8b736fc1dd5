"""Why a picture can't be taken, or shown."""

from flask_babel import lazy_gettext as _l

from app.errors import RETRY_AFTER, DomainError


class InvalidImage(DomainError):
    code = "invalid_image"
    message = _l("This isn't a picture that we can use. Please choose a PNG, JPEG or WebP file.")


class DamagedImage(InvalidImage):
    message = _l("This picture is damaged or cut off. Please open it, save it anew, and choose that file.")


class MixedImage(InvalidImage):
    message = _l(
        "There is more than a picture in this file. Please open it, save it anew as PNG or JPEG, and try again."
    )


class ImageTooLarge(DomainError):
    code, status = "image_too_large", 413
    message = _l("This picture is too large. Please choose one of at most 5 MB and 40 megapixels.")


class StorageFull(DomainError):
    code, status = "storage_full", 507
    message = _l("There is no room left for pictures, so nothing was saved. Please tell whoever runs this site.")


class StorageAway(DomainError):
    code, status, retry_after = "storage_away", 503, RETRY_AFTER
    message = _l("Pictures can't be reached right now, and nothing was changed. Please try again in a moment.")
