"""Where pictures lie: on disk and, over real HTTP, in something that speaks as S3 does."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.media.errors import StorageAway, StorageFull
from app.media.storage import UNFINISHED, Bucket, Folder, Storage, storage_at

FULL_DISK = """
import resource, sys
from pathlib import Path
from app.media.errors import StorageFull
from app.media.storage import Folder
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    Folder(Path(sys.argv[1])).put("a.webp", bytes(5000))
except StorageFull:
    print("full")
"""


@pytest.fixture(params=["folder", "bucket", "bucket with a prefix"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return Folder(tmp_path / "media")
    request.getfixturevalue("s3")
    prefix = "shop/one" if "prefix" in request.param else ""
    storage = Bucket("pictures", prefix)
    for name in storage.older_than(datetime.now(UTC) + timedelta(days=1)):
        storage.delete(name)
    return storage


def test_what_is_put_can_be_had_and_deleted(storage: Storage) -> None:
    storage.put("a.webp", b"bytes")
    assert storage.has("a.webp")
    found = storage.open("a.webp")
    assert found is not None
    stream, length = found
    assert (stream.read(), length) == (b"bytes", 5)
    stream.close()
    storage.delete("a.webp")
    storage.delete("a.webp")
    assert not storage.has("a.webp")
    assert storage.open("a.webp") is None


def test_what_is_old_is_named(storage: Storage) -> None:
    now = datetime.now(UTC)
    assert list(storage.older_than(now)) == []
    storage.put("a.webp", b"bytes")
    assert list(storage.older_than(now - timedelta(hours=1))) == []
    assert list(storage.older_than(now + timedelta(hours=1))) == ["a.webp"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "full" in told.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("not a folder")
    with pytest.raises(StorageAway):
        Folder(tmp_path / "media").put("a.webp", b"bytes")


def test_nobody_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    sync = os.fsync

    def look_and_sync(file: int) -> None:
        seen.extend(each.name for each in tmp_path.iterdir())
        sync(file)

    monkeypatch.setattr(os, "fsync", look_and_sync)
    Folder(tmp_path).put("a.webp", b"bytes")
    assert [name.endswith(UNFINISHED) for name in seen] == [True]
    assert [each.name for each in tmp_path.iterdir()] == ["a.webp"]


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_told() -> None:
    with pytest.raises(StorageAway):
        Bucket("nowhere").put("a.webp", b"bytes")


def test_an_s3_that_does_not_answer_is_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert s3
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(StorageAway):
        Bucket("pictures").has("a.webp")


@pytest.mark.usefixtures("s3")
def test_the_setting_chooses(tmp_path: Path) -> None:
    chosen = storage_at(f"file:{tmp_path}")
    assert isinstance(chosen, Folder)
    assert chosen.folder == tmp_path
    assert isinstance(storage_at("s3://pictures/shop"), Bucket)


def test_both_say_the_same_of_a_full_store() -> None:
    assert (StorageFull.status, StorageAway.status) == (507, 503)
