"""Backups in an S3 bucket: a multipart upload is invisible until it is completed.

boto3 is imported here and nowhere else, and this module only where a bucket is asked for: it is
slow to import and a directory does not need it.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from authly_server.backup import names
from authly_server.backup.destination import BLOCK
from authly_server.backup.errors import BackupError


if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import StorageClassType
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_PART = 16 * 1024 * 1024
# S3 takes 10,000 parts: growing with their number, they are enough for 800 GiB.
_GROWS_EVERY = 1000
_ATTEMPTS = 5


class _Upload:
    """Gathers blocks into parts; one part at most is in memory."""

    def __init__(self, bucket: "Bucket", key: str, upload_id: str) -> None:
        self._bucket = bucket
        self._key = key
        self._upload_id = upload_id
        self._parts: list[CompletedPartTypeDef] = []
        self._gathered = bytearray()

    def write(self, block: bytes) -> None:
        self._gathered += block
        if len(self._gathered) >= _PART * (1 + len(self._parts) // _GROWS_EVERY):
            self._send()

    def commit(self, sha256: str, manifest: str) -> None:
        self._send()
        _, checksum, description = names.companions(self._key)
        # As `sha256sum --check` reads it.
        self._bucket.put_text(checksum, f"{sha256}  {self._key.rpartition('/')[2]}\n")
        self._bucket.put_text(description, manifest)
        self._bucket.client.complete_multipart_upload(
            Bucket=self._bucket.name,
            Key=self._key,
            UploadId=self._upload_id,
            MultipartUpload={"Parts": self._parts},
        )

    def abort(self) -> None:
        self._bucket.client.abort_multipart_upload(
            Bucket=self._bucket.name, Key=self._key, UploadId=self._upload_id
        )

    def _send(self) -> None:
        number = len(self._parts) + 1
        answer = self._bucket.client.upload_part(
            Bucket=self._bucket.name,
            Key=self._key,
            UploadId=self._upload_id,
            PartNumber=number,
            Body=bytes(self._gathered),
        )
        self._parts.append({"ETag": answer["ETag"], "PartNumber": number})
        self._gathered.clear()


class Bucket:
    """A destination in S3 or what speaks like it; satisfies destination.Destination.

    `prefix` is put before each name as it stands. Credentials are None where the surroundings
    give them (a role of the pod). After `timeout` seconds of silence it is asked again.
    """

    def __init__(
        self,
        name: str,
        *,
        prefix: str = "",
        endpoint: str | None = None,
        region: str | None = None,
        storage_class: str = "STANDARD_IA",
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        timeout: int = 60,
    ) -> None:
        self.name = name
        self._prefix = prefix
        self._storage_class: StorageClassType = storage_class  # type: ignore[assignment]
        with _one_line(name):
            self.client: S3Client = boto3.client(
                "s3",
                endpoint_url=endpoint,
                region_name=region,
                aws_access_key_id=access_key_id,
                aws_secret_access_key=secret_access_key,
                # Checksums that only Amazon understands stay away from everybody else.
                config=Config(
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    connect_timeout=10,
                    read_timeout=timeout,
                    retries={"mode": "standard", "max_attempts": _ATTEMPTS},
                ),
            )

    @contextlib.contextmanager
    def open(self, file_name: str) -> Iterator[_Upload]:
        """Begin a multipart upload that is aborted unless it is committed.

        Raises:
            BackupError: the bucket refuses or cannot be reached.
        """
        with _one_line(self.name):
            key = self._prefix + file_name
            begun = self.client.create_multipart_upload(
                Bucket=self.name,
                Key=key,
                StorageClass=self._storage_class,
                ContentType="application/gzip",
            )
            upload = _Upload(self, key, begun["UploadId"])
            try:
                yield upload
            except BaseException:
                with contextlib.suppress(BotoCoreError, ClientError):
                    upload.abort()
                raise

    def put_text(self, key: str, text: str) -> None:
        """Write a small file that lies beside a backup."""
        self.client.put_object(
            Bucket=self.name, Key=key, Body=text.encode(), ContentType="text/plain"
        )

    def read(self, file_name: str) -> Iterator[bytes]:
        """The blocks of an object.

        Raises:
            BackupError: it is not there, or the bucket does not give it back whole.
        """
        with _one_line(self.name):
            answer = self.client.get_object(Bucket=self.name, Key=self._prefix + file_name)
            with contextlib.closing(answer["Body"]) as body:
                yield from body.iter_chunks(BLOCK)

    def names(self) -> list[str]:
        """The names of all objects below the prefix."""
        with _one_line(self.name):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=self._prefix
            )
            return [
                item["Key"].removeprefix(self._prefix)
                for page in pages
                for item in page.get("Contents", ())
            ]

    def delete(self, file_name: str) -> None:
        """Delete a backup with what lies beside it; what is gone already is no error."""
        with _one_line(self.name):
            for name in names.companions(file_name):
                self.client.delete_object(Bucket=self.name, Key=self._prefix + name)


@contextlib.contextmanager
def _one_line(bucket: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, ValueError) as error:
        message = f"bucket {bucket}: {' '.join(str(error).split())}"
        raise BackupError(message) from error
