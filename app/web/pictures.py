"""A picture in a form: chosen, kept while the rest is mended, taken out."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField

from app.errors import DomainError
from app.media import service as media
from app.media.errors import ImageTooLarge
from app.media.rules import MOST_BYTES
from app.web.forms import Form

OUR_FAULT = 500


class PictureForm(Form):
    """A form with one picture. `image` carries the name of the stored one, `picture` may bring a new one.

    What is chosen is stored at once, so that a fault elsewhere loses nothing. What is never saved, the sweep takes.
    """

    image: HiddenField
    picture: FileField
    no_picture: BooleanField
    too_large = ImageTooLarge.message
    # how a refusal of this form is answered
    status = 422

    def validate(self, extra_validators: Any = None) -> bool:
        """Also takes the picture in, or says beside its field why not."""
        fits = super().validate(extra_validators)
        try:
            self._take_picture()
        except DomainError as refusal:
            self.picture.errors = (*self.picture.errors, str(refusal.message))
            self.status = refusal.status if refusal.status >= OUR_FAULT else self.status
        return fits and not self.picture.errors

    def chosen_picture(self) -> str | None:
        """The name of the picture as the form says it should be."""
        return None if self.no_picture.data else self.image.data or None

    def _take_picture(self) -> None:
        if self.picture.data:
            file = self.picture.data.stream
            file.seek(0)  # a request whose transaction was lost is done again
            self.image.data = media.take(file.read(MOST_BYTES + 1))
            self.no_picture.data = False
        elif not isinstance(self.image.data, str | None):  # a file, where only a name belongs
            self.image.data = self.image.object_data
        elif self.image.data and self.image.data != self.image.object_data and not media.has(self.image.data):
            self.image.data = ""
            self.picture.errors = (_("This picture is gone. Please choose it once more."),)


def picture_field() -> FileField:
    return FileField(
        _l("Picture"),
        description=_l("PNG, JPEG or WebP, at most 5 MB and 40 megapixels."),
        render_kw={
            "accept": "image/png,image/jpeg,image/webp",
            "data-picture": "",
            "data-most-bytes": MOST_BYTES,
        },
    )


def no_picture_field() -> BooleanField:
    return BooleanField(_l("Remove the picture"))
