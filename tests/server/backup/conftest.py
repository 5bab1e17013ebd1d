"""An instance worth backing up, and the two places where backups go."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import psycopg
import pytest

from authly_server.backup.bucket import Bucket
from authly_server.backup.directory import Directory
from throwaway import s3 as throwaway_s3


_numbers = itertools.count(1)


@pytest.fixture
def instance(database_url: str) -> str:
    """The owner's URL of a database with a client, a user, a grant and a refresh family in it."""
    spec = {
        "client_id": "shop",
        "owner": "default/shop",
        "type": "confidential",
        "auth_method": "client_secret_basic",
        "secret_sha256": ["ab" * 32],
        "grant_types": ["authorization_code"],
        "redirect_uris": ["https://shop.example/callback"],
        "scopes": ["read"],
    }
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT authly_api.apply_client(%s::jsonb, 3)", (json.dumps(spec),))
        connection.execute(
            "INSERT INTO authly.users"
            " (email, username, email_folded, username_folded, password_hash)"
            " VALUES ('ada@example.org', 'ädä', 'ada@example.org', 'ädä', 'x')"
        )
        connection.execute(
            "INSERT INTO authly.grants (id, client_id, user_id, scopes, resources)"
            " SELECT gen_random_uuid(), clients.id, users.id, '{read}', '{}'"
            " FROM authly.clients, authly.users, generate_series(1, 5000)"
        )
    return database_url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[throwaway_s3.Gateway]:
    """A real S3 server, built from its Go module when its binary is not in the cache yet."""
    gateway = throwaway_s3.create()
    yield gateway
    gateway.close()


@pytest.fixture
def bucket_name(s3_server: throwaway_s3.Gateway) -> str:
    """The name of a bucket that only this test uses."""
    name = f"bucket-{next(_numbers)}"
    boto3.client(
        "s3",
        endpoint_url=s3_server.endpoint,
        region_name=throwaway_s3.REGION,
        aws_access_key_id=throwaway_s3.ACCESS_KEY_ID,
        aws_secret_access_key=throwaway_s3.SECRET_ACCESS_KEY,
    ).create_bucket(Bucket=name)
    return name


@pytest.fixture
def bucket(s3_server: throwaway_s3.Gateway, bucket_name: str) -> Bucket:
    return Bucket(
        bucket_name,
        prefix="database/",
        endpoint=s3_server.endpoint,
        region=throwaway_s3.REGION,
        access_key_id=throwaway_s3.ACCESS_KEY_ID,
        secret_access_key=throwaway_s3.SECRET_ACCESS_KEY,
    )


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path)
