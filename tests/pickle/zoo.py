"""Objects of every sort that a result may hold, for the tests of the pickle layer."""

import array
import collections
import copyreg
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import ipaddress
import math
import operator
import pathlib
import random
import re
import types
import uuid

import numpy as np


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("a", "b")


class SlottedAndDict(Slotted):
    pass


class GetState:
    def __init__(self, x):
        self.x = x

    def __getstate__(self):
        return ("state", self.x)

    def __setstate__(self, state):
        self.x = state[1]


class NewArgs:
    def __new__(cls, a, b):
        self = object.__new__(cls)
        self.pair = (a, b)
        return self

    def __getnewargs__(self):
        return self.pair


class NewArgsEx:
    def __new__(cls, a, *, key):
        self = object.__new__(cls)
        self.both = (a, key)
        return self

    def __getnewargs_ex__(self):
        return (self.both[0],), {"key": self.both[1]}


class Reduce:
    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return Reduce, self.args


class ReduceAll:
    """Arguments, state, list items and dict items."""

    def __init__(self, args=()):
        self.args, self.items, self.mapping, self.state = args, [], {}, None

    def append(self, item):
        self.items.append(item)

    def extend(self, items):
        self.items.extend(items)

    def __setitem__(self, key, value):
        self.mapping[key] = value

    def __setstate__(self, state):
        self.state = state

    def __reduce_ex__(self, protocol):
        return ReduceAll, (self.args,), self.state, iter(self.items), iter(self.mapping.items())


def set_state(target, state):
    target.given = state


class ReduceWithSetter:
    """The sixth part of __reduce__: a function that sets the state."""

    def __reduce__(self):
        return ReduceWithSetter, (), {"b": [2]}, None, None, set_state


class OldReduceEx:
    def __init__(self):
        self.x = [1, 2]

    def __reduce_ex__(self, protocol):
        return copyreg._reconstructor, (OldReduceEx, object, None), self.__dict__


class SubList(list):
    pass


class SubDict(dict):
    pass


class SubSet(set):
    pass


class SubFrozenset(frozenset):
    pass


class SubTuple(tuple):
    pass


class SubInt(int):
    pass


class SubFloat(float):
    pass


class SubStr(str):
    pass


class SubBytes(bytes):
    pass


class SubBytearray(bytearray):
    pass


class SubArray(np.ndarray):
    pass


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"


class Number(enum.IntEnum):
    ONE = 1


class Flags(enum.Flag):
    A = 1
    B = 2


@dataclasses.dataclass
class Data:
    a: int
    b: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: int
    b: tuple = ()


@dataclasses.dataclass
class SlotData:
    __slots__ = ("a", "b")
    a: int
    b: object


Point = collections.namedtuple("Point", "x y")


class Failure(Exception):
    def __init__(self, message, code):
        super().__init__(message, code)
        self.extra = [code]


class Outer:
    class Inner:
        def __init__(self):
            self.v = 1

    def method(self):
        return 1


def function(x):
    return x


def plain():
    yield from ((str(i), i) for i in (0, 1, -1, 127, 128, 255, 256, -128, -129, 65535, 65536, 2**31 - 1))
    yield from ((str(i), i) for i in (2**31, -2**31, -2**31 - 1, 2**63 - 1, 2**63, -2**63, -2**63 - 1))
    yield from (("2**%d" % n, 2**n) for n in (64, 71, 72, 200, 2039, 2040, 2047, 2048, 9000))
    yield from (("-2**%d" % n, -2**n) for n in (64, 71, 72, 200, 2039, 2040, 2047, 2048, 9000))
    yield from ((repr(x), x) for x in (0.0, -0.0, 1.5, 1e300, 5e-324, math.inf, -math.inf, math.nan, 0.1, 1e16))
    yield from ((repr(x), x) for x in (1 + 2j, complex(-0.0, math.nan), None, True, False, ..., NotImplemented))
    yield "str", ["", "a", "b" * 255, "c" * 256, "d" * 70000, "é\u1234\U0001f600", "\udc80\ud800", "\0\n\r\x1a\\u0041"]
    yield "backslashes", ["\\", "\\\\", "\\u", "\\u00e9", "a\\\nb", "'\"", "\r\n"]
    yield "bytes", [b"", b"a", b"\xff" * 255, b"\0" * 256, b"x" * 70000, bytes(range(256))]
    yield "bytearray", [bytearray(), bytearray(b"ab\xff"), bytearray(b"x" * 70000)]
    yield "tuples", [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),))]
    yield "sets", [set(), {1, 2, "a"}, frozenset(), frozenset({1, (2, 3)}), {frozenset({1}), None}]
    yield "dicts", [{}, {"a": 1, 2: "b", (3, 4): {}, None: None, 1.5: True, b"x": 0}]
    for n in (999, 1000, 1001, 2000, 2500):
        yield "batches_%d" % n, [list(range(n)), dict.fromkeys(range(n), "v"), set(range(n)), [[i] for i in range(n)]]
    yield "memo_400", (lambda lists: lists + lists[::-1])([[i] for i in range(400)])
    yield "large", ["x" * 65535, "y" * 65536, b"z" * 65536, bytearray(b"w" * 200000), list(range(40000))]
    yield "frames", [bytes([i % 256]) * 1000 for i in range(200)]
    yield "large_int_at_frame", ["x" * 65000, *(2**2000 + i for i in range(400))]


def cycles():
    a = []
    a.append(a)
    yield "list", a
    d = {}
    d["d"] = d
    yield "dict", d
    t = ([],)
    t[0].append(t)
    yield "tuple", t
    for n in (2, 3, 4):
        t = (*range(n - 1), [])
        t[-1].append(t)
        yield "tuple_%d" % n, t
    a = []
    a.append((a,))
    yield "list_tuple", a
    p = Plain()
    p.me = p
    yield "object", p
    p = Plain()
    p.s = {p}
    yield "object_set", p
    p = Plain()
    p.s = frozenset([p])
    yield "object_frozenset", p
    s = frozenset([Plain(), Plain()])
    for x in s:
        x.back = s
    yield "frozenset", s
    r = ReduceAll([])
    r.args.append(r)
    yield "reduce_argument", [r.args, r]
    r = ReduceAll()
    r.items.append(r)
    r.mapping["r"] = r
    r.state = (r,)
    yield "reduce_items", r
    x = SubList()
    x.append(x)
    x.attribute = x
    yield "sublist", x
    x = SubDict()
    x["x"] = x
    x.attribute = x
    yield "subdict", x
    o = collections.OrderedDict()
    o["o"] = o
    yield "ordered_dict", o
    o = collections.deque()
    o.append(o)
    yield "deque", o
    d = collections.defaultdict(list)
    d["d"].append(d)
    yield "defaultdict", d
    n = np.empty(2, object)
    n[0] = n
    n[1] = [n]
    yield "object_array", n
    e = Failure("x", 1)
    e.me = e
    yield "exception", e
    a, b = [], {}
    a += [b, b]
    b["a"] = a
    b["t"] = (a, b)
    yield "both", [a, b, a]
    data = Data(1)
    data.b += [data, Frozen(1, (data,))]
    yield "dataclass", data


def shared():
    text, data, numbers = "shared text", b"shared bytes", [1]
    yield "str", [text, text, {text: text}]
    yield "bytes", [data, data, (data,)]
    yield "equal", ["".join(["ab", "cd"]), "".join(["ab", "cd"])]
    yield "list", [numbers, numbers, (numbers, [numbers])]
    t = (1, [2])
    yield "tuple", [t, t, [t]]
    big = 2**100
    yield "int", [big, big]
    x = 1.5
    yield "float", [x, x]
    yield "complex", [1j] * 3
    a = np.arange(3.0)
    yield "array", [a, a, {"a": a}]
    yield "dtype", [a.dtype, a.dtype, a, np.arange(2.0)]
    s = frozenset("ab")
    yield "frozenset", [s, s, {s}]
    b = bytearray(b"xy")
    yield "bytearray", [b, b]
    yield "class", [Plain, Plain, Plain(a=1), Plain(a=2)]
    o = Plain(a=[1])
    yield "object", [o, o, o.a]
    yield "empty", [(), (), "", "", b"", b""]
    keys = {"long key": 1}
    yield "keys", [{"long key": i} for i in range(3)] + [keys, keys]


def numpy_arrays():
    codes = "?bBhHiIlLqQefdgFDG"
    for code in codes:
        for order in "<>":
            dtype = np.dtype(code).newbyteorder(order)
            yield "%s%s" % (order, code), np.arange(6).astype(dtype).reshape(2, 3)
    for unit in ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "25s", "generic"):
        for kind in "Mm":
            dtype = "%s8" % kind if unit == "generic" else "%s8[%s]" % (kind, unit)
            yield dtype, np.array([0, 1, -(2**63), 10], "i8").view(dtype)
            if unit == "generic":  # numpy can't swap it
                continue
            yield dtype + ">", np.array([0, 1, 10], "i8").view(dtype).astype(np.dtype(dtype).newbyteorder(">"))
    for name, dtype in dtypes():
        yield name, np.zeros((2, 2), dtype)
    yield "S", np.array([b"a", b"bcd", b""])
    yield "U", np.array(["a", "bcdé\U0001f600", ""])
    yield ">U", np.array(["a", "bcd"]).astype(">U5")
    yield "rank_0", np.array(1.5)
    yield "rank_0_struct", np.array((1, 2.0), "i4,f8")
    yield "rank_32", np.zeros((1,) * 32)
    yield "empty", [np.empty(s) for s in ((0,), (0, 3), (3, 0), (2, 0, 5))]
    yield "F", np.asfortranarray(np.arange(24.0).reshape(2, 3, 4))
    yield "strides", [np.arange(24)[::2], np.arange(24)[::-1], np.arange(24).reshape(4, 6)[:, 1:3],
                      np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2), np.broadcast_to(np.arange(3), (2, 3))]
    yield "readonly", (lambda a: (a.setflags(write=False), a)[1])(np.arange(3))
    yield "large", np.arange(50000.0)
    yield "many", [np.full(3, i, "f4") for i in range(300)]
    yield "many_dtypes", [np.zeros(1, "S%d" % i) for i in range(1, 300)]
    yield "small_of_each", [np.zeros(2, c) for c in codes] * 2
    yield "objects", np.array([None, 1, "a", [2], {"b": 3}, 2**100], object)
    yield "objects_2d", np.array([[1, "a"], [None, [1]]], object)
    yield "object_field", np.array([(1, [2])], [("a", "i4"), ("b", "O")])
    yield "subclass", np.arange(4).view(SubArray)
    yield "matrix", np.matrix([[1, 2], [3, 4]])
    yield "recarray", np.rec.array([(1, 2.0, "x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U3")])
    yield "masked", np.ma.masked_array([1, 2, 3], [0, 1, 0], fill_value=7)
    yield "memmap_like", np.frombuffer(b"abcdefgh", ">u2")


def dtypes():
    yield "packed", np.dtype([("a", "i1"), ("b", "<f8"), ("c", "S3")])
    yield "aligned", np.dtype([("a", "i1"), ("b", "<f8"), ("c", "S3")], align=True)
    yield "titles", np.dtype([(("Title of a", "a"), "i4"), ("b", ">f8")])
    yield "subarrays", np.dtype([("a", "i4", (2, 3)), ("b", "U2", 4), ("c", "f8", (1,))])
    yield "nested", np.dtype([("a", [("x", "i4"), ("y", [("z", "c16", 2)])]), ("b", "?")])
    yield "gaps", np.dtype({"names": ["a", "b"], "formats": ["i4", "f8"], "offsets": [4, 16], "itemsize": 40})
    yield "overlap", np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 2]})
    yield "order", np.dtype({"names": ["b", "a"], "formats": ["i4", "i2"], "offsets": [4, 0]})
    yield "datetimes", np.dtype([("a", "M8[ns]"), ("b", "m8[3D]")])
    yield "big_endian", np.dtype([("a", ">i4"), ("b", ">U3"), ("c", ">M8[s]")])
    yield "unicode_names", np.dtype([("é", "i4"), ("\U0001f600", "f8")])
    yield "V5", np.dtype("V5")
    yield "aligned_nested", np.dtype([("a", np.dtype([("x", "i1"), ("y", "f8")], align=True)), ("b", "i1")])
    yield "many_fields", np.dtype([("f%d" % i, "f4") for i in range(150)])


def numpy_others():
    for name, a in list(numpy_arrays()):
        if isinstance(a, np.ndarray) and a.size and type(a) is np.ndarray:
            first = a.reshape(-1)[0]
            if isinstance(first, np.generic):
                yield "scalar_" + name, first
            if a.dtype.kind != "O":
                yield "dtype_" + name, a.dtype
    yield "dtype_O", np.dtype("O")
    yield "dtype_S0", [np.dtype("S0"), np.dtype("U0"), np.dtype("V0")]
    yield "dtype_metadata", np.dtype("i4", metadata={"a": 1})
    yield "dtype_subarray", np.dtype(("f8", (2, 3)))
    yield "scalars", [np.float64(0.1), np.float32(0.1), np.int8(-5), np.bool_(True), np.str_("é"), np.bytes_(b"x"),
                      np.complex64(1 + 2j), np.datetime64("2020-01-01"), np.timedelta64(5, "m"), np.void(b"abc")]
    yield "ufunc", [np.sin, np.add, np.float64, np.ndarray, np.sum]
    yield "random", [np.random.RandomState(1), np.random.default_rng(1)]
    yield "polynomial", np.polynomial.Polynomial([1, 2, 3])


def standard_library():
    utc = datetime.timezone.utc
    yield "datetime", [datetime.datetime(2020, 1, 2, 3, 4, 5, 6), datetime.datetime(1, 1, 1),
                       datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), datetime.datetime(2020, 1, 1, fold=1),
                       datetime.datetime(2020, 1, 1, tzinfo=utc),
                       datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-3), "X"))]
    yield "date", [datetime.date(2020, 1, 2), datetime.time(1, 2, 3, 4), datetime.time(1, tzinfo=utc), utc]
    yield "timedelta", [datetime.timedelta(), datetime.timedelta(-1, 5, 7), datetime.timedelta.max, datetime.timedelta.min]
    yield "decimal", [decimal.Decimal("1.50"), decimal.Decimal("NaN"), decimal.Decimal("-Infinity"), decimal.Decimal("1e400")]
    yield "fraction", fractions.Fraction(-3, 7)
    yield "uuid", uuid.UUID(int=2**127 + 5)
    yield "path", [pathlib.PurePosixPath("/a/b"), pathlib.PurePath("x")]
    yield "ip", [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("fe80::/10")]
    yield "collections", [collections.OrderedDict([("b", 1), ("a", 2)]), collections.Counter("hello"),
                          collections.defaultdict(list, {"a": [1]}), collections.deque([1, 2, 3], 5),
                          collections.deque("ab"), collections.ChainMap({"a": 1}, {"b": 2})]
    yield "user", [collections.UserDict(a=1), collections.UserList([1]), collections.UserString("x")]
    yield "array", [array.array(c, [1, 2, 3]) for c in "bBhHiIlLqQfd"] + [array.array("u", "héllo"), array.array("d")]
    yield "range", [range(5), range(1, 10, 3), slice(1, None, 2), iter([1, 2])]
    yield "re", re.compile("a+b", re.I)
    yield "partial", functools.partial(function, 1)
    yield "operator", [operator.itemgetter(1, "a"), operator.attrgetter("a.b"), operator.methodcaller("m", 1, k=2)]
    yield "namespace", types.SimpleNamespace(a=1, b=[2])
    yield "random", random.Random(5)
    yield "classes", [int, type(None), type(...), type, object, Plain, Outer.Inner, len, "".join, str.upper, function, Outer.method]
    yield "exceptions", [ValueError("bad", 3), KeyError("k"), OSError(2, "no", "file"), Failure("m", 7),
                         UnicodeDecodeError("utf-8", b"x", 0, 1, "r"), StopIteration(3), ModuleNotFoundError("m", name="n")]


def user_classes():
    slotted, both = Slotted(), SlottedAndDict()
    slotted.a = both.a = [1]
    both.b = both.c = "x"
    yield "plain", [Plain(), Plain(a=1, b=[2])]
    yield "slots", [slotted, both, Slotted()]
    yield "getstate", [GetState([1]), GetState(None)]
    yield "new", [NewArgs(1, [2]), NewArgsEx(1, key="k")]
    yield "reduce", [Reduce(), Reduce(1, [2]), Reduce(Reduce(1)), OldReduceEx()]
    full = ReduceAll([1])
    full.items, full.mapping, full.state = list(range(1500)), {str(i): i for i in range(1200)}, {"s": 1}
    yield "reduce_all", full
    yield "setter", ReduceWithSetter()
    lists = SubList([1, 2])
    lists.attribute = "a"
    dicts = SubDict(a=1)
    dicts.attribute = [lists]
    sets = SubSet([1])
    sets.attribute = 1
    yield "containers", [lists, dicts, sets, SubFrozenset([1, 2]), SubTuple([1, [2]]), SubList(range(2100))]
    yield "values", [SubInt(5), SubInt(2**70), SubFloat(1.5), SubStr("x"), SubBytes(b"x"), SubBytearray(b"y")]
    yield "enums", [Colour.RED, Colour.BLUE, Number.ONE, Flags.A | Flags.B]
    yield "dataclasses", [Data(1, [2]), Frozen(1, (2,)), SlotData(1, [2])]
    yield "namedtuple", [Point(1, "y"), Point((1,), Point(2, 3))]
    yield "nested_class", [Outer.Inner(), Outer().method]


GROUPS = {
    "plain": plain, "cycles": cycles, "shared": shared, "numpy_arrays": numpy_arrays, "numpy_others": numpy_others,
    "standard_library": standard_library, "user_classes": user_classes,
}
