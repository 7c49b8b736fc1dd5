"""What every answer says to the browser: run only our own files, never in a frame, keep personal pages to yourself."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import host_is_trusted

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
A_YEAR = 31_536_000
SCHEMES = {"http", "https"}
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?")
MOST_ORIGINS = 50


def init_headers(app: Flask, *, proxies: int, hosts: tuple[str, ...], is_https: bool) -> None:
    """Believe `X-Forwarded-*` of exactly so many proxies, answer to these hosts only, and say so in every answer."""
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]

    def refuse_other_hosts() -> None:
        # a load balancer asks for our health by address
        if hosts and "*" not in hosts and request.blueprint != "health" and not host_is_trusted(request.host, hosts):
            abort(400)

    def refuse_nul() -> None:
        # PostgreSQL can't look for it, nothing of ours holds it, and nobody types it; endpoints name the argument
        arguments = () if request.blueprint == "api" else request.args.values()
        if any("\x00" in text for text in (request.path, *arguments)):
            abort(400)

    always = ALWAYS | ({"Strict-Transport-Security": f"max-age={A_YEAR}; includeSubDomains"} if is_https else {})

    def say(response: Response) -> Response:
        said = {name for name, _value in response.headers}
        origins = g.pop("image_origins", ())
        response.headers.extend((name, value) for name, value in always.items() if name not in said)
        if origins and "Content-Security-Policy" not in said:
            response.headers["Content-Security-Policy"] = _with_images_of(origins)
        if "Cache-Control" not in said:  # whatever a view doesn't say otherwise of, is personal
            response.headers["Cache-Control"] = "private, no-store"
            response.vary.update(("Cookie", "HX-Request"))
        return response

    app.before_request(refuse_other_hosts)
    app.before_request(refuse_nul)
    app.after_request(say)


def allow_images_of(urls: Iterable[str]) -> None:
    """Let this answer's page show pictures from these addresses: from exactly their origins, and nothing but pictures.

    What HTMX brings into a page later is shown by what that page was allowed. At most 50 origins.
    """
    found = {origin for origin in map(origin_of, urls) if origin}
    g.image_origins = set(g.get("image_origins", ())) | found


def origin_of(url: str) -> str | None:
    """`https://example.com:8443` of an address there; None of what isn't one: nothing else gets into a header."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # also what can't be a name of a host
        return None
    if parts.scheme not in SCHEMES or not HOST.fullmatch(host):
        return None
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"


def _with_images_of(origins: Iterable[str]) -> str:
    allowed = " ".join(["data: blob:", *sorted(origins)[:MOST_ORIGINS]])
    return CONTENT_SECURITY_POLICY.replace("data: blob:", allowed)
