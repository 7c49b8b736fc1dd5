"""Lines to a mail server that end in time, however slowly it talks: `smtplib` knows a timeout for each word only."""

import io
import smtplib
import socket
import time
from typing import Any

DEADLINE = 30  # seconds; the event of a mail is leased for 60


class Line(smtplib.SMTP):
    """A line to a mail server, on which nothing is heard any more when its time is up: TimeoutError from then on."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.ends = time.monotonic() + DEADLINE
        super().__init__(*args, **options)

    def getreply(self) -> tuple[int, bytes]:
        """What the server answers. Raises SMTPServerDisconnected when it isn't all there in time."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Listening(self.sock, self.ends))
        return super().getreply()


class LineOverTls(Line, smtplib.SMTP_SSL):
    """The same, encrypted from its first word."""


class _Listening(io.RawIOBase):
    """What the other side says until that moment of the monotonic clock."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock, self._ends = sock, ends

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out, talking too slowly")
        self._sock.settimeout(min(left, self._sock.gettimeout() or left))
        return self._sock.recv_into(buffer)
