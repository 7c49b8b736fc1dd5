"""Pictures, as browsers ask for them: they never change, so that everybody may keep them for ever."""

from flask import Blueprint, Flask, Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wsgi import wrap_file

from app.errors import NotFound
from app.kit.assets import FOREVER
from app.media import service as media
from app.media.rules import dimensions, file_name
from app.web.visitor import access

bp = Blueprint("media", __name__)
NOTHING_ELSE = "default-src 'none'; frame-ancestors 'none'; sandbox"


def init_media(app: Flask) -> None:
    """Give the templates `picture_url(name, size)` and `picture_dimensions(name, size)`."""
    app.jinja_env.globals.update(picture_url=picture_url, picture_dimensions=dimensions)


def picture_url(picture: str, size: str) -> str:
    """The address of a picture in one of its sizes: large, card, thumb."""
    return url_for("media.show_picture", file=file_name(picture, size))


@bp.get("/media/<file>")
@access("public")
def show_picture(file: str) -> ResponseReturnValue:
    found = media.opened(file)
    if found is None:
        raise NotFound
    stream, length = found
    response = Response(wrap_file(request.environ, stream), mimetype="image/webp", direct_passthrough=True)
    response.content_length = length
    response.headers["Cache-Control"] = FOREVER
    response.headers["Content-Security-Policy"] = NOTHING_ELSE
    response.set_etag(file)
    return response.make_conditional(request)
