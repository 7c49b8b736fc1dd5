"""Structured logs with a request id, in and out and on into jobs; never a password, token or code."""

import logging
import re
import sys
import uuid
from time import perf_counter, time
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars, merge_contextvars
from structlog.typing import EventDict, Processor

SAFE_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
SECRETS = re.compile(r"password|secret|token|authorization|cookie|(^|_)(code|key)$", re.IGNORECASE)
QUIET = {"static", "media.show_picture", "health.alive", "health.ready", "health.figures"}
log = structlog.get_logger(__name__)


def configure(style: str) -> None:
    """Send every log line of this process, ours and the libraries', to stderr: `console` for people or `json`."""
    structlog.configure(
        processors=_chain,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_own, processors=_written_as(style)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("rq", "alembic", "werkzeug", "gunicorn.error", "stripe"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _written_as(style: str) -> list[Processor]:
    clean = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if style == "json":
        return [clean, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [clean, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_plain_traceback)]


_plain_traceback = structlog.dev.plain_traceback


def hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Blank what must not be read in a log, should somebody log it by mistake."""
    return {name: "…" if SECRETS.search(name) else value for name, value in event.items()}


class Trickle:
    """At most `most` lines a minute from this process; the next one after a flood says how many were held back."""

    def __init__(self, most: int) -> None:
        self.most, self._minute, self._written, self._held_back = most, 0, 0, 0

    def warn(self, event: str, **facts: object) -> None:
        minute = int(time() // 60)
        if minute != self._minute:
            self._minute, self._written = minute, 0
        if self._written >= self.most:
            self._held_back += 1
            return
        self._written += 1
        more = {"held_back": self._held_back} if self._held_back else {}
        self._held_back = 0
        log.warning(event, **facts, **more)


trespasses = Trickle(most=30)


def name_caller(label: str) -> None:
    """The lines of this request say from now on whose it is: `user:5`, `key:3`."""
    bind_contextvars(by=label)


def request_id() -> str:
    """The id of the request, or the job, at work; empty outside of both."""
    return str(get_contextvars().get("request_id", ""))


_own: list[Processor] = [
    merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper("iso", utc=True),
    hide_secrets,
]
_chain: list[Processor] = [*_own, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]  # loggers keep this list


def begin_job(job_id: str, asked_by: str) -> None:
    """From now on this process logs for a job, under the id of the request that asked for it."""
    clear_contextvars()
    bind_contextvars(job_id=job_id, **({"request_id": asked_by} if asked_by else {}))


def init_logs(app: Flask) -> None:
    """Give each request an id (the caller's, if it looks like one), and log it when it is answered."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    offered = request.headers.get("X-Request-ID", "")
    g.request_id = offered if SAFE_ID.fullmatch(offered) else uuid.uuid4().hex
    g.began = perf_counter()
    clear_contextvars()
    bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    if "request_id" not in g:
        return response
    response.headers["X-Request-ID"] = g.request_id
    if request.endpoint not in QUIET:
        route = request.url_rule.rule if request.url_rule else None  # the path itself may hold a token
        seconds = perf_counter() - g.began
        spent = {"ms": round(seconds * 1000, 1), "statements": g.get("statements", 0)}
        log.info("request", method=request.method, route=route, status=response.status_code, **spent)
    return response
