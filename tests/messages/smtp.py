"""A real SMTP server for tests, that can also be told to misbehave."""

import asyncio
import socket
import threading
from asyncio import Transport
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Postman:
    """Keeps what arrives. `says` answers a command with an error; `hangs_up` breaks the line after the text came.

    `hesitates_at` a command: it is heard, and not answered until that changes.
    """

    says: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    hesitates_at: str = ""
    heard: list[str] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    url: str = ""

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(bytes(each.content or b""), policy=policy.default) for each in self.envelopes]  # type: ignore[arg-type]

    async def _think(self, command: str) -> None:
        self.heard.append(command)
        while self.hesitates_at == command:  # noqa: ASYNC110 (told from another thread)
            await asyncio.sleep(0.02)

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],  # noqa: ARG002
    ) -> str:
        await self._think("RCPT")
        if "RCPT" in self.says:
            return self.says["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        if "DATA" in self.says:
            return self.says["DATA"]
        self.envelopes.append(envelope)
        await self._think("DATA")
        if self.hangs_up:
            assert isinstance(server.transport, Transport)
            server.transport.abort()
        return "250 taken"


@contextmanager
def postman(**misbehaviour: object) -> Iterator[Postman]:
    """An SMTP server on loopback while the block runs."""
    keeper = Postman(**misbehaviour)  # type: ignore[arg-type]
    controller = Controller(keeper, hostname="127.0.0.1", port=_free_port())
    controller.start()
    keeper.url = f"smtp://127.0.0.1:{controller.port}"
    try:
        yield keeper
    finally:
        keeper.hesitates_at = ""
        controller.stop()


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def dripping_server(word: bytes = b"220-wait\r\n") -> Iterator[str]:
    """Takes a connection, and never comes to the end of what it says, word by word."""
    is_over = threading.Event()

    def talk() -> None:
        with suppress(OSError):
            line, _address = listener.accept()
            with line:
                while not is_over.wait(0.05):
                    line.sendall(word)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        talker = threading.Thread(target=talk)
        talker.start()
        try:
            yield f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            is_over.set()
            talker.join()


def nobody_there() -> str:
    return f"smtp://127.0.0.1:{_free_port()}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
