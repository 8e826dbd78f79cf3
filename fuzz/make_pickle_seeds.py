"""Writes seeds for pickle_fuzz: python3 make_pickle_seeds.py FOLDER

Pickles of all protocols by hand and by Python, small ones: what the fuzzer finds beyond them is
kept, minimised, in corpus/pickle.
"""

import array
import collections
import datetime
import decimal
import enum
import fractions
import pathlib
import pickle
import sys
import uuid

import numpy as np


class Colour(enum.Enum):
    RED = 1


Point = collections.namedtuple("Point", "x y")


class Plain:
    def __init__(self):
        self.a = 1


class SubList(list):
    pass


class SubDict(dict):
    pass


def objects():
    cycle = []
    cycle.append(cycle)
    tuple_cycle = ([],)
    tuple_cycle[0].append(tuple_cycle)
    dict_cycle = {}
    dict_cycle["me"] = dict_cycle
    plain = Plain()
    plain.me = plain
    shared = ["shared"]
    yield from (None, True, 0, -1, 300, 70000, 2**40, -2**70, 10**400, 0.5, float("inf"), 1 + 2j)
    yield from ("", "text", "ümläut \U0001f600", "\udc80", "x" * 300, b"", b"bytes\xff", b"y" * 300)
    yield from (bytearray(b"abc"), [1, 2, [3]], (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4))
    yield from ({1, 2}, frozenset((1, "a")), {"a": 1, "b": [2.5], 3: None}, list(range(1100)))
    yield from (cycle, tuple_cycle, dict_cycle, plain, [shared, shared, (shared,)])
    yield from (datetime.datetime(2020, 1, 2, 3, 4, 5, 6), datetime.timedelta(1, 2, 3),
                datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc), datetime.date(2020, 1, 1))
    yield from (decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=5), Colour.RED)
    yield from (Point(1, "y"), collections.OrderedDict(a=1, b=2), collections.Counter("abca"))
    yield from (collections.defaultdict(list, a=[1]), collections.deque([1, 2], 5))
    yield from (array.array("d", [1, 2]), SubList([1, 2]), SubDict(a=1), ValueError("no"), Plain, len)
    for dtype in ("?", "i1", "<u2", ">i4", "<f2", "<f8", ">f8", "<g", "<c8", "S3", "U2", "V4", "O",
                  "M8[ns]", "m8[25s]", "M8"):
        a = np.zeros(3, dtype)
        yield a
        yield a[0]
        yield a.dtype
    structured = np.dtype([("a", "i4"), (("title", "b"), "f8", (2,)), ("c", [("d", "U1")])], align=True)
    yield from (np.zeros(2, structured), np.zeros((2, 0)), np.array(5.0))
    yield from (np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.ma.masked_array([1, 2], [0, 1]))
    yield {"name": "n", "data": np.arange(3.0), "count": 3}
    yield [{"name": "n", "data": [1, 2], "count": None}] * 2
    yield {"children": [{"children": [], "other": None}], "other": None}


BY_HAND = {
    "inst": b"(S'a'\nI1\ni__main__\nC\n.",
    "inst_bare": b"(i__main__\nC\np0\n(dp1\nS'x'\nI5\nsb.",
    "obj": b"(c__main__\nC\nK\x01o.",
    "python2": b"\x80\x02(U\x03abcT\x02\x00\x00\x00\xff\x00L12345678901234567890L\nS'q\\x41'\nVu\\u00e9\nt.",
    "set2": b"c__builtin__\nset\n((lI1\naI2\natR.",
    "reconstructor": b"ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR(dS'x'\nI1\nsb.",
    "system": b"cos\nsystem\n(S'true'\ntR.",
    "stack_global": b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x031+1\x85R.",
    "persid": b"Pabc\n.",
    "binpersid": b"\x80\x04\x8c\rHDFSerializer\x8c\x050.0.0\x8c\x04file\x86\x86Q.",
    "dup_pop": b"]2a0N.",
    "memo": b"]r\xff\xff\xff\xffj\xff\xff\xff\xffp7\ng7\n.",
    "doubling": b"\x80\x02)" + b"2\x86" * 60 + b".",
    "nested": b"]" * 200 + b"a" * 199 + b".",
    "frame": b"\x80\x04\x95\x04\x00\x00\x00\x00\x00\x00\x00]N0a.",
    "appends_object": b"cm\nC\n)\x81(K\x01K\x02e(K\x03K\x04u}b.",
    "newobj_ex": b"\x80\x04cm\nC\n)}\x92.",
    "additems": b"\x80\x04\x8f(K\x01K\x02\x90(K\x05\x91\x86.",
    "long4": b"\x80\x02\x8b\x0a\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x7f.",
    "bytearray8": b"\x80\x05\x96\x03\x00\x00\x00\x00\x00\x00\x00abc.",
    "out_of_band": b"\x80\x05\x97\x98.",
}


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for i, value in enumerate(objects()):
        for protocol in range(6):
            try:
                (folder / f"python_{i}_{protocol}").write_bytes(pickle.dumps(value, protocol))
            except TypeError:  # below protocol 2
                pass
    for name, text in BY_HAND.items():
        (folder / name).write_bytes(text)


if __name__ == "__main__":
    main(sys.argv[1])
