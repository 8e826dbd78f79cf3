"""A bucket of the tests' S3 server, as boto3 sees it."""

import os
import pathlib
import uuid

import boto3
import pytest

SERVER = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_S3_FOLDER"]) / "server.env"
if not SERVER.exists():
    pytest.skip("radosgw is not installed", allow_module_level=True)
SETTINGS = dict(line.split("=", 1) for line in SERVER.read_text().split())
ENVIRONMENT = dict(
    os.environ,
    AWS_ENDPOINT_URL_S3=SETTINGS["endpoint"],
    AWS_ACCESS_KEY_ID=SETTINGS["access_key"],
    AWS_SECRET_ACCESS_KEY=SETTINGS["secret_key"],
    AWS_REGION="us-east-1",
)


class Bucket:
    """A mapping of keys to bytes, as zarr wants it."""

    def __init__(self, client, name, prefix=""):
        self.client, self.name, self.prefix = client, name, prefix

    def below(self, prefix):
        return Bucket(self.client, self.name, self.prefix + prefix)

    def __getitem__(self, key):
        try:
            return self.client.get_object(Bucket=self.name, Key=self.prefix + key)["Body"].read()
        except self.client.exceptions.NoSuchKey:
            raise KeyError(key) from None

    def __setitem__(self, key, value):
        self.client.put_object(Bucket=self.name, Key=self.prefix + key, Body=bytes(value))

    def __delitem__(self, key):
        self.client.delete_object(Bucket=self.name, Key=self.prefix + key)

    def __contains__(self, key):
        return key in set(self)

    def __iter__(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix)
        return iter([o["Key"][len(self.prefix):] for page in pages for o in page.get("Contents", ())])

    def keys(self):
        return list(self)

    def __len__(self):
        return len(self.keys())


def connect():
    return boto3.client(
        "s3",
        endpoint_url=SETTINGS["endpoint"],
        aws_access_key_id=SETTINGS["access_key"],
        aws_secret_access_key=SETTINGS["secret_key"],
        region_name="us-east-1",
        config=boto3.session.Config(s3={"addressing_style": "path"}),
    )


@pytest.fixture
def bucket():
    client = connect()
    name = "python-" + str(uuid.uuid4())
    client.create_bucket(Bucket=name)
    bucket = Bucket(client, name)
    yield bucket
    for key in bucket:
        del bucket[key]
    client.delete_bucket(Bucket=name)
