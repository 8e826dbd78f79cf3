"""What the Python of the system needs on S3 for what s3_bench.cpp does; the same lines `name<TAB>number`.

    s3_peers.py bucket BUCKET    makes the bucket
    s3_peers.py arrays BUCKET    zarr and dask over boto3, 16 threads
    s3_peers.py CASE BUCKET      one of them, as "plain chunks of 4 MiB"
    s3_peers.py nodes BUCKET     the requests of IBM's Function Fuse: is the object there; pickle, SHA-1, put

Endpoint and keys are those of the environment."""

import hashlib
import os
import pickle
import sys

import boto3
import botocore
import dask
import dask.array as da
import numcodecs
import numpy as np
import zarr

from report import report, seconds

IN_FLIGHT = 16


class Bucket:
    """A mapping of keys to bytes, as zarr wants it; one client, whose connections are kept."""

    def __init__(self, name):
        self.name = name
        self.client = boto3.client(
            "s3",
            endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"],
            region_name=os.environ["AWS_REGION"],
            config=botocore.config.Config(
                s3={"addressing_style": "path"}, max_pool_connections=IN_FLIGHT),
        )

    def __getitem__(self, key):
        try:
            return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        except self.client.exceptions.NoSuchKey:
            raise KeyError(key) from None

    def __setitem__(self, key, value):
        self.client.put_object(Bucket=self.name, Key=key, Body=bytes(value))

    def __delitem__(self, key):
        self.client.delete_object(Bucket=self.name, Key=key)

    def __contains__(self, key):
        try:
            self.client.head_object(Bucket=self.name, Key=key)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            return False
        return True

    def __iter__(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return (item["Key"] for page in pages for item in page.get("Contents", ()))

    def __len__(self):
        return sum(1 for _ in self)

    def remove(self, prefix):
        for key in [key for key in self if key.startswith(prefix)]:
            del self[key]


def numbers():
    """A ramp with noise, as in s3_bench.cpp."""
    i = np.arange(32 << 20, dtype=np.uint64)
    z = (i + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    return (i % np.uint64(4096)).astype(float) + (z >> np.uint64(56)) / 256


def arrays(bucket, wanted):
    values = numbers()
    total = values.sum()
    store = zarr.storage.KVStore(bucket)
    blosc = numcodecs.Blosc("lz4", 5, 1)
    for name, codec, chunk in (
        ("plain chunks of 4 MiB", None, 512 << 10),
        ("plain chunks of 256 KiB", None, 32 << 10),
        ("packed chunks of 4 MiB", blosc, 512 << 10),
        ("packed chunks of 256 KiB", blosc, 32 << 10),
    ):
        if wanted not in ("arrays", name):
            continue
        array = da.from_array(values, chunks=chunk)

        def save():
            kept = zarr.create(array.shape, chunks=chunk, dtype=array.dtype, compressor=codec,
                               store=store, path="peer")
            da.store(array, kept, lock=False)

        def read():
            return da.from_zarr(zarr.open_array(store, mode="r", path="peer")).sum().compute()

        report(f"256 MiB in {name}, save", seconds(save)[0])
        elapsed, found = seconds(read)
        assert found == total
        report(f"256 MiB in {name}, read and sum", elapsed)
        bucket.remove("peer/")


def nodes(bucket):
    names = [f"peer/scale_{i:04d}" for i in range(1000)]

    def save(name, value):
        data = pickle.dumps(value, 4)
        bucket[name] = data + hashlib.sha1(data).digest()

    def read(name):
        data = bucket[name]
        if hashlib.sha1(data[:-20]).digest() != data[-20:]:
            raise ValueError(name)
        return pickle.loads(data[:-20])

    def run_and_store():
        for i, name in enumerate(names):
            if name not in bucket:
                save(name, i * 0.5)

    def milliseconds(function):
        return seconds(function)[0] * 1e3 / len(names)

    report("node, run and store", milliseconds(run_and_store))
    # Function Fuse reads what it finds, needed or not.
    found = milliseconds(lambda: [read(name) for name in names if name in bucket])
    report("node, find stored", found)
    report("node, read stored", found)
    bucket.remove("peer/")


def main(what, name):
    bucket = Bucket(name)
    if what == "bucket":
        bucket.client.create_bucket(Bucket=name)
    elif what == "nodes":
        nodes(bucket)
    else:
        with dask.config.set(scheduler="threads", num_workers=IN_FLIGHT):
            arrays(bucket, what)


if __name__ == "__main__":
    main(*sys.argv[1:])
