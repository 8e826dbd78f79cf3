"""same(a, b): whether two objects are equal in value, type, sharing and cycles."""

import copyreg
import struct
import types

import numpy as np

_BY_NAME = (type, types.FunctionType, types.MethodDescriptorType, np.ufunc,
            type(None), type(...), type(NotImplemented))


class Different(AssertionError):
    pass


class _Walk:
    def __init__(self, texts):
        self.texts = texts
        self.left = {}  # id of an object on the left: the one on the right
        self.right = {}
        self.alive = []

    def walk(self, a, b):
        # With a stack of its own: (left, right, place).
        todo = [(a, b, "")]
        while todo:
            a, b, place = todo.pop()
            todo.extend(self.pair(a, b, place))

    def pair(self, a, b, place):
        if type(a) is not type(b):
            raise Different(f"{place}: {type(a)} and {type(b)}")
        if isinstance(a, _BY_NAME):
            if a is not b:
                raise Different(f"{place}: {a!r} and {b!r}")
            return ()
        if type(a) in (bool, int):
            return self.require(a == b, a, b, place)
        if type(a) is float:
            return self.require(struct.pack("<d", a) == struct.pack("<d", b), a, b, place)
        if type(a) in (str, bytes, tuple, complex, frozenset) and not self.texts:
            return self.parts(a, b, place)
        if id(a) in self.left:
            return self.require(self.left[id(a)] is b, "shared", "not shared", place)
        if id(b) in self.right and not self.may_be_interned(b):
            raise Different(f"{place}: not shared on the left, shared on the right")
        self.left[id(a)], self.right[id(b)] = b, a
        self.alive += [a, b]
        return self.parts(a, b, place)

    @staticmethod
    def may_be_interned(x):
        return type(x) is tuple and x == () or (type(x) in (str, bytes) and len(x) <= 1) or isinstance(x, np.dtype)

    @staticmethod
    def require(condition, a, b, place):
        if not condition:
            raise Different(f"{place}: {a!r:.200} and {b!r:.200}")
        return ()

    def parts(self, a, b, place):
        kind = type(a)
        if kind in (str, bytes, bytearray):
            return self.require(a == b, a, b, place)
        if kind is complex:
            bits = [struct.pack("<dd", x.real, x.imag) for x in (a, b)]
            return self.require(bits[0] == bits[1], a, b, place)
        if kind in (list, tuple):
            self.require(len(a) == len(b), len(a), len(b), place)
            return [(x, y, f"{place}[{i}]") for i, (x, y) in enumerate(zip(a, b))]
        if kind is dict:
            self.require(len(a) == len(b), len(a), len(b), place)
            pairs = [(x, y, f"{place} key") for x, y in zip(a, b)]
            return pairs + [(x, y, f"{place}[{k!r:.30}]") for (k, x), y in zip(a.items(), b.values())]
        if kind in (set, frozenset):
            self.require(len(a) == len(b), len(a), len(b), place)
            order = (lambda x: (str(type(x)), "" if "object at" in repr(x) else repr(x)))
            return [(x, y, f"{place}{{}}") for x, y in zip(sorted(a, key=order), sorted(b, key=order))]
        if isinstance(a, np.dtype):
            # Equal dtypes may differ in what == leaves out: alignment, metadata.
            self.require(a == b and a.metadata == b.metadata, a, b, place)
            return [(a.__reduce__()[1:], b.__reduce__()[1:], place + ".dtype")] if a.hasobject else self.require(
                repr(a.__reduce__()[2]) == repr(b.__reduce__()[2]), a.__reduce__(), b.__reduce__(), place)
        if kind is np.ndarray or isinstance(a, np.generic):
            return self.arrays(a, b, place)
        # Anything else is what its __reduce_ex__ says. Its parts may be new objects.
        a, b = self.reduced(a), self.reduced(b)
        self.alive += [a, b]
        return [(a, b, place + "." + kind.__name__)]

    @staticmethod
    def reduced(x):
        reduce = copyreg.dispatch_table.get(type(x))
        parts = reduce(x) if reduce else x.__reduce_ex__(4)
        if isinstance(parts, str):
            return [parts]
        parts = list(parts) + [None] * (6 - len(parts))
        parts[3] = None if parts[3] is None else list(parts[3])
        parts[4] = None if parts[4] is None else [list(pair) for pair in parts[4]]
        return parts

    def arrays(self, a, b, place):
        self.require(a.shape == b.shape, a.shape, b.shape, place)
        for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS"):
            self.require(a.flags[flag] == b.flags[flag], flag, "not", place)
        if a.dtype.hasobject:
            return [(a.dtype, b.dtype, place + ".dtype"), (a.tolist(), b.tolist(), place)]
        if a.dtype.char in "gG":  # 6 of their 16 bytes mean nothing
            self.require(str(a) == str(b), a, b, place)
        else:
            self.require(a.tobytes() == b.tobytes(), a, b, place)
        return [(a.dtype, b.dtype, place + ".dtype")]


def check_same(a, b, texts=True):
    """Raises Different, with the place, unless b is the same as a. Without `texts`, whether objects that never
    change are shared is not looked at."""
    _Walk(texts).walk(a, b)
