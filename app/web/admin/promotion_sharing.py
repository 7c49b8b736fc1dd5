"""Handing a code on: its link, and a QR code of it for the screen and for print."""

from io import BytesIO

import segno
from flask import Response, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.config import settings
from app.errors import NotFound
from app.kit.htmx import page
from app.web.admin import bp
from app.web.admin.promotion_pages import IN_STORE, SHOWN_AT, Framed, framed, is_shared
from app.web.visitor import access

FILES = {"svg": "image/svg+xml", "png": "image/png"}
PRINTED_SCALE = 20


@bp.get("/promotions/<int:promotion_id>/share")
@access("admin")
def share_promotion(promotion_id: int) -> ResponseReturnValue:
    frame = framed(promotion_id)
    code = _code_of(frame)
    drawn = _qr(frame).svg_inline(svgclass="qr", lineclass=None, omitsize=True, border=2)
    return page(
        "admin/promotion_share.html",
        "admin/_promotion_share_sheet.html",
        frame=frame,
        code=code,
        link=link_of(frame),
        qr=Markup(drawn),  # noqa: S704  drawn by the library from a code of A-Z, 0-9, _ and -
        files=FILES,
    )


@bp.get("/promotions/<int:promotion_id>/qr.<any(svg, png):ending>")
@access("admin")
def export_qr(promotion_id: int, ending: str) -> ResponseReturnValue:
    frame = framed(promotion_id)
    code = _code_of(frame)
    drawn = BytesIO()
    _qr(frame).save(drawn, kind=ending, scale=PRINTED_SCALE, border=4)
    answer = Response(drawn.getvalue(), mimetype=FILES[ending])
    answer.headers.set("Content-Disposition", "attachment", filename=f"{code}.{ending}")
    return answer


def link_of(frame: Framed) -> str:
    """The address that shows the code, in the store or among the client's own, with a button to apply it."""
    code = _code_of(frame)
    shown_at = SHOWN_AT.get(frame.listed.kind.name, IN_STORE)
    return settings().base_url.rstrip("/") + url_for(shown_at, code=code)


def _qr(frame: Framed) -> segno.QRCode:
    return segno.make(link_of(frame), error="m", micro=False)


def _code_of(frame: Framed) -> str:
    """Raises NotFound where there is no single code to share, or it is archived."""
    single = frame.promotion.single_code
    if single is None or not is_shared(frame.listed):
        raise NotFound
    return str(single.code)
