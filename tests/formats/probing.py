"""What the tests of file formats have in common: they ask a program of ours, and compare with numpy."""

import os
import subprocess

import numpy as np

NOT_FOUND, CORRUPT, UNSUPPORTED = 1, 2, 3


class ProbeError(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Probe:
    """A program of tests/formats/programs that answers questions; arrays/probe.hpp has their form."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [os.path.join(os.environ["FUNCTIONFUSE_BUILD"], "tests", "programs", program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, *fields):
        self.process.stdin.write("\t".join(map(str, fields)) + "\n")
        self.process.stdin.flush()
        status, *answer = self.process.stdout.readline().rstrip("\n").split("\t")
        if status != "ok":
            assert status == "error", f"the probe died on {fields!r:.300}"
            raise ProbeError(int(answer[0]), bytes.fromhex(answer[1]).decode())
        return answer

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0


class Array:
    """An array as a program has read it: `dtype`, `chunks`, `data` in C order."""

    def __init__(self, dtype, chunks, data):
        self.dtype, self.chunks, self.data = dtype, chunks, data
        self.shape = tuple(map(sum, chunks))

    def same_as(self, a):
        a = np.asarray(a)
        assert self.dtype == a.dtype
        assert self.shape == a.shape
        assert self.data == a.tobytes()
        return True


def words(d):
    """A dtype in the probe's notation."""
    if d.subdtype is not None:
        base, shape = d.subdtype
        return " ".join(["sub", str(len(shape)), *map(str, shape), words(base)])
    if d.names is None:
        return d.str
    out = ["struct", len(d.names), d.itemsize, 0, 1]
    for name in d.names:
        dtype, offset, *title = d.fields[name]
        out += ["x" + name.encode().hex(), "x" + title[0].encode().hex() if title else "-", offset, words(dtype)]
    return " ".join(map(str, out))


def from_words(w):
    word = next(w)
    if word == "sub":
        shape = tuple(int(next(w)) for _ in range(int(next(w))))
        return np.dtype((from_words(w), shape))
    if word != "struct":
        return np.dtype(word)
    count, itemsize, _, _ = (int(next(w)) for _ in range(4))
    names, offsets, formats = [], [], []
    for _ in range(count):
        names.append(bytes.fromhex(next(w)[1:]).decode())
        assert next(w) == "-"
        offsets.append(int(next(w)))
        formats.append(from_words(w))
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": itemsize})


def parse_chunks(text):
    return () if text == "-" else tuple(tuple(map(int, axis.split(","))) for axis in text.split(";"))


def regular(shape, chunk):
    return tuple(
        tuple(min(c, n - i) for i in range(0, n, c)) if n else (0,) for n, c in zip(shape, chunk)
    )


def some(dtype, shape, seed=0):
    """An array of that dtype and shape; bools are 0 and 1, gaps 0, all other bits random."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    a = np.zeros(shape, dtype)
    if dtype.names is not None:
        for i, name in enumerate(dtype.names):
            if a.size:
                a[name] = some(dtype.fields[name][0].base, a[name].shape, seed + i)
        return a
    n = a.nbytes
    raw = rng.integers(0, 256, n, dtype=np.uint8)
    if dtype.kind == "b":
        raw &= 1
    if dtype.kind == "U":
        return rng.integers(0, 0xD000, (*a.shape, max(dtype.itemsize // 4, 1))).astype(
            dtype.byteorder + "u4").view(dtype).reshape(shape) if dtype.itemsize else a
    if dtype.kind in "fc" and dtype.itemsize >= 16 and dtype.char in "gG":  # six unused bytes are 0
        return rng.standard_normal(a.shape).astype(dtype) if dtype.kind == "f" else (
            rng.standard_normal(a.shape) + 1j * rng.standard_normal(a.shape)).astype(dtype)
    return np.frombuffer(raw.tobytes(), dtype).reshape(shape) if dtype.itemsize else a


PLAIN = ["?", "i1", "u1", "<i2", ">i2", "<u2", ">u4", "<i4", "<i8", ">i8", "<u8", "<f2", ">f2", "<f4", ">f4", "<f8",
         ">f8", "<f16", ">f16", "<c8", ">c8", "<c16", ">c16", "<c32", ">c32", "S1", "S5", "V1", "V7"]
OPAQUE = ["<U1", "<U5", ">U3", "<M8[ns]", ">M8[D]", "<M8", "<m8[25s]", ">m8[us]"]
