"""A person at a browser without JavaScript, over real HTTP: for servers in processes of their own."""

import re
from typing import Any

import requests

TOKEN = re.compile(r'name="csrf[_-]token"\s+(?:value|content)="([^"]+)"')


class Visitor(requests.Session):
    """Keeps cookies; sends unsafe requests with the CSRF token of the page it saw last. Does not follow redirects."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.token = ""

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs = {"timeout": 60, "allow_redirects": False, **kwargs}
        if str(method) not in {"GET", "HEAD", "OPTIONS"}:
            kwargs["headers"] = {"X-CSRFToken": self.token, **(kwargs.get("headers") or {})}
        answer = super().request(method, f"{self.url}{url!s}", *args, **kwargs)
        if (found := TOKEN.search(answer.text)) is not None:
            self.token = found[1]
        return answer
