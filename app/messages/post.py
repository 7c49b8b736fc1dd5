"""Writing a mail, and the two ways out of the house: SMTP, and a folder."""

import smtplib
import ssl
from collections.abc import Callable
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flask import render_template
from flask_babel import force_locale

from app.config import settings
from app.messages.lines import Line, LineOverTls
from app.messages.models import Mail

TIMEOUT = 10
ON_THE_WIRE = policy.SMTP.clone(cte_type="7bit")
PERMANENT = 500
ACCEPTED = 250
GO_AHEAD = 354


class NotSent(Exception):
    """It was certainly not sent. `is_permanent` says that trying again is no use."""

    def __init__(self, reason: str, *, is_permanent: bool = False) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent


class MaybeSent(Exception):
    """It was handed over, and the line broke before we heard whether it was taken."""


def write(mail: Mail) -> EmailMessage:
    """The mail in its reader's language, as text and as HTML. The first line of the text is its subject."""
    with force_locale(mail.locale):
        text = render_template(f"mail/{mail.template}.txt", **mail.context)
        subject, _newline, body = text.partition("\n")
        html = render_template(f"mail/{mail.template}.html", subject=subject, **mail.context)
    sender_name, sender = parseaddr(settings().mail_from)
    message = EmailMessage(policy=ON_THE_WIRE)
    message["Subject"] = " ".join(subject.split())
    message["From"] = Address(sender_name, addr_spec=sender)
    message["To"] = Address(addr_spec=mail.recipient)
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = make_msgid(f"laurel-{mail.id}", domain=sender.partition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.strip() + "\n")
    message.add_alternative(html, subtype="html")
    return message


def hand_over(mail: Mail, before_data: Callable[[], None]) -> None:
    """Send it. `before_data` is called at the last moment at which it is certain that nothing was sent yet.

    Raises NotSent or MaybeSent.
    """
    message = write(mail)
    if settings().smtp_url:
        _over_smtp(message, mail.recipient, before_data)
    else:
        before_data()
        _into_folder(message, f"{mail.id:06}-{mail.template}.eml")


def _over_smtp(message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> None:
    line = _introduce(message, recipient)
    before_data()
    try:
        code, answer = line.data(message.as_bytes())
    except smtplib.SMTPDataError as error:  # it was not even asked for the text
        raise _refused(error.smtp_code, error.smtp_error) from error
    except (OSError, smtplib.SMTPException) as error:
        line.close()
        raise MaybeSent(str(error) or type(error).__name__) from error
    _hang_up(line)
    if code != ACCEPTED:
        raise _refused(code, answer)


def _introduce(message: EmailMessage, recipient: str) -> Line:
    """Connect, and get sender and recipient accepted. Raises NotSent."""
    try:
        line = _connect()
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error, is_ours=True) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(str(error) or type(error).__name__) from error
    try:
        for code, answer in (_ask(line.mail, parseaddr(str(message["From"]))[1]), _ask(line.rcpt, recipient)):
            if code // 100 != 2:  # noqa: PLR2004
                _hang_up(line)
                raise _refused(code, answer)
    except (OSError, smtplib.SMTPException) as error:
        line.close()
        raise NotSent(str(error) or type(error).__name__) from error
    return line


def _ask(command: Callable[[str], tuple[int, bytes]], argument: str) -> tuple[int, bytes]:
    return command(argument)


def _connect() -> Line:
    """A line to SMTP_URL: `smtp://`, `smtp+starttls://` or `smtps://`, with `user:password@` where it needs them."""
    url = urlsplit(settings().smtp_url)
    host, trust = url.hostname or "localhost", ssl.create_default_context()
    if url.scheme == "smtps":
        line: Line = LineOverTls(host, url.port or 465, timeout=TIMEOUT, context=trust)
    else:
        line = Line(host, url.port or 25, timeout=TIMEOUT)
    try:
        line.ehlo_or_helo_if_needed()
        if url.scheme == "smtp+starttls":
            line.starttls(context=trust)
        if url.username:
            line.login(unquote(url.username), unquote(url.password or ""))
    except BaseException:
        line.close()
        raise
    return line


def _refused(code: int, answer: bytes | str, *, is_ours: bool = False) -> NotSent:
    """What the server said. A refusal of ourselves (connection, sign-in) may be mended; one of the mail won't."""
    said = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return NotSent(f"{code} {said}", is_permanent=code >= PERMANENT and not is_ours)


def _hang_up(line: Line) -> None:
    try:
        line.quit()
    except (OSError, smtplib.SMTPException):
        line.close()


def _into_folder(message: EmailMessage, name: str) -> None:
    """A file of its own; written aside first, so that nobody reads half a mail."""
    folder = Path(settings().mail_dir)
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{name}"
    aside.write_bytes(message.as_bytes())
    aside.rename(folder / name)
