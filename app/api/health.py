"""For machines that watch us (so in English only): is the process up, can it work, and how is it doing."""

import hmac

from flask import Blueprint, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.api.tokens import public
from app.config import settings
from app.errors import RETRY_AFTER, NotFound, Unauthorized
from app.kit import metrics
from app.kit.broker import broker
from app.kit.db import db

bp = Blueprint("health", __name__)
LOOPBACK = {"127.0.0.1", "::1"}
PASSED_ON = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")


@bp.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """The process is up and answers."""
    return jsonify(status="success", message="Up.", data={})


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Whether we can work: 503 without the database; 200 and `degraded` without Redis, since everything works on."""
    stands = {"database": "ok" if _database_answers() else "away", "redis": "ok" if broker().is_there() else "away"}
    if stands["database"] == "away":
        body = {"status": "error", "message": "The database does not answer.", "error": "busy", "data": stands}
        response = make_response(jsonify(body), 503)
        response.headers["Retry-After"] = str(RETRY_AFTER)
        return response
    is_degraded = stands["redis"] == "away"
    message = "Ready, but Redis does not answer." if is_degraded else "Ready."
    return jsonify(status="success", message=message, data={**stands, "degraded": is_degraded})


@bp.get("/metrics")
@public
def figures() -> ResponseReturnValue:
    """Figures for Prometheus: with METRICS_KEY as a bearer token; without one, only for this machine itself."""
    key = settings().metrics_key
    if key:
        offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(offered.encode(), key.encode()):
            raise Unauthorized
    elif settings().is_production or not _is_direct_and_local():
        raise NotFound
    return metrics.figures(), {"Content-Type": CONTENT_TYPE_LATEST}


def _database_answers() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _is_direct_and_local() -> bool:
    return request.remote_addr in LOOPBACK and not any(name in request.headers for name in PASSED_ON)
