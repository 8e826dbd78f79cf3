"""A storage in a bucket: Python reads what C++ saved as IBM's Function Fuse does, and the other way round."""

import hashlib
import io
import json
import os
import pathlib
import pickle
import subprocess
import uuid

import dask.array as da
import numpy as np
import pytest
import zarr

from bucket import ENVIRONMENT, SETTINGS, bucket  # noqa: F401

PROBE = os.path.join(os.environ["FUNCTIONFUSE_BUILD"], "tests", "programs", "storage_probe")
GOLDEN = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_DATA"]) / "golden"


def probe(bucket, *args, code=0):
    path = f"s3:/{bucket.name}/{bucket.prefix.rstrip('/')}"
    done = subprocess.run([PROBE, path, *args], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == code, done
    return done.stdout


def read(workflow, task):
    """As the original reads a task: the array of a persistent id with dask, from Zarr."""
    content = workflow[task]
    assert hashlib.sha1(content[:-20]).digest() == content[-20:]

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid):
            name, (version, filename) = pid
            assert version == "0.0.0"
            if name == "BytesSerializer":
                kept = workflow["bigdata/" + filename]
                assert hashlib.sha1(kept[:-20]).digest() == kept[-20:]
                return kept[:-20]
            assert name == "HDFSerializer"
            group = zarr.open_group(zarr.storage.KVStore(workflow.below("bigdata/dask_arrays/")), mode="r")
            return da.from_zarr(group[filename])

    return Unpickler(io.BytesIO(content[:-20])).load()


def test_python_reads_what_cpp_saved(bucket):
    bucket = bucket.below("a/b c/")
    probe(bucket, "save")
    cpp = bucket.below("cpp/")
    assert read(cpp, "none") is None
    assert read(cpp, "number") == 1.5
    assert read(cpp, "text") == "größer"
    assert read(cpp, "dict") == {"a": 1, "b": 2}
    assert (read(cpp, "large") == 0.5).all()
    assert read(cpp, "list") == ["some text"] * 200_000
    assert read(cpp, "bytes") == b"b" * 5000
    assert read(cpp, "glob[1]*") == 1


def test_python_reads_arrays_that_cpp_saved(bucket):
    probe(bucket, "save_arrays")
    arrays = bucket.below("arrays/")
    x = read(arrays, "x")
    assert x.chunks == ((300, 300, 300, 100),)
    np.testing.assert_array_equal(x.compute(), np.arange(1000.0))
    (first, second), text = read(arrays, "nested")
    np.testing.assert_array_equal(second.compute(), np.arange(1000.0) + 1)
    assert text == "text" and first.shape == (1000,)
    np.testing.assert_array_equal(read(arrays, "irregular").compute(), np.arange(1000.0))
    assert read(arrays, "scalar").compute() == 2.5
    zeros = read(arrays, "zeros")
    assert zeros.dtype == "<i4" and zeros.chunks == ((2, 2, 1), (3, 3, 1)) and not zeros.compute().any()

    # Chunks of zeros are there too, and the group and the metadata have the original's bytes.
    assert arrays["bigdata/dask_arrays/.zgroup"] == b'{\n    "zarr_format": 2\n}'
    filename = pickle_filename(arrays["zeros"])
    assert {k for k in arrays.below(f"bigdata/dask_arrays/{filename}/") if k[0] != "."} == {
        f"{i}.{j}" for i in range(3) for j in range(3)
    }
    theirs = zarr.group(store=zarr.MemoryStore()).create_dataset(
        "x", shape=(5, 7), chunks=(2, 3), dtype="<i4", compressor=zarr.Blosc()
    )
    assert arrays[f"bigdata/dask_arrays/{filename}/.zarray"] == theirs.store["x/.zarray"]


def pickle_filename(content):
    """Of a task that is one array (docs/formats/task-file.md)."""
    assert len(content) == 100
    return content[37:73].decode()


def test_every_dtype_of_an_array_that_python_saved(bucket):
    workflow = bucket.below("w/")
    group = zarr.group(store=zarr.storage.KVStore(workflow.below("bigdata/dask_arrays/")))
    for i, dtype in enumerate(["<f8", ">f4", "<i2", ">u4", "?", "<c16", "<M8[s]", "S3", "<U2"]):
        a = np.arange(12).astype(dtype).reshape(3, 4)
        filename = str(uuid.uuid4())
        target = group.create_dataset(filename, shape=a.shape, chunks=(2, 3), dtype=a.dtype)
        da.store(da.from_array(a, chunks=(2, 3)), target, lock=False)

        class Pickler(pickle.Pickler):
            def persistent_id(self, value):
                return ("HDFSerializer", ("0.0.0", filename)) if value is a else None

        out = io.BytesIO()
        Pickler(out, protocol=4).dump(a)
        workflow[f"t{i}"] = out.getvalue() + hashlib.sha1(out.getvalue()).digest()
        assert pickle_filename(workflow[f"t{i}"]) == filename
        shown, chunks, data = probe(bucket, "array", "w", f"t{i}").splitlines()
        assert np.dtype(shown) == a.dtype
        assert chunks == "((2, 1), (3, 1))"
        assert bytes.fromhex(data) == a.tobytes()


def dtype_of(text):
    return np.dtype(eval(text) if text[0] in "[{" else text)


def test_all_arrays_of_the_original(bucket):
    folder = GOLDEN / "s3" / "golden"
    for path in folder.rglob("*"):
        if path.is_file():
            bucket[str(path.relative_to(folder))] = path.read_bytes()
    entries = json.loads((GOLDEN / "manifest.json").read_text())["entries"]
    entries = [e for e in entries if e["storage"] == "s3" and e["expected"]["t"] == "dask.array"]
    assert len(entries) > 20
    for entry in entries:
        value = entry["expected"]["value"]
        shown, chunks, data = probe(bucket.below("st/"), "array", entry["workflow"], entry["task"]).splitlines()
        assert dtype_of(shown) == dtype_of(value["dtype"]), entry["task"]
        assert hashlib.sha256(bytes.fromhex(data)).hexdigest() == value["c_order_sha256"], entry["task"]
        assert eval(chunks) == tuple(map(tuple, entry["readback_chunks"][0])), entry["task"]


def test_a_missing_chunk_is_an_error_that_names_it(bucket):
    probe(bucket, "save_arrays")
    arrays = bucket.below("arrays/")
    filename = pickle_filename(arrays["x"])
    del arrays[f"bigdata/dask_arrays/{filename}/2"]
    text = probe(bucket, "array", "arrays", "x", code=3)
    assert "chunk (2,)" in text and "gone" in text and f"dask_arrays/{filename}" in text
    assert SETTINGS["secret_key"] not in text
