"""ChunkedArray against numpy: random arrays in random chunks, random operations one upon the other."""

import os
import subprocess
import warnings

import numpy as np
import pytest

PROGRAM = os.path.join(os.environ["FUNCTIONFUSE_TEST_PROGRAMS"], "chunked_probe")
DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", ">f8", ">i4", ">u2", ">c8"]
BINARIES = ["add", "subtract", "multiply", "divide", "remainder", "floor_divide", "minimum", "maximum", "equal",
            "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "bitwise_xor"]
REDUCTIONS = ["sum", "mean", "min", "max", "any", "all", "std", "var", "argmin", "argmax"]


def words(numbers):
    return ",".join(map(str, numbers)) or "-"


def random_chunks(rng, shape):
    lengths = []
    for length in shape:
        if rng.random() < 0.5:  # regular
            piece = int(rng.integers(1, length + 2))
            own = [min(piece, length - at) for at in range(0, length, piece)] or [0]
        else:
            cuts = sorted(rng.integers(0, length + 1, rng.integers(0, 4)))
            own = list(np.diff([0, *cuts, length]))
        lengths.append(own)
    return ";".join(words(own) for own in lengths) or "-"


def random_array(rng, shape, dtype=None):
    dtype = np.dtype(dtype or rng.choice(DTYPES))
    if dtype.kind == "b":
        values = rng.random(shape) < 0.5
    elif dtype.kind in "iu":
        low, high = (0, 9) if rng.random() < 0.5 else (max(np.iinfo(dtype).min, -(2**31)), min(np.iinfo(dtype).max, 2**31))
        values = rng.integers(low, high, shape, dtype=np.int64)
    else:
        values = rng.normal(0, 3, shape)
        values = np.where(rng.random(shape) < 0.3, np.round(values), values)
        if rng.random() < 0.2:
            values = np.where(rng.random(shape) < 0.1, rng.choice([np.nan, np.inf, -np.inf, -0.0]), values)
        if dtype.kind == "c":
            values = values + 1j * np.round(rng.normal(0, 3, shape))
    return np.asarray(values).astype(dtype)


def random_slice(rng, length):
    def end():
        return None if rng.random() < 0.3 else int(rng.integers(-length - 2, length + 3))

    return slice(end(), end(), rng.choice([None, 1, 2, 3, -1, -2, 7]))


def slice_word(part):
    return ":".join("" if x is None else str(x) for x in (part.start, part.stop, part.step))


class Script:
    """Lines for the program, and what numpy makes of them."""

    def __init__(self, folder, seed):
        self.folder, self.rng = folder, np.random.default_rng(seed)
        self.lines, self.expected = [], []
        self.names = 0

    def name(self):
        self.names += 1
        return f"x{self.names}"

    def load(self, array, chunks=None):
        name = self.name()
        path = os.path.join(self.folder, name)
        array.tofile(path)
        shape = words(array.shape)
        self.lines.append(f"load {name} {array.dtype.str} {shape} {chunks or random_chunks(self.rng, array.shape)} {path}")
        return name

    def let(self, text):
        name = self.name()
        self.lines.append(f"let {name} {text}")
        return name

    def check(self, name, value, tolerance=0.0):
        path = os.path.join(self.folder, name + ".out")
        self.lines.append(f"out {name} {path}")
        self.expected.append((name, path, value, tolerance, len(self.lines)))

    def run(self):
        done = subprocess.run([PROGRAM], input="\n".join(self.lines), capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        answers = done.stdout.splitlines()
        assert len(answers) == len(self.expected)
        for answer, (name, path, value, tolerance, line) in zip(answers, self.expected):
            made = self.history(name, line)
            if isinstance(value, Exception):
                assert answer.startswith("error "), f"numpy: {value!r}\n{made}\n{answer}"
                continue
            value = np.asarray(value)
            native = value.dtype.newbyteorder("=")
            assert not answer.startswith("error "), f"{answer}\nnumpy: {value!r}\n{made}"
            dtype, shape = answer.split()
            assert np.dtype(dtype).newbyteorder("=") == native, f"{dtype} for {value.dtype}\n{made}"
            assert shape == words(value.shape), f"{shape} for {value.shape}\n{made}"
            got = np.fromfile(path, dtype).reshape(value.shape)
            os.remove(path)
            if tolerance:
                scale = np.max(np.abs(value[np.isfinite(value)]), initial=1)
                assert np.allclose(got, value, rtol=tolerance, atol=tolerance * scale, equal_nan=True), f"{got}\n{value}\n{made}"
            else:
                same = (got == value) | ((got != got) & (value != value))
                assert same.all(), f"{got!r}\n{value!r}\n{made}"

    def history(self, name, line):
        """The lines that made it."""
        wanted, found = {name}, []
        for text in reversed(self.lines[:line]):
            parts = text.split()
            if parts[0] in ("load", "let") and parts[1] in wanted:
                found.append(text)
                wanted.update(parts[2:])
        return "\n".join(reversed(found))


def numpy_value(f):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return f()
        except (TypeError, ValueError, np.AxisError) as error:
            return error


def random_shape(rng, most=4):
    shape = tuple(int(n) for n in rng.integers(1, 7, rng.integers(0, most + 1)))
    if shape and rng.random() < 0.08:
        shape = shape[:-1] + (0,)
    return shape


def broadcast_partner(rng, shape):
    return tuple(1 if rng.random() < 0.3 else n for n in shape[int(rng.integers(0, len(shape) + 1)):])


def unordered_complex(*arrays):
    """Order of complex numbers with NaN is numpy's own affair."""
    return any(a.dtype.kind == "c" and np.isnan(a).any() for a in arrays)


@pytest.mark.parametrize("seed", range(4))
def test_elementwise(tmp_path, seed):
    script = Script(tmp_path, seed)
    rng = script.rng
    for _ in range(250):
        a = random_array(rng, random_shape(rng))
        b = random_array(rng, broadcast_partner(rng, a.shape))
        x, y = script.load(a), script.load(b)
        function = str(rng.choice(BINARIES))
        if unordered_complex(a, b) and function not in ("add", "subtract", "equal", "not_equal"):
            continue
        if "c" in a.dtype.kind + b.dtype.kind and function in ("multiply", "divide"):
            continue  # to the last bit they depend on the order of the additions: tested with a tolerance below
        value = numpy_value(lambda: getattr(np, function)(a, b))
        if not isinstance(value, Exception) and a.ndim == 0 and b.ndim == 0:
            continue  # an array of rank 0 is a scalar for numpy
        if a.ndim == 0 or b.ndim == 0:
            continue
        script.check(script.let(f"{function} {x} {y}"), value)
        script.check(script.let(f"{function} {y} {x}"), numpy_value(lambda: getattr(np, function)(b, a)))
    script.run()


@pytest.mark.parametrize("seed", range(2))
def test_scalars(tmp_path, seed):
    script = Script(tmp_path, seed)
    rng = script.rng
    for _ in range(250):
        a = random_array(rng, random_shape(rng) or (3,))
        if unordered_complex(a) or a.dtype.kind == "c":
            continue
        x = script.load(a)
        scalar = [lambda: int(rng.integers(-3, 400)), lambda: float(rng.choice([0.5, 2.0, -1.25, 1e6, 1e300])),
                  lambda: bool(rng.random() < 0.5)][rng.integers(0, 3)]()
        word = {int: "i:", float: "f:", bool: "b:"}[type(scalar)] + str(int(scalar) if isinstance(scalar, bool) else scalar)
        function = str(rng.choice(BINARIES))
        script.check(script.let(f"{function} {x} {word}"), numpy_value(lambda: getattr(np, function)(a, scalar)))
        script.check(script.let(f"{function} {word} {x}"), numpy_value(lambda: getattr(np, function)(scalar, a)))
    script.run()


@pytest.mark.parametrize("seed", range(4))
def test_places(tmp_path, seed):
    """Slices, transposes, new chunks, and arrays put together, several on each other."""
    script = Script(tmp_path, seed)
    rng = script.rng
    for _ in range(150):
        a = random_array(rng, random_shape(rng, 6))
        x = script.load(a)
        for _ in range(rng.integers(1, 5)):
            kind = rng.choice(["slice", "transpose", "rechunk", "take", "expand_dims", "concatenate", "stack", "broadcast_to", "astype"])
            if kind == "slice":
                parts = tuple(random_slice(rng, n) for n in a.shape[: int(rng.integers(0, a.ndim + 1))])
                a, x = a[parts], script.let(f"slice {x} {','.join(map(slice_word, parts)) or '-'}")
            elif kind == "transpose":
                axes = rng.permutation(a.ndim)
                a, x = a.transpose(axes), script.let(f"transpose {x} {words(axes)}")
            elif kind == "rechunk":
                x = script.let(f"rechunk {x} {random_chunks(rng, a.shape)}")
            elif kind == "take" and a.ndim and a.size:
                axis = int(rng.integers(-a.ndim, a.ndim))
                index = int(rng.integers(-a.shape[axis], a.shape[axis]))
                a, x = np.asarray(a.take(index, axis)), script.let(f"take {x} {index} {axis}")
            elif kind == "expand_dims" and a.ndim < 6:
                axis = int(rng.integers(-a.ndim - 1, a.ndim + 1))
                a, x = np.expand_dims(a, axis), script.let(f"expand_dims {x} {axis}")
            elif kind == "concatenate" and a.ndim:
                axis = int(rng.integers(-a.ndim, a.ndim))
                shape = list(a.shape)
                shape[axis] = int(rng.integers(0, 4))
                b = random_array(rng, tuple(shape))
                a, x = np.concatenate([a, b, a], axis), script.let(f"concatenate {axis} {x} {script.load(b)} {x}")
            elif kind == "stack" and a.ndim < 6:
                axis = int(rng.integers(-a.ndim - 1, a.ndim + 1))
                b = random_array(rng, a.shape, a.dtype)
                a, x = np.stack([a, b], axis), script.let(f"stack {axis} {x} {script.load(b)}")
            elif kind == "broadcast_to" and a.ndim < 5 and a.size < 2000:
                shape = (2,) + tuple(3 if n == 1 else n for n in a.shape)
                a, x = np.broadcast_to(a, shape), script.let(f"broadcast_to {x} {words(shape)}")
            elif kind == "astype" and a.dtype.kind in "biu":
                dtype = np.dtype(rng.choice(["i8", "f8", ">u4", "f4", "?"]))
                a, x = a.astype(dtype), script.let(f"astype {x} {dtype.str}")
        if a.size < 100000:
            script.check(x, a)
    script.run()


@pytest.mark.parametrize("seed", range(4))
def test_reductions(tmp_path, seed):
    script = Script(tmp_path, seed)
    rng = script.rng
    for _ in range(250):
        a = random_array(rng, random_shape(rng))
        if unordered_complex(a):
            continue
        x = script.load(a)
        function = str(rng.choice(REDUCTIONS))
        axes = tuple(int(i) for i in rng.permutation(a.ndim)[: int(rng.integers(0, a.ndim + 1))])
        if function in ("argmin", "argmax"):
            axes = axes[:1]
        keepdims = bool(rng.random() < 0.5)
        more = {"ddof": int(rng.integers(0, 2))} if function in ("std", "var") else {}
        axis = (axes[0] if function.startswith("arg") else axes) if axes else None
        value = numpy_value(lambda: getattr(np, function)(a, axis=axis, keepdims=keepdims, **more))
        rounded = a.dtype.kind in "fc" or function in ("mean", "std", "var")
        tolerance = 0.0
        if function in ("sum", "mean", "std", "var") and rounded:
            # Numpy's own error is that of its sums in the array's precision.
            tolerance = {2: 4e-3, 4: 2e-6}.get(a.dtype.itemsize // (2 if a.dtype.kind == "c" else 1) if a.dtype.kind in "fc" else 8, 1e-13)
        words_of = f"{function} {x} {words(axes)} {int(keepdims)} {more.get('ddof', '')}"
        script.check(script.let(words_of), value, tolerance)
    script.run()


def test_expressions_within_a_tight_limit(tmp_path):
    """What several results share is kept, or waits in a file."""
    script = Script(tmp_path, 1)
    rng = script.rng
    script.lines.append(f"limit {200 << 10}")
    for _ in range(20):
        a = rng.normal(size=(90, 110))
        x = script.load(a, random_chunks(rng, a.shape) if rng.random() < 0.5 else "30,30,30;55,55")
        t = script.let(f"transpose {x} 1,0")
        t2 = script.let(f"slice {t} 0:90:1,0:90:1")
        s = script.let(f"slice {x} :,0:90")
        y = script.let(f"add {s} {t2}")
        script.check(y, a[:, :90] + a.T[0:90, 0:90])
        r = script.let(f"rechunk {y} 90;{','.join(['1'] * 90)}")
        script.check(script.let(f"multiply {r} {y}"), (a[:, :90] + a.T[0:90, 0:90]) ** 2)
    script.run()


def test_matmul(tmp_path):
    script = Script(tmp_path, 2)
    rng = script.rng
    for dtype_a, dtype_b in [("f8", "f8"), ("f4", "f4"), ("f4", "f8"), ("i4", "i8"), ("u1", "u1"), ("c16", "f8"), ("c8", "c8"),
                             (">f8", "i2"), ("i8", "u8"), ("f2", "f2")]:
        for _ in range(5):
            n, k, m = (int(i) for i in rng.integers(1, 9, 3))
            a, b = rng.integers(-9, 9, (n, k)).astype(dtype_a), rng.integers(0, 9, (k, m)).astype(dtype_b)
            x, y = script.load(a), script.load(b)
            script.check(script.let(f"matmul {x} {y}"), np.matmul(a, b))
    script.run()


def test_complex_products(tmp_path):
    script = Script(tmp_path, 3)
    rng = script.rng
    for dtype in ("c8", "c16"):
        for function in ("multiply", "divide"):
            a, b = random_array(rng, (20, 3), "c16").astype(dtype), random_array(rng, (20, 3), "c16").astype(dtype) + 1
            a, b = np.nan_to_num(a, posinf=1, neginf=1), np.nan_to_num(b, posinf=1, neginf=1)
            b[b == 0] = 1
            x, y = script.load(a), script.load(b.astype(dtype))
            value = getattr(np, function)(a, b.astype(dtype))
            script.check(script.let(f"{function} {x} {y}"), value, 1e-6 if dtype == "c8" else 1e-14)
    script.run()
