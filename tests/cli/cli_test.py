"""The command line `functionfuse`, run as a user runs it, on storages that Python makes."""

import base64
import collections
import datetime
import decimal
import fractions
import hashlib
import io
import json
import math
import os
import pathlib
import pickle
import pty
import re
import resource
import select
import signal
import subprocess
import time
import uuid

import numpy as np
import pytest

CLI = os.environ["FUNCTIONFUSE_CLI"]
SANITIZED = b"__asan_init" in (binary := pathlib.Path(CLI).read_bytes()) or b"__tsan_init" in binary
ENVIRONMENT = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"}


def run(*words, status=0, **options):
    words = [CLI, *map(str, words)]
    done = subprocess.run(words, capture_output=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL, **options)
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == status, (words, done.returncode, done.out[-2000:], done.err[-2000:])
    if status == 0:
        assert done.err == ""
    return done


def run_json(*words, status=0):
    return json.loads(run(*words, "--json", status=status).out)


def failure(*words, status, **options):
    """The text of an error: on standard error, one message, nothing on standard output."""
    done = run(*words, status=status, **options)
    assert done.out == ""
    assert done.err.startswith("functionfuse: ") and done.err.count("functionfuse: ") == 1, done.err
    return done.err


def write_pickle(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data + hashlib.sha1(data).digest())


def save(storage, workflow, task, value, protocol=4):
    write_pickle(storage / workflow / task, pickle.dumps(value, protocol=protocol))


class Reader(pickle.Unpickler):
    """Persistent ids become what they refer to: the bytes of the files in bigdata."""

    def __init__(self, file, folder):
        super().__init__(file)
        self.folder = folder

    def persistent_load(self, pid):
        name, (version, filename) = pid
        data = (self.folder / "bigdata" / filename).read_bytes() if self.folder else None
        return Persistent(name, version, data)


class Persistent:
    def __init__(self, name, version, data):
        self.parts = (name, version, data)

    def __eq__(self, other):
        return type(other) is Persistent and self.parts == other.parts


def load(file, folder=None):
    data = file.read_bytes()
    assert hashlib.sha1(data[:-20]).digest() == data[-20:], file
    return Reader(io.BytesIO(data[:-20]), folder).load()


def url_of(path):
    return str(path) if str(path).startswith("s3://") else f"file://{path}"


@pytest.fixture
def storage(tmp_path):
    return make_storage(tmp_path / "storage")


def make_storage(path):
    """Two workflows with something in them."""
    save(path, "operations", "model", {"weights": np.arange(12.0).reshape(3, 4), "name": "x"})
    save(path, "operations", "train_0000", [1, 2, 3])
    save(path, "operations", "train_0001", [4.5])
    save(path, "other", "answer", 42)
    return path


# --- show --json ---------------------------------------------------------------------------------


class Hole:
    """Stands for an object that is not made yet: a tuple that contains itself."""

    def __init__(self, number):
        self.number = number


class Decoder:
    """Makes the Python object again; docs/cli.md says the rules."""

    def __init__(self):
        self.known = {}
        self.open = set()
        self.filled = []

    def decode_top(self, json_value):
        value = self.decode(json_value)
        for container in self.filled:
            pairs = container.items() if isinstance(container, dict) else enumerate(container)
            for key, item in list(pairs):
                if isinstance(item, Hole):
                    container[key] = self.known[item.number]
        return value

    def keep(self, number, value):
        if number is not None:
            self.known[number] = value
        return value

    def decode(self, j):
        if isinstance(j, list):
            return [self.decode(item) for item in j]
        if not isinstance(j, dict):
            return j
        number = j.get("id")
        tag, rest = next(((k, v) for k, v in j.items() if k != "id"), ("", None))
        decode = getattr(self, "tag_" + tag, None)
        if decode is None or set(j) - {"id", tag, "descr"}:
            return {key: self.decode(item) for key, item in j.items()}
        if tag == "shared":
            return self.known.get(rest, Hole(rest))
        if tag == "dtype":
            return self.dtype(j)
        return decode(rest, number)

    def tag_shared(self, rest, number):
        raise AssertionError

    def tag_dtype(self, rest, number):
        raise AssertionError

    def tag_int(self, rest, number):
        return self.keep(number, int(rest, 0))

    def tag_float(self, rest, number):
        assert rest in ("nan", "inf", "-inf")
        return float(rest)

    def tag_str(self, rest, number):
        if isinstance(rest, dict):
            rest = base64.b64decode(rest["surrogatepass"]).decode("utf-8", "surrogatepass")
        return self.keep(number, rest)

    def tag_bytes(self, rest, number):
        return self.keep(number, base64.b64decode(rest, validate=True))

    def tag_bytearray(self, rest, number):
        return self.keep(number, bytearray(base64.b64decode(rest, validate=True)))

    def tag_complex(self, rest, number):
        real, imag = map(self.decode, rest)
        return complex(real, imag)

    def tag_list(self, rest, number):
        assert number is not None
        value = self.keep(number, [])
        self.filled.append(value)
        value.extend(map(self.decode, rest))
        return value

    def tag_tuple(self, rest, number):
        return self.keep(number, tuple(map(self.decode, rest)))

    def tag_set(self, rest, number):
        value = self.keep(number, set())
        value.update(map(self.decode, rest))
        return value

    def tag_frozenset(self, rest, number):
        return self.keep(number, frozenset(map(self.decode, rest)))

    def tag_dict(self, rest, number):
        value = self.keep(number, {})
        self.filled.append(value)
        for key, item in rest:
            value[self.decode(key)] = self.decode(item)
        return value

    def dtype(self, j):
        if "descr" not in j:
            return np.dtype(j["dtype"])
        made = self.descr(j["descr"])
        assert made.str == j["dtype"]
        return made

    def descr(self, d):
        if isinstance(d, str):
            return np.dtype(d)
        if isinstance(d, list):
            return np.dtype([(f[0], self.descr(f[1]), *map(tuple, f[2:])) for f in d])
        if "base" in d:
            return np.dtype((self.descr(d["base"]), tuple(d["shape"])))
        return np.dtype({**d, "formats": [self.descr(f) for f in d["formats"]]})

    def tag_ndarray(self, rest, number):
        return self.keep(number, self.elements(rest, rest["shape"]))

    def tag_scalar(self, rest, number):
        value = self.elements(rest, [])[()]
        if "value" in rest:
            with np.errstate(all="ignore"):
                assert value.dtype.type(rest["value"]) == value
        return self.keep(number, value)

    def elements(self, j, shape):
        dtype = self.dtype(j)
        data = base64.b64decode(j["data"], validate=True)
        if not data:
            return np.zeros(shape, dtype)
        return np.frombuffer(data, dtype).reshape(shape)

    def tag_global(self, rest, number):
        return self.resolve(rest["module"], rest["name"])

    @staticmethod
    def resolve(module, name):
        value = __import__(module, fromlist=["x"])
        for part in name.split("."):
            value = getattr(value, part)
        return value

    def tag_object(self, rest, number):
        if "callable" in rest:
            called = self.decode(rest["callable"])
        else:
            module = rest.get("module", rest["class"].rpartition(".")[0])
            called = self.resolve(module, rest["class"][len(module) + 1 :])
        args = self.decode(rest["args"])
        if rest.get("new"):
            value = called.__new__(called, *args, **self.decode(rest.get("kwargs", {})))
        else:
            value = called(*args)
        self.keep(number, value)
        for item in rest.get("items", []):
            value.append(self.decode(item))
        for key, item in rest.get("pairs", []):
            value[self.decode(key)] = self.decode(item)
        if "state" in rest:
            state = self.decode(rest["state"])
            if hasattr(value, "__setstate__"):
                value.__setstate__(state)
            else:
                state, slots = state if isinstance(state, tuple) else (state, {})
                vars(value).update(state) if state else None
                for name, item in slots.items():
                    object.__setattr__(value, name, item)
        return value

    def tag_persistent(self, rest, number):
        return self.keep(number, Persistent(rest["name"], rest["version"], None))


def decoded(text):
    def refuse(word):
        raise AssertionError("not JSON: " + word)

    return Decoder().decode_top(json.loads(text, parse_constant=refuse))


def assert_same(a, b, pairs=None):
    """Equal in value, in type, and in which places hold the same object."""
    pairs = {} if pairs is None else pairs
    assert type(a) is type(b), (a, b)
    atoms = (type(None), bool, int, float, complex, str, type, np.dtype, np.generic)
    if not isinstance(a, atoms) and not (isinstance(a, (tuple, frozenset)) and not a):
        if id(a) in pairs:
            assert pairs[id(a)] is b, "another object in the other value"
            return
        assert not any(other is b for other in pairs.values()), "shared in the other value only"
        pairs[id(a)] = b
    if isinstance(a, float):
        assert a == b and math.copysign(1, a) == math.copysign(1, b) or a != a and b != b
    elif isinstance(a, complex):
        assert_same(a.real, b.real)
        assert_same(a.imag, b.imag)
    elif isinstance(a, (list, tuple, collections.deque)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            assert_same(x, y, pairs)
        assert getattr(a, "maxlen", None) == getattr(b, "maxlen", None)
        assert getattr(a, "__dict__", None) == getattr(b, "__dict__", None)
    elif isinstance(a, dict):
        assert len(a) == len(b)
        for (key, x), (other, y) in zip(a.items(), b.items()):
            assert_same(key, other, pairs)
            assert_same(x, y, pairs)
        assert getattr(a, "default_factory", None) == getattr(b, "default_factory", None)
    elif isinstance(a, (np.ndarray, np.generic)):
        if b.dtype.isnative and not b.dtype.fields:
            a = a.astype(b.dtype)  # numpy itself swaps bytes when it reads a pickle
        assert same_dtype(a.dtype, b.dtype) and a.shape == b.shape, (a.dtype, b.dtype)
        if a.dtype.hasobject:
            assert_same(list(a.flat), list(b.flat))
        else:
            assert a.tobytes("C") == b.tobytes("C")
    elif isinstance(a, np.dtype):
        assert same_dtype(a, b)
    elif isinstance(a, BaseException):
        assert_same(a.args, b.args)
    elif isinstance(a, (Plain, Slots)):
        assert_same(a.__reduce_ex__(2)[2], b.__reduce_ex__(2)[2], pairs)
    else:
        assert a == b


def same_dtype(a, b):
    return a == b and a.isalignedstruct == b.isalignedstruct and a.fields == b.fields and a.itemsize == b.itemsize


class Plain:
    """For pickles that name a class of which the program knows nothing."""


class Slots:
    __slots__ = ("x", "y")


class MyList(list):
    pass


class MyDict(dict):
    pass


class Outer:
    class Inner(Plain):
        pass


class Keywords(Plain):
    def __new__(cls, a, *, b):
        made = super().__new__(cls)
        made.key = b
        return made

    def __getnewargs_ex__(self):
        return (1,), {"b": self.key}


for made in (Plain, Slots, MyList, MyDict, Outer, Outer.Inner, Keywords):
    made.__module__ = "cli_test"


def with_attributes(made, **attributes):
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def zoo():
    def add(name, value, protocol=4):
        animals.append(pytest.param(value, protocol, id=name))

    animals = []
    for i, value in enumerate(
        [None, True, False, 0, 1, -1, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 2**200, -(2**200), 2**3000]
        + [0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, 1e16, 123456789.0, math.pi, math.nan, math.inf, -math.inf]
        + [1.5 - 2j, complex(math.nan, -0.0), complex(-0.0, math.inf)]
    ):
        add(f"number{i}", value)
    for i, value in enumerate(
        ["", "a", "naïve — Ωμέγα 漢字 🎉", "\x00\x01\x1f\x7f\x80\u2028\ufeff"]
        + ['quote " back \\ slash', "line\nline\ttab\r"]
        + ["lone \udc80 surrogate", "\ud83d\ude00 not a pair", "\ud83d", "x" * 3_000_000, "é" * 700_001]
    ):
        add(f"str{i}", value)
    for i in (0, 1, 2, 3, 4, 256, 100_001):
        add(f"bytes{i}", bytes(k % 256 for k in range(i)))
        add(f"bytearray{i}", bytearray(k % 256 for k in range(i)))
    add("containers", [(), (1,), (1, 2, 3, 4), [], [[]], {}, set(), {1, 2}, frozenset(), frozenset("ab"), {"a": {}}])
    add("dict_keys", {1: "a", (1, 2): "b", None: "c", 1.5: "d", b"k": "e", True and "x": 0, frozenset([1]): 1})
    add("dict_tags", [{"tuple": 1}, {"int": "5"}, {"shared": 1}, {"id": 5}, {"id": 5, "list": [1]}, {"object": 0}])
    add("dict_surrogate_keys", {"\ud83d\ude00": 1, "\ud83d": 2})
    add("dict_order", {"z": 1, "a": 2, "m": 3})
    add("records", [{"id": i, "name": "x", "unit": "mm"} for i in range(50)])

    shared, text = [1, 2], "t" * 5000
    add("shared", {"a": shared, "b": shared, "c": [shared, (shared,)]})
    add("shared_immutable", [t := (1, 2), t, f := frozenset([1]), f, b := b"bytes", b, text, text, 2**10000, 2**10000])
    add("shared_others", [s := {1}, s, d := {"k": 1}, d, a := bytearray(b"x"), a, n := np.arange(3), n])
    cycle = [1]
    cycle.append(cycle)
    add("cycle_list", cycle)
    cycle = {}
    cycle["me"] = cycle
    add("cycle_dict", cycle)
    inner = []
    inner.append((inner, 5))
    add("cycle_tuple", inner[0])
    cycle = with_attributes(Plain(), name="x")
    cycle.me = [cycle]
    add("cycle_object", cycle)

    for code in "?bBhHiIlLqQefdgFDG":
        array = np.arange(24).astype(code).reshape(2, 3, 4)
        add("array_" + ("bool" if code == "?" else code + str(ord(code))), array)
        if code not in "?bBgG":
            add(f"array_swapped_{code}{ord(code)}", array.astype(array.dtype.newbyteorder()))
        add(f"scalar_{ord(code)}", array[1, 2, 3])
    for name, array in {
        "fortran": np.asfortranarray(np.arange(24.0).reshape(4, 6)),
        "fortran_3d": np.asfortranarray(np.arange(24).reshape(2, 3, 4)),
        "slice": np.arange(24.0).reshape(4, 6)[::2, 1:4],
        "zero_d": np.array(5.5),
        "empty": np.array([]),
        "empty_3d": np.zeros((3, 0, 2), "i4"),
        "special": np.array([np.nan, np.inf, -np.inf, -0.0, 1e-310]),
        "S": np.array([b"ab", b"abcde"]),
        "S0": np.zeros(3, "S0"),
        "U": np.array(["añ", "漢字"]),
        "U_be": np.array(["añ"], ">U2"),
        "V": np.array([b"abc"], "V3"),
        "M8": np.array(["2020-01-01", "NaT"], "M8[ns]"),
        "M8_25s": np.array([1, 2], "M8[25s]"),
        "M8_generic": np.array(["NaT"], "M8"),
        "m8": np.array([5, -7], ">m8[ms]"),
        "large_fortran": np.asfortranarray(np.arange(600 * 700.0).reshape(600, 700)),
        "large_3d_fortran": np.asfortranarray(np.arange(3 * 500 * 400.0).reshape(3, 500, 400)),
    }.items():
        add("array_" + name, array)
    for name, dtype in STRUCTURED.items():
        add("dtype_" + name, dtype)
        add("array_" + name, np.frombuffer(bytes(range(1, 1 + 2 * dtype.itemsize)), dtype))
        add("scalar_" + name, np.zeros(1, dtype)[0])
    for name in ("<f8", ">i4", "|S5", "<U5", "<M8[ns]", "|b1", "|V7", "<c16"):
        add("dtype_" + name, np.dtype(name))
    add("dtype_subarray", np.dtype(("<f8", (2, 3))))
    add("dtype_subarray_structured", np.dtype(([("a", "<i4")], (2,))))
    add("scalars", [np.float32(0.1), np.float16(0.1), np.float64("nan"), np.uint64(2**64 - 1), np.str_("añ")])
    add("scalars_bytes", [np.bytes_(b"a"), np.void(b"abc")])
    add("scalars_time", [np.datetime64("2020-01-01"), np.datetime64("NaT"), np.timedelta64(7, "ms")])
    add("array_object", np.array([1, "a", None, [2.5], {"k": 1}], dtype=object))
    add("array_shared_dtype", [np.zeros(2, d := np.dtype([("a", "i4")])), np.ones(2, d)])
    add("arrays_protocol_5", [np.arange(5), np.asfortranarray(np.ones((2, 3)))], 5)
    for protocol in range(6):
        add(f"protocol{protocol}", [1, 2.5, "añ", b"\x00\xff", (1,), {"a": [None, True]}, 2**70, {1, 2}], protocol)

    utc = datetime.timezone.utc
    for name, value in {
        "datetime": datetime.datetime(2024, 2, 29, 23, 59, 58, 123456),
        "datetime_tz": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-5))),
        "date": datetime.date(1999, 12, 31),
        "time": datetime.time(1, 2, 3, tzinfo=utc),
        "timedelta": datetime.timedelta(days=-1, seconds=3, microseconds=7),
        "decimal": decimal.Decimal("1.10"),
        "fraction": fractions.Fraction(-1, 3),
        "uuid": uuid.UUID(int=0x1234),
        "path": pathlib.PurePosixPath("/a/b"),
        "range": range(1, 10, 3),
        "ellipsis": [..., NotImplemented],
        "ordereddict": collections.OrderedDict([("b", 1), ("a", [2])]),
        "defaultdict": collections.defaultdict(list, {"a": [1]}),
        "counter": collections.Counter("hello"),
        "deque": collections.deque([1, 2, 3], maxlen=5),
        "exception": ValueError("bad", 3),
        "globals": [int, len, np.float64, collections.OrderedDict, str.upper],
        "plain": with_attributes(Plain(), a=1, b=[2.5]),
        "slots": with_attributes(Slots(), x=1, y="b"),
        "list_subclass": with_attributes(MyList([1, [2]]), note="n"),
        "dict_subclass": MyDict({"k": 1, (1, 2): [3]}),
        "nested_class": with_attributes(Outer.Inner(), a=1),
        "new_ex": with_attributes(Keywords(1, b=2), c=3),
    }.items():
        add(name, value)
        add(name + "_twice", [value, value])
    add("plain_protocol_1", with_attributes(Plain(), a=1), 1)
    return animals


STRUCTURED = {
    "packed": np.dtype([("i", "<i4"), ("f", ">f8"), ("s", "S3"), ("b", "?")]),
    "aligned": np.dtype([("i", "i1"), ("f", "f8")], align=True),
    "aligned_without_gaps": np.dtype([("i", "i4"), ("f", "f4")], align=True),
    "nested": np.dtype([("n", [("a", "i2"), ("b", ">i4")]), ("sub", "<f8", (3,)), ("t", [("u", "U2")], (2, 1))]),
    "titles": np.dtype([(("title", "name"), "<i4"), ("plain", "i2")]),
    "offsets": np.dtype({"names": ["b", "a"], "formats": ["f8", "i4"], "offsets": [16, 4], "itemsize": 32}),
    "overlapping": np.dtype({"names": ["whole", "low"], "formats": ["<u4", "<u2"], "offsets": [0, 0]}),
}


@pytest.mark.parametrize("value, protocol", zoo())
def test_show_json_is_exact(tmp_path, value, protocol):
    save(tmp_path / "s", "w", "t", value, protocol)
    text = run("show", tmp_path / "s", "w", "t", "--json").out
    assert text.endswith("\n") and "\n" not in text[:-1]
    # Which places hold one object is what a pickle says, not the object that it was made from.
    assert_same(decoded(text), pickle.loads(pickle.dumps(value, protocol)))
    human = run("show", tmp_path / "s", "w", "t").out
    assert human.count("\n") >= 3 and len(human) < 200_000
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", human)


def show_json(tmp_path, value):
    save(tmp_path / "s", "w", "t", value)
    return run("show", tmp_path / "s", "w", "t", "--json").out.rstrip("\n")


def test_show_json_has_the_documented_form(tmp_path):
    assert show_json(tmp_path, [1, 1.0, "a", None, True]) == '[1, 1.0, "a", null, true]'
    assert show_json(tmp_path, {"a": 1, "b": (2,)}) == '{"a": 1, "b": {"tuple": [2]}}'
    assert show_json(tmp_path, {1: 2}) == '{"dict": [[1, 2]]}'
    assert show_json(tmp_path, 2**64) == '{"int": "18446744073709551616"}'
    assert show_json(tmp_path, [math.nan, math.inf, -math.inf, -0.0]) == (
        '[{"float": "nan"}, {"float": "inf"}, {"float": "-inf"}, -0.0]'
    )
    assert show_json(tmp_path, b"ab") == '{"bytes": "YWI="}'
    assert show_json(tmp_path, frozenset([1])) == '{"frozenset": [1]}'
    assert show_json(tmp_path, 1 - 2j) == '{"complex": [1.0, -2.0]}'
    assert show_json(tmp_path, np.array([[1, 2]], "<i2")) == (
        '{"ndarray": {"dtype": "<i2", "shape": [1, 2], "data": "AQACAA=="}}'
    )
    assert show_json(tmp_path, np.array([1, 2], ">i2")) == (
        '{"ndarray": {"dtype": ">i2", "shape": [2], "data": "AAEAAg=="}}'
    )
    assert show_json(tmp_path, np.float32(0.1)) == '{"scalar": {"dtype": "<f4", "value": 0.1, "data": "zczMPQ=="}}'
    assert show_json(tmp_path, np.dtype("<f8")) == '{"dtype": "<f8"}'
    assert show_json(tmp_path, np.dtype([("a", "<i4"), ("b", "<f8", (2,))])) == (
        '{"dtype": "|V20", "descr": [["a", "<i4"], ["b", "<f8", [2]]]}'
    )
    assert show_json(tmp_path, len) == '{"global": {"module": "builtins", "name": "len"}}'
    assert show_json(tmp_path, decimal.Decimal("1.10")) == (
        '{"object": {"class": "decimal.Decimal", "args": ["1.10"]}}'
    )
    assert show_json(tmp_path, with_attributes(Plain(), a=1)) == (
        '{"object": {"class": "cli_test.Plain", "new": true, "args": [], "state": {"a": 1}}}'
    )
    assert show_json(tmp_path, [a := [1], a]) == '[{"id": 1, "list": [1]}, {"shared": 1}]'
    assert show_json(tmp_path, [a := {"k": 1}, a]) == '[{"id": 1, "dict": [["k", 1]]}, {"shared": 1}]'
    # Nobody can tell whether two equal short texts are one object, and records stay readable.
    assert show_json(tmp_path, [{"unit": "mm"}, {"unit": "mm"}]) == '[{"unit": "mm"}, {"unit": "mm"}]'


def test_show_json_of_deep_nesting(tmp_path):
    depth = 5000
    write_pickle(tmp_path / "s" / "w" / "t", b"\x80\x04" + b"]" * depth + b"a" * (depth - 1) + b".")
    small_stack = lambda: resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20))
    text = run("show", tmp_path / "s", "w", "t", "--json", preexec_fn=small_stack).out
    assert text == "[" * depth + "]" * depth + "\n"
    assert "list of 1" in run("show", tmp_path / "s", "w", "t", preexec_fn=small_stack).out
    run("show", tmp_path / "s", "w", "t", "--all")
    write_pickle(tmp_path / "s" / "w" / "t", b"\x80\x04" + b"]" * 6000 + b"a" * 5999 + b".")
    assert "nested" in failure("show", tmp_path / "s", "w", "t", status=1)


def test_show_json_is_bounded_where_objects_are_shared(tmp_path):
    value = ("x",)
    for _ in range(60):
        value = (value, value)
    save(tmp_path / "s", "w", "t", value)
    assert len(run("show", tmp_path / "s", "w", "t", "--json").out) < 10_000
    assert len(run("show", tmp_path / "s", "w", "t").out) < 10_000
    assert len(run("show", tmp_path / "s", "w", "t", "--all").out) < 100_000
    run("ls", tmp_path / "s", "w")


def test_show_json_takes_no_multiple_of_the_memory(tmp_path):
    array = np.asfortranarray(np.arange(9_000_000.0).reshape(3000, 3000))
    save(tmp_path / "s", "w", "t", array)
    limit = array.nbytes + (40 << 20)
    # A sanitizer needs much more of its own.
    limited = lambda: None if SANITIZED else resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    text = run("show", tmp_path / "s", "w", "t", "--json", preexec_fn=limited).out
    assert_same(decoded(text), np.ascontiguousarray(array))


# --- show ----------------------------------------------------------------------------------------


def show(tmp_path, value, *options):
    save(tmp_path / "s", "w", "t", value)
    text = run("show", tmp_path / "s", "w", "t", *options).out
    header, _, rest = text.partition("\n\n")
    assert header.startswith("t  ") and url_of(tmp_path / "s" / "w" / "t") in header
    assert re.search(r"\d+ bytes|[KMG]iB", header) and re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", header)
    return rest


def test_show_small_values_as_python_does(tmp_path):
    atoms = [None, True, 1, -2.5, 1e16, 1e-5, "it's", 'a"b', "a\n\x1b[31m", b"\x00ab", 1j, 1 - 2j]
    for value in [*atoms, [1, [2]], (1,), (), {}, []]:
        assert show(tmp_path, value) == repr(value) + "\n"
    assert show(tmp_path, {"a": [1, 2], (1, 2): None}) == "{'a': [1, 2], (1, 2): None}\n"
    assert show(tmp_path, set()) == "set()\n"
    assert show(tmp_path, frozenset([1])) == "frozenset({1})\n"
    assert show(tmp_path, bytearray(b"x")) == "bytearray(b'x')\n"
    assert show(tmp_path, 2**70) == "1180591620717411303424\n"


def test_show_arrays(tmp_path):
    text = show(tmp_path, np.arange(12.0).reshape(3, 4))
    assert "ndarray float64 (3, 4), 96 bytes" in text
    assert "[ 8.,  9., 10., 11.]" in text
    assert "min 0, max 11, mean 5.5" in text
    text = show(tmp_path, np.arange(1_000_000, dtype="i4"))
    assert "int32 (1000000,), 3.8 MiB" in text and "..." in text and "999999" in text and len(text) < 500
    assert "min 0, max 999999, mean 499999.5" in text
    text = show(tmp_path, np.array([1.5, np.nan, 3.5]))
    assert "min 1.5, max 3.5, mean 2.5, NaN 1 of 3" in text
    assert "True 2 of 3" in show(tmp_path, np.array([True, False, True]))
    assert "min 1, max 18446744073709551615" in show(tmp_path, np.array([1, 2**64 - 1], "u8"))
    assert "min -9223372036854775808, max 5" in show(tmp_path, np.array([-(2**63), 5], ">i8"))
    text = show(tmp_path, np.array(["2020-01-01", "2021-06-01", "NaT"], "M8[D]"))
    assert "min 2020-01-01, max 2021-06-01, NaT 1 of 3" in text
    assert show(tmp_path, np.zeros((3, 0))) == "ndarray float64 (3, 0), 0 bytes\n"
    assert "1+2" in show(tmp_path, np.array([1 + 2j])).replace(".", "")
    assert "\x1b" not in show(tmp_path, np.array(["\x1b[31m"]))
    text = show(tmp_path, np.zeros(3, [("x", "f4"), ("n", [("k", "i2", (2,))])]))
    assert "x: float32, min 0, max 0, mean 0" in text and "n.k: int16 (2,), min 0" in text
    assert "float64(1.5)" in show(tmp_path, np.float64(1.5))
    text = show(tmp_path, np.arange(1000), "--all")
    assert "..." not in text and "500" in text


def test_show_cuts_what_is_long_and_says_how_much(tmp_path):
    text = show(tmp_path, list(range(1000)))
    assert text.startswith("list of 1000:\n") and "0, 1, 2," in text and "... 970 more" in text and "999" not in text
    text = show(tmp_path, [{"a": "x" * 60, "b": "y" * 60, "i": i} for i in range(100)])
    assert "... 90 more" in text and "[9]: dict of 3:" in text and "[10]" not in text
    text = show(tmp_path, {f"k{i}": i for i in range(1000)})
    assert "dict of 1000" in text and "'k29': 29" in text and "... 970 more" in text
    text = show(tmp_path, "word " * 1000)
    assert "str of 5000" in text and "... 4500 more" in text
    assert "99 more" in show(tmp_path, b"x" * 224)
    assert "(3011 digits)" in show(tmp_path, 10**3010)
    assert "... " not in show(tmp_path, list(range(1000)), "--all")
    text = show(tmp_path, [[[[["x" * 200] * 50] * 50] * 50] * 50])
    assert text.count("\n") < 600


def test_show_nested_arrays_and_text(tmp_path):
    text = show(tmp_path, {"w": np.arange(3), "log": "first line\nsecond line " + "x" * 100, "n": 1})
    assert "  'w': ndarray int64 (3,), 24 bytes: [0, 1, 2]  min 0, max 2, mean 1\n" in text
    assert "'first line\\n'\n" in text
    assert "  'n': 1\n" in text


def test_show_shared_objects_and_cycles(tmp_path):
    value = [["a" * 100, "b"]]
    value.append(value[0])
    value.append(value)
    text = show(tmp_path, value)
    assert "[1]: <the same list as [0]>" in text and "[2]: <the result itself>" in text


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_show_well_known_objects(tmp_path):
    west = datetime.timezone(datetime.timedelta(hours=-5))
    for value, expected in [
        (datetime.datetime(2024, 2, 29, 23, 59, 58, 123456), "datetime(2024-02-29 23:59:58.123456)"),
        (datetime.datetime(2024, 1, 1, tzinfo=west), "datetime(2024-01-01 00:00:00-05:00)"),
        (datetime.date(1999, 12, 31), "date(1999-12-31)"),
        (datetime.time(1, 2, 3), "time(01:02:03)"),
        (datetime.timedelta(days=-1, seconds=3, microseconds=7), "timedelta(-1 day, 0:00:03.000007)"),
        (decimal.Decimal("1.10"), "Decimal('1.10')"),
        (fractions.Fraction(-1, 3), "Fraction(-1/3)"),
        (uuid.UUID("12345678-9abc-def0-1234-56789abcdef0"), "UUID('12345678-9abc-def0-1234-56789abcdef0')"),
        (pathlib.PurePosixPath("/a/b c"), "PurePosixPath('/a/b c')"),
        (collections.OrderedDict([("b", 1), ("a", 2)]), "OrderedDict({'b': 1, 'a': 2})"),
        (collections.defaultdict(list, {"a": [1]}), "defaultdict(<list>, {'a': [1]})"),
        (collections.Counter("hello"), "Counter({'h': 1, 'e': 1, 'l': 2, 'o': 1})"),
        (collections.deque([1, 2], maxlen=5), "deque([1, 2], maxlen=5)"),
        (range(1, 10, 3), "range(1, 10, 3)"),
        (ValueError("bad", 3), "ValueError('bad', 3)"),
        (with_attributes(Plain(), a=1, b=[2]), "cli_test.Plain() with state {'a': 1, 'b': [2]}"),
        ([..., int, len, np.float64], "[Ellipsis, <int>, <len>, <numpy.float64>]"),
    ]:
        assert show(tmp_path, value) == expected + "\n"
        assert expected in show(tmp_path, {"in a dict": [value]})
    assert "ndarray object (3,)" in show(tmp_path, np.array([1, "a", None], dtype=object))
    text = show(tmp_path, with_attributes(Plain(), weights=np.zeros((2, 3)), name="x" * 90))
    assert "cli_test.Plain:\n" in text and "  .weights: ndarray float64 (2, 3)" in text
    assert "numpy.matrix int64 (1, 2)" in show(tmp_path, np.matrix([[1, 2]]))
    masked = np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
    assert "MaskedArray int64 (3,), masked 1 of 3" in show(tmp_path, masked)


def test_show_says_what_made_a_result_and_cp_keeps_it(tmp_path):
    program = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_PROGRAMS"]) / "save_with_record"
    subprocess.run([program, str(tmp_path / "s"), "w", "t"], check=True, env=ENVIRONMENT)
    assert "\nmade by fit, version 2\n\n1.5\n" in run("show", tmp_path / "s", "w", "t").out
    run("cp", tmp_path / "s", tmp_path / "copy")
    assert "made by fit, version 2" in run("show", tmp_path / "copy", "w", "t").out


def persistent_pickle(filename, count=1):
    output = io.BytesIO()
    pickler = pickle.Pickler(output, protocol=4)
    pickler.persistent_id = lambda x: x.id if isinstance(x, Plain) else None
    big = with_attributes(Plain(), id=("HDFSerializer", ("0.0.0", filename)))
    pickler.dump({"x": [big] * count, "n": 1})
    return output.getvalue()


def test_show_objects_that_lie_beside_the_pickle(tmp_path):
    name = str(uuid.uuid4())
    write_pickle(tmp_path / "s" / "w" / "t", persistent_pickle(name))
    assert "missing" in run("show", tmp_path / "s", "w", "t", status=1).out
    (tmp_path / "s" / "w" / "bigdata").mkdir()
    (tmp_path / "s" / "w" / "bigdata" / name).write_bytes(b"x" * 5000)
    text = run("show", tmp_path / "s", "w", "t", status=1).out
    assert "HDFSerializer" in text and f"bigdata/{name}" in text and "4.9 KiB" in text and "not an HDF5 file" in text
    alone = b"\x80\x04\x8c\x0dHDFSerializer\x8c\x050.0.0\x8c\x24" + name.encode() + b"\x86\x86Q."
    write_pickle(tmp_path / "s" / "w" / "alone", alone)
    assert "kept by HDFSerializer, 4.9 KiB" in run("ls", tmp_path / "s", "w").out
    deep = b"\x80\x04" + b"]" * 40 + alone[2:-1] + b"a" * 40 + b"."
    write_pickle(tmp_path / "s" / "w" / "deep", deep)
    assert "HDFSerializer" in run("show", tmp_path / "s", "w", "deep", "--all", status=1).out
    expected = {"persistent": {"name": "HDFSerializer", "version": "0.0.0", "filename": name}}
    shown = run_json("show", tmp_path / "s", "w", "t", status=1)
    assert "not an HDF5 file" in shown["x"][0]["persistent"].pop("problem")
    assert shown == {"x": [expected], "n": 1}
    write_pickle(tmp_path / "s" / "w" / "t", persistent_pickle(name, 2))
    assert len(run_json("show", tmp_path / "s", "w", "t", status=1)["x"]) == 2


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_hostile_pickles_run_nothing(tmp_path):
    trap = tmp_path / "trap"
    save(tmp_path / "s", "w", "t", {"a": Hostile(trap), "b": [1]})
    assert f"posix.system('touch {trap}')" in run("show", tmp_path / "s", "w", "t", "--all").out
    shown = run_json("show", tmp_path / "s", "w", "t")
    assert shown == {"a": {"object": {"class": "posix.system", "args": [f"touch {trap}"]}}, "b": [1]}
    run("ls", tmp_path / "s", "w")
    run("verify", tmp_path / "s")
    run("cp", tmp_path / "s", tmp_path / "copy")
    run("gc", tmp_path / "s")
    run("rm", tmp_path / "s", "w", "t")
    assert not trap.exists()


@pytest.mark.parametrize("damage", ["empty", "short", "truncated", "flipped", "no pickle"])
def test_damaged_tasks(storage, damage):
    task = storage / "operations" / "model"
    data = bytearray(task.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 1
    elif damage == "no pickle":
        data = b"\x80\x04garbage"
        data += hashlib.sha1(data).digest()
    else:
        del data[{"empty": 0, "short": 10, "truncated": len(data) // 2}[damage] :]
    task.write_bytes(data)
    for options in ([], ["--json"]):
        error = failure("show", storage, "operations", "model", *options, status=1)
        assert "model" in error and "operations" in error and str(storage) in error
    listed = run_json("ls", storage, "operations")["tasks"]
    assert [t["name"] for t in listed if "problem" in t] == ["model"]
    assert re.search(r"model .*(empty|cut short|damaged|pickle)", run("ls", storage, "operations").out)
    report = run_json("verify", storage, status=1)
    assert not report["ok"] and report["checked"] == 4
    assert [(p["workflow"], p["task"]) for p in report["problems"]] == [("operations", "model")]
    text = run("verify", storage, "operations", status=1).out
    assert "operations/model: " in text and "3 tasks checked, 1 problem" in text
    assert run("verify", storage, "other").out == "1 task checked, all is well\n"
    # The others are copied, and a damaged task can be removed.
    done = run("cp", storage, storage.parent / "copy", status=1)
    assert "failed  operations/model" in done.out and "model" in done.err
    assert "3 tasks copied, 1 failed" in done.out
    assert not (storage.parent / "copy" / "operations" / "model").exists()
    run("rm", storage, "operations", "model")
    run("verify", storage)


# --- ls ------------------------------------------------------------------------------------------


def test_ls_lists_workflows(storage):
    lines = run("ls", storage).out.splitlines()
    assert lines[0].split() == ["WORKFLOW", "TASKS", "SIZE", "CHANGED"]
    assert [line.split()[:2] for line in lines[1:]] == [["operations", "3"], ["other", "1"]]
    assert all("s ago" in line for line in lines[1:])
    report = run_json("ls", storage)
    assert report["url"] == url_of(storage)
    assert [(w["name"], w["tasks"]) for w in report["workflows"]] == [("operations", 3), ("other", 1)]
    assert report["workflows"][1]["bytes"] == (storage / "other" / "answer").stat().st_size
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["workflows"][0]["changed"])
    assert [w["name"] for w in run_json("ls", storage, "--pattern", "o[pq]*")["workflows"]] == ["operations"]
    assert "no workflow matches" in run("ls", storage, "--pattern", "x*").out
    lines = run("ls", url_of(storage)).out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["operations", "3"], ["other", "1"]]


def test_ls_lists_tasks(storage):
    lines = run("ls", storage, "operations").out.splitlines()
    assert lines[0].split() == ["TASK", "SIZE", "CHANGED", "RESULT"]
    assert [line.split()[0] for line in lines[1:]] == ["model", "train_0000", "train_0001"]
    assert lines[1].endswith("dict of 2") and lines[2].endswith("list of 3")
    assert len({line.index(word) for line, word in zip(lines[1:], ["dict", "list", "list"])}) == 1
    report = run_json("ls", storage, "operations", "--pattern", "train_*")
    assert report["workflow"] == "operations"
    assert [t["name"] for t in report["tasks"]] == ["train_0000", "train_0001"]
    task = report["tasks"][0]
    assert task["type"] == "list" and task["kind"] == "list of 3"
    assert task["bytes"] == (storage / "operations" / "train_0000").stat().st_size
    assert "no task matches" in run("ls", storage, "operations", "--pattern", "x*").out


def test_ls_says_what_results_are(tmp_path):
    kinds = {
        "array": (np.zeros((3, 4)), "ndarray float64 (3, 4)"),
        "big_array": (np.zeros((1000, 1000)), "ndarray float64 (1000, 1000)"),
        "big_list": (list(range(1_000_000)), "large list"),
        "big_dict": ({i: i for i in range(1_000_000)}, "large dict"),
        "big_bytes": (b"x" * 5_000_000, "bytes of 5000000"),
        "text": ("añ", "str 'añ'"),
        "number": (1.5, "float 1.5"),
        "words": ("w" * 100, "str of 100"),
        "decimal": (decimal.Decimal("1.10"), "Decimal('1.10')"),
        "none": (None, "None"),
        "scalar": (np.float32(1), "numpy.float32(1.0)"),
        "when": (datetime.date(2020, 1, 2), "date(2020-01-02)"),
        "object": (with_attributes(Plain(), a="x" * 50), "cli_test.Plain"),
        "ordered": (collections.OrderedDict(a=1), "OrderedDict of 1"),
        "table": (np.zeros(2, [("x", "f8"), ("y", "i4")]), "ndarray {x: float64, y: int32} (2,)"),
    }
    for name, (value, _) in kinds.items():
        save(tmp_path / "s", "w", name, value)
    listed = {t["name"]: t["kind"] for t in run_json("ls", tmp_path / "s", "w")["tasks"]}
    assert listed == {name: kind for name, (_, kind) in kinds.items()}
    types = {t["name"]: t["type"] for t in run_json("ls", tmp_path / "s", "w")["tasks"]}
    assert types["array"] == types["big_array"] == "numpy.ndarray" and types["ordered"] == "collections.OrderedDict"


def test_names_are_safe_to_print(tmp_path):
    save(tmp_path / "s", "w", "a\x1b[31m\nb", 1)
    (tmp_path / "s" / "w" / os.fsdecode(b"\xff\xfe")).write_bytes(b"")
    out = run("ls", tmp_path / "s", "w").out
    assert "\x1b" not in out and "a\\x1b[31m\\nb" in out
    names = {t["name"] for t in run_json("ls", tmp_path / "s", "w")["tasks"]}
    assert names == {"a\x1b[31m\nb", os.fsdecode(b"\xff\xfe")}


def test_looking_creates_nothing(storage):
    def content():
        return sorted((str(p), p.stat().st_mtime_ns) for p in storage.rglob("*"))

    before = content()
    run("ls", storage)
    run("ls", storage, "operations")
    run("show", storage, "operations", "model")
    run("verify", storage)
    run("gc", storage, "--dry-run")
    run("rm", storage, "operations", "--dry-run")
    run("rm", storage, "operations", "*", "--dry-run")
    failure("ls", storage, "nothing", status=1)
    failure("show", storage, "nothing", "x", status=1)
    failure("rm", storage, "nothing", status=1)
    failure("gc", storage, "nothing", status=1)
    failure("verify", storage, "nothing", status=1)
    assert content() == before


# --- rm, gc, verify, cp ---------------------------------------------------------------------------


def tasks(storage, workflow="operations"):
    return sorted(p.name for p in (storage / workflow).iterdir() if not p.name.startswith(".") and p.is_file())


def test_rm_removes_tasks(storage):
    assert "would remove  operations/model" in run("rm", storage, "operations", "model", "-n").out
    assert len(tasks(storage)) == 3
    assert run("rm", storage, "operations", "model").out == "removed  operations/model\n"
    assert tasks(storage) == ["train_0000", "train_0001"]
    error = failure("rm", storage, "operations", "train_*", "nothing", status=1)
    assert "nothing" in error and len(tasks(storage)) == 2
    report = run_json("rm", storage, "operations", "train_*", "train_0000")
    assert report["tasks"] == ["train_0000", "train_0001"] and not report["dry_run"] and not report["whole_workflow"]
    assert tasks(storage) == []


def test_rm_takes_a_name_before_a_glob(tmp_path):
    for name in ("a[1]", "a1", "ax"):
        save(tmp_path / "s", "operations", name, 1)
    run("rm", tmp_path / "s", "operations", "a[1]")
    assert tasks(tmp_path / "s") == ["a1", "ax"]
    run("rm", tmp_path / "s", "operations", "a[1]")
    assert tasks(tmp_path / "s") == ["ax"]


def test_rm_of_a_workflow_wants_a_yes(storage):
    error = failure("rm", storage, "operations", status=2)
    assert "--yes" in error and len(tasks(storage)) == 3
    failure("rm", storage, "operations", "--json", status=2)
    assert "would remove workflow operations (3 tasks" in run("rm", storage, "operations", "--dry-run").out
    report = run_json("rm", storage, "operations", "-y")
    assert report["whole_workflow"] and len(report["tasks"]) == 3
    assert not (storage / "operations").exists() and (storage / "other").exists()


def test_rm_leaves_folders_alone_that_are_no_workflow(storage):
    (storage / "operations" / "folder of mine").mkdir()
    (storage / "operations" / "folder of mine" / "notes").touch()
    assert "by hand" in failure("rm", storage, "operations", "--yes", status=1)
    assert len(tasks(storage)) == 3


def on_terminal(*words, answer=""):
    """What a user sees who sits at a terminal, and the exit status."""
    try:
        master, slave = pty.openpty()
    except OSError as error:  # a container without /dev/pts
        pytest.skip(str(error))
    environment = {**ENVIRONMENT, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    child = subprocess.Popen([CLI, *map(str, words)], stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    os.write(master, answer.encode())
    seen = b""
    while select.select([master], [], [], 30)[0]:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    os.close(master)
    return seen.decode().replace("\r\n", "\n"), child.wait(30)


def test_rm_asks_on_a_terminal(storage):
    seen, status = on_terminal("rm", storage, "operations", answer="n\n")
    assert "[y/N]" in seen and "nothing was removed" in seen and status == 1 and len(tasks(storage)) == 3
    seen, status = on_terminal("rm", storage, "operations", answer="y\n")
    assert "removed workflow operations" in seen and status == 0 and not (storage / "operations").exists()


def test_colours_on_a_terminal_only(storage):
    assert "\x1b[" in on_terminal("ls", storage)[0]
    assert "\x1b[" not in run("ls", storage).out
    assert "\x1b[" not in on_terminal("ls", storage, "--json")[0]


def leftovers(storage, age):
    bigdata = storage / "operations" / "bigdata"
    bigdata.mkdir()
    orphan = bigdata / str(uuid.uuid4())
    orphan.write_bytes(b"x" * 2000)
    for path in (orphan, bigdata):
        os.utime(path, (time.time() - age,) * 2)
    return orphan


def test_gc(storage):
    used = str(uuid.uuid4())
    orphan = leftovers(storage, 7200)
    (orphan.parent / used).write_bytes(b"y")
    os.utime(orphan.parent / used, (time.time() - 7200,) * 2)
    write_pickle(storage / "operations" / "uses", persistent_pickle(used))
    out = run("gc", storage, "--dry-run").out
    assert str(orphan) in out and used not in out
    assert "would remove" in out and "1 file, 2.0 KiB would be removed" in out
    assert orphan.exists()
    assert run("gc", storage, "--grace", "3h").out == "nothing to remove\n"
    assert run("gc", storage, "other").out == "nothing to remove\n"
    report = run_json("gc", storage, "operations", "--grace", "90m")
    assert [entry["path"] for entry in report["leftovers"]] == [str(orphan)]
    assert report["bytes"] == 2000 and report["grace_seconds"] == 5400 and not report["dry_run"]
    assert report["leftovers"][0]["bytes"] == 2000 and report["leftovers"][0]["why"]
    assert not orphan.exists() and (orphan.parent / used).exists()
    assert "length of time" in failure("gc", storage, "--grace", "soon", status=2)
    assert "length of time" in failure("gc", storage, "--grace=-1", status=2)


def test_gc_says_what_it_keeps(storage):
    orphan = leftovers(storage, 7200)
    (storage / "operations" / "model").write_bytes(b"damaged")
    done = run("gc", storage)
    assert done.out.startswith("kept ") and "can't be read" in done.out
    assert done.out.endswith("\nnothing to remove\n")
    report = run_json("gc", storage)
    assert [entry["kept"] for entry in report["leftovers"]] == [True] and report["bytes"] == 0
    assert orphan.exists()


def test_verify(storage):
    assert run("verify", storage).out == "4 tasks checked, all is well\n"
    report = run_json("verify", storage, "operations")
    arrays = {"arrays_checked": 0, "arrays_without_checksums": []}
    assert report == {"url": url_of(storage), "ok": True, "checked": 3, "problems": []} | arrays
    name = str(uuid.uuid4())
    write_pickle(storage / "operations" / "uses", persistent_pickle(name))
    report = run_json("verify", storage, status=1)
    assert [p["task"] for p in report["problems"]] == ["uses"] and name in json.dumps(report)


def test_verify_reads_what_bytes_serializer_keeps(tmp_path):
    name = str(uuid.uuid4())
    object = tmp_path / "s" / "w" / "bigdata" / name
    write_pickle(object, b"x" * 100_000)  # bytes and their SHA-1, as a task has them
    alone = b"\x80\x04\x8c\x0fBytesSerializer\x8c\x050.0.0\x8c\x24" + name.encode() + b"\x86\x86Q."
    write_pickle(tmp_path / "s" / "w" / "t", alone)
    assert run("verify", tmp_path / "s").out == "1 task checked, all is well\n"
    object.write_bytes(b"y" + object.read_bytes()[1:])
    report = run_json("verify", tmp_path / "s", status=1)
    assert [p["task"] for p in report["problems"]] == ["t"]
    assert name in report["problems"][0]["what"] and "SHA-1" in report["problems"][0]["what"]


def test_cp(storage, tmp_path):
    copy = tmp_path / "a" / "copy"
    out = run("cp", storage, copy).out
    assert out.splitlines()[:2] == ["copied  operations/model", "copied  operations/train_0000"]
    assert out.splitlines()[-1] == "4 tasks copied"
    assert_same(load(copy / "operations" / "model"), load(storage / "operations" / "model"))
    assert load(copy / "other" / "answer") == 42
    # What is there stays, unless told otherwise.
    save(copy, "other", "answer", 43)
    out = run("cp", storage, copy, "other").out
    assert out == "exists  other/answer\n0 tasks copied, 1 already there (--force replaces them)\n"
    assert load(copy / "other" / "answer") == 43
    report = run_json("cp", storage, copy, "other", "answer", "--force")
    assert report["tasks"] == [{"workflow": "other", "task": "answer", "status": "copied"}]
    assert (report["copied"], report["skipped"], report["failed"]) == (1, 0, 0)
    assert load(copy / "other" / "answer") == 42
    run("cp", storage, tmp_path / "b", "operations", "train_*")
    assert tasks(tmp_path / "b") == ["train_0000", "train_0001"]


def test_cp_takes_what_lies_beside_the_pickle(storage, tmp_path):
    name = str(uuid.uuid4())
    (storage / "operations" / "bigdata").mkdir()
    (storage / "operations" / "bigdata" / name).write_bytes(b"contents")
    write_pickle(storage / "operations" / "uses", persistent_pickle(name))
    write_pickle(storage / "operations" / "lost", persistent_pickle(str(uuid.uuid4())))
    done = run("cp", storage, tmp_path / "copy", "operations", status=1)
    assert "failed  operations/lost" in done.out and "4 tasks copied, 1 failed" in done.out
    loaded = load(tmp_path / "copy" / "operations" / "uses", tmp_path / "copy" / "operations")
    assert loaded == {"x": [Persistent("HDFSerializer", "0.0.0", b"contents")], "n": 1}
    report = run_json("cp", storage, tmp_path / "copy", "operations", status=1)
    assert report["failed"] == 1 and "problem" in [t for t in report["tasks"] if t["task"] == "lost"][0]


def test_cp_takes_the_record_of_the_result_that_it_copies(tmp_path):
    program = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_PROGRAMS"]) / "replace_task"
    copy = list(map(str, [CLI, "cp", tmp_path / "s", tmp_path / "copy", "--force"]))

    def check():
        version = load(tmp_path / "copy" / "w" / "t")[0]
        assert f"made by fit, version {version}\n" in run("show", tmp_path / "copy", "w", "t").out

    words = [program, str(tmp_path / "s"), "w", "t"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=ENVIRONMENT) as replacing:
        try:
            replacing.stdout.readline()
            for _ in range(20):
                done = subprocess.run(copy, capture_output=True, env=ENVIRONMENT)
                if done.returncode == 0:
                    check()
                else:
                    assert b"replaced all the time" in done.stderr
        finally:
            replacing.kill()
    subprocess.run(copy, check=True, capture_output=True, env=ENVIRONMENT)
    check()


def test_cp_refuses_a_storage_onto_itself(storage, tmp_path):
    (tmp_path / "link").symlink_to(storage)
    for to in (storage, f"{storage}/", storage / ".." / "storage", tmp_path / "link", f"file://{storage}"):
        assert "same storage" in failure("cp", storage, to, status=2)
    assert "within FROM" in failure("cp", storage, storage / "new", status=2)
    assert not (storage / "new").exists()


# --- Words --------------------------------------------------------------------------------------


def test_wrong_words_say_what_was_probably_meant(storage):
    assert 'did you mean "show"?' in failure("shwo", storage, status=2)
    assert 'did you mean "verify"?' in failure("verfy", storage, status=2)
    assert "there are ls, show" in failure("frobnicate", status=2)
    assert 'did you mean "--pattern"?' in failure("ls", storage, "--patern", "x", status=2)
    assert 'did you mean "--json"?' in failure("ls", "--jsn", status=2)
    assert 'did you mean "--dry-run"?' in failure("gc", storage, "--dryrun=1", status=2)
    assert 'did you mean "operations"?' in failure("ls", storage, "operatoins", status=1)
    assert 'did you mean "model"?' in failure("show", storage, "operations", "modle", status=1)
    assert 'did you mean "train_0001"?' in failure("rm", storage, "operations", "trian_0001", status=1)
    assert 'did you mean "storage"?' in failure("ls", storage.parent / "storag", status=1)
    assert 'which holds "operations", "other"' in failure("ls", storage, "zzzzzz", status=1)


def test_wrong_usage(storage):
    assert "WORKFLOW is missing" in failure("show", storage, status=2)
    assert "PATH is missing" in failure("ls", status=2)
    assert "too many" in failure("ls", storage, "operations", "model", status=2)
    assert "empty" in failure("ls", "", status=2)
    assert "slash" in failure("show", storage, "operations", "../other/answer", status=2)
    assert "options stand behind the command" in failure("--json", "ls", storage, status=2)
    assert "--pattern" in failure("ls", storage, "--pattern", status=2)
    done = run(status=2)
    assert done.out == "" and "Commands:" in done.err


def test_paths_that_are_no_storage(storage, tmp_path):
    assert "is a file" in failure("ls", storage / "operations" / "model", status=1)
    error = failure("ls", storage / "operations", status=1)
    assert "folder of a workflow" in error and f"{storage} operations" in error
    # Stray files beside the workflows are nobody's trouble.
    (storage / "out.json").touch()
    (storage / "README").write_text("mine")
    assert [w["name"] for w in run_json("ls", storage)["workflows"]] == ["operations", "other"]
    other = tmp_path / "other"
    (other / "folder").mkdir(parents=True)
    (other / "folder" / "file").write_text("no task")
    for command in ("ls", "verify", "gc"):
        assert "not a storage" in failure(command, other, status=1)
    assert "not a storage" in failure("cp", storage, other, status=1)
    assert "not a storage" in failure("rm", other, "folder", "--yes", status=1)
    assert (other / "folder" / "file").exists()
    assert "names no bucket" in failure("ls", "s3://", status=2)
    assert "no kind of storage" in failure("ls", "ftp://x/y", status=2)
    (tmp_path / "empty").mkdir()
    assert "no workflow in" in run("ls", tmp_path / "empty").out
    assert run_json("ls", tmp_path / "empty")["workflows"] == []
    if os.geteuid() != 0:
        (tmp_path / "closed").mkdir(mode=0)
        assert "ermission" in failure("ls", tmp_path / "closed", status=1)


COMMANDS = ["ls", "show", "export", "cp", "rm", "gc", "verify", "check"]


def test_help(storage):
    text = run("--help").out
    assert all(f"  {command} " in text for command in COMMANDS) and "Examples:" in text
    assert run("help").out == run("-h").out == text
    for command in COMMANDS:
        text = run(command, "--help").out
        assert f"functionfuse {command} " in text and "Examples:" in text and "--json" in text
        assert run("help", command).out == run(command, "-h").out == text
        assert all(len(line) <= 100 for line in text.splitlines())
    assert re.fullmatch(r"functionfuse \d+\.\d+\.\d+\n", run("--version").out)
    assert 'did you mean "show"?' in failure("help", "shwo", status=2)


def test_names_like_options_and_commands(tmp_path):
    save(tmp_path / "s", "show", "-x", 1)
    assert "1\n" in run("show", tmp_path / "s", "show", "--", "-x").out
    assert "-x" in run("ls", tmp_path / "s", "show").out


def test_a_broken_pipe_ends_quietly(tmp_path):
    save(tmp_path / "s", "w", "t", list(range(1_000_000)))
    child = subprocess.Popen(
        [CLI, "show", tmp_path / "s", "w", "t", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    child.stdout.read(10)
    child.stdout.close()
    assert child.stderr.read() == b"" and child.wait(60) in (-signal.SIGPIPE, 128 + signal.SIGPIPE)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([CLI, "ls", tmp_path / "s"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"No space left" in done.stderr


def test_the_folder_in_which_one_stands(storage):
    (storage.parent / "notes.txt").write_text("a file of more than twenty bytes")
    (storage.parent / "empty").mkdir()
    for where, word in ((storage, "."), (storage.parent, "storage"), (storage.parent, "./storage")):
        done = run("ls", word, "--json", cwd=where)
        assert [w["name"] for w in json.loads(done.out)["workflows"]] == ["operations", "other"]
    done = run("ls", ".", status=1, cwd=storage.parent)
    assert 'its folder storage is one' in done.err
