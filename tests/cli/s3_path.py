"""A bucket as a test sees a folder: what pathlib.Path has, for s3://bucket/key."""

import os
import types

from bucket import SETTINGS, connect


def environment():
    """For a program that is to find the server, and nothing else of S3."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "HOME": "/nonexistent",
        "AWS_ENDPOINT_URL_S3": SETTINGS["endpoint"],
        "AWS_ACCESS_KEY_ID": SETTINGS["access_key"],
        "AWS_SECRET_ACCESS_KEY": SETTINGS["secret_key"],
    }


class S3Path:
    """A key is a file; a prefix of keys with a slash behind it is a folder."""

    client = None

    def __init__(self, *parts):
        self.parts = tuple(part for text in parts for part in str(text).split("/") if part)
        S3Path.client = S3Path.client or connect()

    def __str__(self):
        return "s3://" + "/".join(self.parts)

    __repr__ = __str__

    def __truediv__(self, name):
        return S3Path(*self.parts, name)

    def __eq__(self, other):
        return isinstance(other, S3Path) and self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts

    def __hash__(self):
        return hash(self.parts)

    @property
    def name(self):
        return self.parts[-1]

    @property
    def parent(self):
        return S3Path(*self.parts[:-1])

    @property
    def where(self):
        return {"Bucket": self.parts[0], "Key": "/".join(self.parts[1:])}

    def read_bytes(self):
        return self.client.get_object(**self.where)["Body"].read()

    def write_bytes(self, data):
        self.client.put_object(**self.where, Body=data)

    def write_text(self, text):
        self.write_bytes(text.encode())

    def touch(self):
        self.write_bytes(b"")

    def unlink(self):
        self.client.delete_object(**self.where)

    def mkdir(self, parents=False, exist_ok=False):
        """Folders are only names; a bucket is made."""
        if len(self.parts) == 1:
            self.client.create_bucket(Bucket=self.parts[0])

    def stat(self):
        info = self.client.head_object(**self.where)
        return types.SimpleNamespace(st_size=info["ContentLength"], st_mtime_ns=(info["LastModified"], info["ETag"]))

    def rglob(self, pattern="*"):
        """All keys below, sorted."""
        assert pattern == "*"
        prefix = "".join(part + "/" for part in self.parts[1:])
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.parts[0], Prefix=prefix)
        return [S3Path(self.parts[0], entry["Key"]) for page in pages for entry in page.get("Contents", ())]

    def iterdir(self):
        depth = len(self.parts) + 1
        return sorted({S3Path(*path.parts[:depth]) for path in self.rglob()})

    def is_file(self):
        found = self.client.list_objects_v2(Bucket=self.parts[0], Prefix=self.where["Key"], MaxKeys=1)
        return any(entry["Key"] == self.where["Key"] for entry in found.get("Contents", ()))

    def exists(self):
        return self.is_file() or bool(self.rglob())
