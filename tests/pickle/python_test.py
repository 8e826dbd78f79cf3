"""What C++ writes (programs/pickle_zoo.cpp), Python's own pickle.loads reads: the same values, of the types that
a Python user expects. With either unpickler; the one written in Python is the stricter one."""

import collections
import datetime
import decimal
import os
import pathlib
import pickle
import pickletools
import subprocess

import numpy as np
import pytest

from same import check_same

ZOO = pathlib.Path(os.environ["FUNCTIONFUSE_BUILD"]) / "tests" / "programs" / "pickle_zoo"


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    subprocess.run([ZOO, folder], check=True)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def point(x, y):
    return {"x": float(x), "y": float(y)}


def numbers(dtype, *shape):
    return np.arange(np.prod(shape)).astype(dtype).reshape(shape)


def limits(name):
    info = np.iinfo(name)
    return [int(info.min), 0, 1, int(info.max)]


def expected():
    yield from {"none": None, "true": True, "colour": 3, "two": 1}.items()
    for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        yield name, limits(name)
        yield name + "_array", np.array(limits(name), name)
    big = np.finfo(float)
    yield "floats", [0.0, -0.0, 1.5, float("inf"), 5e-324, float(big.max), 0.1]
    yield "float32", float(np.float32(0.1))
    yield "complex", 1 - 2j
    yield "text", "é漢😀\0x"
    yield "long_text", "x" * 100000
    yield "bytes", b"\xff\0a"
    yield "byte_vector", b"\1\xff"
    yield "large_bytes", b"\x80" * 300000

    yield "doubles", np.array([1, 2.5])
    yield "bools", np.array([True, False, True])
    yield "complexes", np.array([1 + 2j], "c8")
    yield "long_doubles", np.array([1.25], "g")
    yield "no_doubles", np.array([], "f8")
    yield "million", np.full(1000000, 7, "i4")
    yield "array", np.array([1, 2, 3], "f4")
    yield "texts", ["a", ""]
    yield "many_texts", ["x"] * 2500
    yield "nested", [np.array([1.0]), np.array([], "f8"), np.array([2.0, 3.0])]
    yield "many_vectors", [np.array([1, 2, 3], "i4") for _ in range(1500)]
    yield "list", [1, 2]
    yield "deque", [0.5] * 3000
    yield "tuples", ((), (1,), (1, "2"), (1, 2, 3), (1, 2, 3, 4))
    yield "dict", {"a": 1, "b": 2}
    yield "hash_map", {1: "a"}
    yield "large_dict", {i: str(i) for i in range(2500)}
    yield "set", {1, 2, 3}
    yield "hash_set", {"a"}
    yield "vector_keys", {(): 4, (1, 2): 3}
    yield "array_keys", {(1.0, 2.0)}
    yield "set_of_sets", {frozenset("a"), frozenset()}
    yield "deep_keys", {(1, ("a", None)): 2}
    yield "optional", [1, None]
    yield "variants", [1, "a", np.array([1.0])]
    yield "unique", "x"
    shared = [1, 1]
    yield "shared", [shared, shared, None]

    for code in ("i1", "u2", "i4", "u8", "f2", "f4", "f8", "f16", "c8", "c16", "c32", "b1"):
        yield "nd_" + code, numbers(code, 2, 3)
    for code in ("i2", "f8", "c8"):
        # Values of another byte order; numpy 1 makes it the machine's when it reads them.
        yield "nd_be_" + code, pickle.loads(pickle.dumps(numbers(">" + code, 2, 3), 4))
    array = numbers("f8", 2, 3, 4)
    yield "nd_transposed", array.T
    yield "nd_part", np.ascontiguousarray(array[:, ::2, 3::-2])
    yield "nd_rank_0", np.array(1.5)
    yield "nd_empty", np.zeros((0, 3))
    yield "nd_rank_5", numbers("f8", 1, 2, 1, 2, 1)
    for name, dtype in {"S": "S5", "U": "U5", "V": "V5", "M": "M8[25ns]", "m": "m8[D]", "generic": "M8"}.items():
        yield "nd_" + name, np.zeros(2, dtype)
    inner = np.dtype([("x", "i2"), (("title", "y"), ">f8")])
    yield "nd_struct", np.zeros(2, np.dtype([("a", "S3"), ("b", inner, (2, 2)), ("é", "M8[s]")], align=True))
    gaps = {"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [8, 0], "itemsize": 20}
    yield "nd_gaps", np.zeros(2, np.dtype(gaps))
    yield "nd_many", [np.zeros(3, "S%d" % (1 + i % 40)) for i in range(600)]

    yield "day", datetime.datetime(2020, 2, 29)
    yield "time", datetime.datetime(1969, 12, 31, 23, 59, 0, 1)
    yield "first_day", datetime.datetime.min
    yield "last", datetime.datetime.max
    yield "nanoseconds", datetime.timedelta(microseconds=-2)
    yield "hours", datetime.timedelta(hours=49)
    yield "seconds", datetime.timedelta(seconds=0.57)
    yield "longest", datetime.timedelta(days=999999999)

    yield "point", point(1, 2)
    yield "model", {"name": "m", "weights": np.array([1.0, 2.0]), "points": [point(1, 2), point(3, 4)],
                    "origin": point(5, 6), "groups": {"g": np.array([1], "f4")}}
    yield "points", [point(0, 0) for _ in range(3000)]
    a, b = {"name": "a"}, {"name": "b"}
    a["friend_of"], b["friend_of"] = b, a
    yield "cycle", a
    yield "cereal", [{"cereal_class_version": 0, "a": 1, "value0": "b", "c": np.array([1.0, 2.0])} for _ in range(2)]

    part = [1, "a"]
    yield "value", {"big": int.from_bytes(b"\x5a" * 40 + b"\xff", "little", signed=True), "shared": (part, part),
                    frozenset([1, 2]): {"x"}, "bytearray": bytearray(b"\7\7\7"), "object": decimal.Decimal("1.50"),
                    "class": collections.OrderedDict, "array": numbers("i4", 3), "complex": 1j}
    yield "vast", int.from_bytes(b"\1" * 300, "little")


def test_all_of_the_zoo_is_expected(zoo):
    assert {name for name, _ in expected()} == set(zoo)


@pytest.mark.parametrize("name", [name for name, _ in expected()])
@pytest.mark.parametrize("loads", [pickle.loads, pickle._loads], ids=["C", "Python"])
def test_python_reads(zoo, name, loads):
    found = loads(zoo[name])
    wanted = pickle.loads(pickle.dumps(dict(expected())[name], 4))  # which changes numpy's dtypes a little
    check_same(wanted, found, texts=False)


def test_pickles_are_of_protocol_4_and_well_formed(zoo):
    for name, data in zoo.items():
        opcodes = [op for op, _, _ in pickletools.genops(data)]
        assert opcodes[0].name == "PROTO", name
        assert max(op.proto for op in opcodes) <= 4, name
        assert data[:2] == b"\x80\x04", name
