"""Where pictures lie: a folder, or a bucket of S3. A file, once there, is whole and never changes."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

import structlog

from app.media.errors import StorageAway, StorageFull

log = structlog.get_logger(__name__)
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
UNFINISHED = ".unfinished"
WEBP = "image/webp"


class Storage(Protocol):
    """All of them raise StorageAway when it doesn't answer, and `put` StorageFull."""

    def put(self, name: str, data: bytes) -> None:
        """Store a file, whole or not at all."""

    def open(self, name: str) -> tuple[IO[bytes], int] | None:
        """The file, for the caller to read and close, and its length; None if there is none."""

    def has(self, name: str) -> bool: ...

    def older_than(self, moment: datetime) -> Iterator[str]:
        """The names of files that were put here before that moment."""

    def delete(self, name: str) -> None:
        """Nothing happens if it isn't there."""


class Folder:
    """Files in one folder, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, data: bytes) -> None:
        unfinished = self.folder / f"{name}.{secrets.token_hex(4)}{UNFINISHED}"
        with _disk_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(self.folder / name)
            except OSError:
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)
                raise

    def open(self, name: str) -> tuple[IO[bytes], int] | None:
        with _disk_errors():
            try:
                file = (self.folder / name).open("rb")
            except FileNotFoundError:
                return None
            return file, os.fstat(file.fileno()).st_size

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def older_than(self, moment: datetime) -> Iterator[str]:
        if not self.folder.is_dir():
            return
        with _disk_errors(), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.is_file() and datetime.fromtimestamp(entry.stat().st_mtime, UTC) < moment:
                    yield entry.name

    def delete(self, name: str) -> None:
        with _disk_errors():
            (self.folder / name).unlink(missing_ok=True)


class Bucket:
    """Objects in a bucket, below a prefix if there is one. Keys and region come from where boto3 looks for them."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        import boto3  # noqa: PLC0415  an extra: requirements-s3.txt
        from botocore.config import Config  # noqa: PLC0415

        impatient = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})
        self._s3: Any = boto3.client("s3", config=impatient)
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""

    def put(self, name: str, data: bytes) -> None:
        with _bucket_errors():
            self._s3.put_object(**self._at(name), Body=data, ContentType=WEBP)

    def open(self, name: str) -> tuple[IO[bytes], int] | None:
        with _bucket_errors():
            try:
                found = self._s3.get_object(**self._at(name))
            except self._s3.exceptions.NoSuchKey:
                return None
        return found["Body"], found["ContentLength"]

    def has(self, name: str) -> bool:
        with _bucket_errors():
            listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + name, MaxKeys=1)
        return bool(listed["KeyCount"])

    def older_than(self, moment: datetime) -> Iterator[str]:
        with _bucket_errors():
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for each in (each for page in pages for each in page.get("Contents", ())):
                if each["LastModified"] < moment:
                    yield each["Key"].removeprefix(self._prefix)

    def delete(self, name: str) -> None:
        with _bucket_errors():
            self._s3.delete_object(**self._at(name))

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}


@lru_cache(maxsize=8)
def storage_at(url: str) -> Storage:
    """The storage of a MEDIA_URL that the settings have let pass: `file:` and an absolute path, or `s3://bucket/prefix`."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return Bucket(parts.netloc, parts.path.strip("/"))
    return Folder(Path(parts.path))


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.error("media_storage_failed", error=error.strerror, path=error.filename)  # noqa: TRY400 the reason is all
        raise (StorageFull if error.errno in FULL else StorageAway) from error


@contextmanager
def _bucket_errors() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        log.error("media_storage_failed", error=str(error))  # noqa: TRY400 the reason is all
        raise StorageAway from error
