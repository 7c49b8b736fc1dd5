"""Static files: their address carries a hash of their bytes, so that browsers may keep them for ever.

Fonts are named by the stylesheet, which knows no hash: the version in their own name does the same.
"""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

FOREVER = "public, max-age=31536000, immutable"
VERSIONED = "fonts/"
COMPRESSIBLE = frozenset({".css", ".js", ".svg"})


def init_assets(app: Flask) -> None:
    """Put the hash into every `url_for("static", …)`, and let what is asked for by its hash be kept."""
    folder = Path(app.static_folder or "")

    @app.url_defaults
    def add_hash(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and not values["filename"].startswith(VERSIONED):
            values["v"] = _hash_of(folder / values["filename"])

    @app.after_request
    def let_keep(response: Response) -> Response:
        if request.endpoint != "static" or response.status_code != 200:  # noqa: PLR2004
            return response
        name: str = (request.view_args or {})["filename"]
        file = folder / name
        if name.startswith(VERSIONED) or request.args.get("v") == _hash_of(file):
            response.headers["Cache-Control"] = FOREVER
        if file.suffix in COMPRESSIBLE:
            response.vary.add("Accept-Encoding")
            if request.accept_encodings["gzip"]:
                response.close()
                response.direct_passthrough = False
                response.set_data(_zipped(file, file.stat().st_mtime_ns))
                response.content_encoding = "gzip"
        return response


def _hash_of(file: Path) -> str:
    try:
        return _hashed(file, file.stat().st_mtime_ns)
    except OSError:  # no such file: the address leads to the 404 page
        return "none"


@lru_cache(maxsize=256)
def _hashed(file: Path, _changed_ns: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=64)
def _zipped(file: Path, _changed_ns: int) -> bytes:
    return gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)
