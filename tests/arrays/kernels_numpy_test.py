"""Compares the elementwise functions and the reductions of dense arrays with numpy.

The program numpy_kernels runs them; see its source for the form of requests. Arrays are random, of every
dtype, with the values that are special to it, and lie in memory in every way that numpy allows.
"""

import ctypes
import functools
import itertools
import os
import random
import subprocess

import numpy as np
import pytest

PROGRAM = os.path.join(os.environ["FUNCTIONFUSE_TEST_PROGRAMS"], "numpy_kernels")

BINARY = """add subtract multiply divide floor_divide remainder power minimum maximum equal not_equal less
    less_equal greater greater_equal logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor""".split()
UNARY = """negative absolute sign square sqrt exp log log10 sin cos tan tanh floor ceil rint isnan isfinite
    logical_not invert conjugate real imag""".split()
REDUCTIONS = "sum mean min max std var any all argmin argmax".split()
DTYPES = [np.dtype(t) for t in "? i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()]


# Numpy warns of empty slices whatever errstate says.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


class Refused(Exception):
    def __init__(self, unsupported, text):
        super().__init__(text)
        self.unsupported = unsupported


class Program:
    def __init__(self):
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *parts):
        data = b" ".join(p if isinstance(p, bytes) else str(p).encode() for p in parts) + b"\n"
        self.process.stdin.write(data)
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode().split()
        assert line, f"the program died on {data!r:.300}"
        if line[0] == "error":
            raise Refused(line[1] == "unsupported", self.process.stdout.read(int(line[2])).decode())
        return line[1:]

    def apply(self, name, operands, in_place=False):
        *types, size = self.ask("apply", name, int(in_place), len(operands), *operand_words(operands))
        data = self.process.stdout.read(int(size))
        return np.dtype(types[0]), np.frombuffer(data, types[1])

    def promote(self, operands):
        return np.dtype(self.ask("promote", len(operands), *operand_words(operands))[0])

    def reduce(self, name, a, axes, chunks, ddof=0, tree=False, piece=0):
        reduced = "".join("1" if d in axes else "0" for d in range(a.ndim)) or "-"
        lengths = ";".join(comma(c) for c in chunks) or "-"
        dtype, size = self.ask("reduce", name, ddof, reduced, int(tree), piece, lengths, array_words(a))
        values = np.frombuffer(self.process.stdout.read(int(size)), dtype)
        kept = [(1,) if d in axes else c for d, c in enumerate(chunks)]
        return assemble(values, kept)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0


@pytest.fixture(scope="module")
def program():
    p = Program()
    yield p
    p.close()


def comma(numbers):
    return ",".join(map(str, numbers)) or "-"


def array_words(a):
    """The array and the memory that it lies in: from its lowest to its highest byte, at the same alignment."""
    start = a.__array_interface__["data"][0]
    ends = [s * (n - 1) for n, s in zip(a.shape, a.strides)] if a.size else []
    low = start + sum(e for e in ends if e < 0)
    high = start + sum(e for e in ends if e > 0) + (a.itemsize if a.size else 0)
    lead = low % 16
    memory = bytes(lead) + ctypes.string_at(low, high - low)
    words = [a.dtype.str, comma(a.shape), comma(a.strides), start - low + lead, len(memory)]
    return " ".join(map(str, words)).encode() + b"\n" + memory


def operand_words(operands):
    for a in operands:
        yield int(a.ndim == 0)
        yield array_words(a)


def assemble(values, kept):
    """The blocks of an array, one behind the other, put together."""
    result = np.empty([sum(c) for c in kept], values.dtype)
    bounds = [np.cumsum((0,) + tuple(c)) for c in kept]
    at = 0
    for index in itertools.product(*(range(len(c)) for c in kept)):
        part = tuple(slice(bounds[d][i], bounds[d][i + 1]) for d, i in enumerate(index))
        size = result[part].size
        result[part] = values[at : at + size].reshape(result[part].shape)
        at += size
    assert at == values.size
    return result


# --- Random arrays ------------------------------------------------------------------------------


def special(dtype):
    if dtype.kind == "b":
        return [0, 1]
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return [0, 1, 2, 3, 7, 100, info.max, info.max - 1, info.min, info.min + 1] + [-1] * (dtype.kind == "i")
    if dtype.kind == "f":
        info = np.finfo(dtype)
        return [0.0, -0.0, 1, -1, 2, -3, 0.5, 2.5, 100, np.inf, -np.inf, np.nan, info.max, -info.max, info.tiny]
    limits = [complex(np.inf, 1), complex(0, -np.inf), complex(np.nan, 0), complex(1, np.nan)]
    return [0, 1, -1, 2j, 1 - 1j, 3 + 2j] + limits


def random_values(rng, dtype, size, specials=True, scale=8.0):
    if dtype.kind == "b":
        return np.array([rng.random() < 0.5 for _ in range(size)], bool)
    gen = np.random.default_rng(rng.randrange(2**32))
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = gen.integers(info.min, info.max, size, dtype, endpoint=True)
        small = gen.integers(max(info.min, -9), 10, size).astype(dtype)
        values = np.where(gen.random(size) < 0.5, small, values)
    elif dtype.kind == "f":
        values = (gen.standard_normal(size) * scale).astype(dtype)
    else:
        values = ((gen.standard_normal(size) + 1j * gen.standard_normal(size)) * scale).astype(dtype)
    if specials and size:
        some = gen.random(size) < 0.3
        values[some] = gen.choice(np.array(special(dtype), dtype), some.sum())
    return values


def laid_out(rng, values, shape):
    """The same elements in an order, with gaps, a byte order and an alignment of their own."""
    dtype = values.dtype
    if rng.random() < 0.3:
        return values.reshape(shape)
    if rng.random() < 0.4:
        dtype = dtype.newbyteorder(">")
    order = list(range(len(shape)))
    rng.shuffle(order)
    if rng.random() < 0.5:
        order.sort()
    strides, step = [0] * len(shape), dtype.itemsize * rng.choice([1, 1, 2])
    start = rng.choice([0, 0, 0, 1]) if dtype.itemsize > 1 else 0
    for d in reversed(order):
        strides[d] = step
        step *= max(1, shape[d]) + rng.choice([0, 0, 1])
        if rng.random() < 0.2:
            start += strides[d] * max(0, shape[d] - 1)
            strides[d] = -strides[d]
    memory = np.zeros(start + step + 64, np.uint8)
    memory[:] = 0xCD
    memory = memory[-memory.__array_interface__["data"][0] % 16 :]
    a = np.ndarray(shape, dtype, memory, start, strides)
    a[...] = values.reshape(shape)
    return a


def random_shape(rng, most=4):
    shape = tuple(rng.choice([1, 2, 3, 5, 8, 17]) for _ in range(rng.randint(1, most)))
    if rng.random() < 0.05:
        shape += (0,)
    return shape if np.prod(shape) < 4000 else shape[:2]


def random_array(rng, dtype, shape, **options):
    return laid_out(rng, random_values(rng, dtype, int(np.prod(shape)), **options), shape)


def broadcast_part(rng, shape):
    """A shape that broadcasts to `shape`."""
    part = tuple(1 if rng.random() < 0.3 else n for n in shape)
    return part[rng.randint(0, len(part) - 1) :] if rng.random() < 0.3 else part


# --- Elementwise ----------------------------------------------------------------------------------


def same_bits(ours, theirs):
    """Bit for bit, except that one NaN is as good as another."""
    if theirs.dtype.kind == "c":
        part = theirs.real.dtype
        ours, theirs = ours.view(part), np.ascontiguousarray(theirs).view(part)
    if theirs.dtype.kind != "f":
        return ours == theirs
    bits = f"u{theirs.dtype.itemsize}"
    return (ours.view(bits) == theirs.view(bits)) | (np.isnan(ours) & np.isnan(theirs))


def near(ours, theirs, ulps):
    """Within some units in the last place; of complex numbers, of their magnitude, as a part that is small because
    large terms cancelled says nothing."""
    unit = np.spacing(np.abs(theirs))
    unit = np.where(np.isfinite(unit), unit, 0)
    if theirs.dtype.kind == "c":
        both = ~np.isfinite(ours) & ~np.isfinite(theirs)
        return (np.abs(ours - theirs) <= ulps * unit) | (ours == theirs) | both
    close = np.abs(ours.astype("f8") - theirs.astype("f8")) <= ulps * unit.astype("f8")
    return close | (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))


def agrees(name, dtype_in, ours, theirs):
    kind = dtype_in.kind
    if name in ("minimum", "maximum") and kind in "fc":
        return near(ours, theirs, 0)  # which zero is the larger is not said
    if kind == "f" and name in "power exp log log10 sin cos tan tanh".split():
        # The libraries promise 4 units; in float16 what they get in float32 is rounded.
        return near(ours, theirs, 4)
    if kind == "c" and name in "multiply divide square absolute".split():
        return near(ours, theirs, 4)  # numpy contracts a*b + c where the processor can
    if kind == "c" and name in "power sqrt exp log log10 sin cos tan tanh".split():
        return near(ours, theirs, 64)
    return same_bits(ours, theirs)


def check_apply(program, name, operands, in_place=False):
    what = f"{name} of {[(a.dtype.str, a.shape, a.strides) for a in operands]}"
    try:
        theirs = np.asarray(getattr(np, name)(*operands))
    except TypeError:
        with pytest.raises(Refused) as refused:
            program.apply(name, operands)
        assert refused.value.unsupported, what
        return
    except ValueError:
        with pytest.raises(Refused) as refused:
            program.apply(name, operands)
        assert not refused.value.unsupported and "power" in str(refused.value), what
        return
    theirs = theirs.astype(theirs.dtype.newbyteorder("="))  # real and imag of numpy are views
    in_place = in_place and theirs.dtype == operands[0].dtype and operands[0].flags.c_contiguous
    in_place = in_place and operands[0].dtype.isnative and theirs.shape == operands[0].shape
    dtype_in, ours = program.apply(name, operands, in_place)
    assert ours.dtype == theirs.dtype, what
    theirs = np.ascontiguousarray(theirs).reshape(-1)
    right = agrees(name, dtype_in, ours, theirs)
    if not right.all():
        wrong = np.flatnonzero(~right)[0]
        if ours.size != right.size:
            wrong //= 2
        values = [a.reshape(-1)[wrong] for a in np.broadcast_arrays(*operands)]
        raise AssertionError(f"{what}: of {values!r} {ours[wrong]!r}, numpy {theirs[wrong]!r}")


def moderate(name, dtypes):
    """Functions of complex numbers have cases of infinity in which libraries differ: no specials then."""
    inexact = "power sqrt exp log log10 sin cos tan tanh divide multiply square".split()
    return any(d.kind == "c" for d in dtypes) and name in inexact


@pytest.mark.parametrize("name", BINARY)
def test_two_operands(program, name):
    rng = random.Random(name)
    for dtypes in itertools.product(DTYPES, DTYPES):
        shape = random_shape(rng)
        shapes = [shape, broadcast_part(rng, shape)]
        rng.shuffle(shapes)
        options = {"specials": not moderate(name, dtypes), "scale": 2.0 if name == "power" else 8.0}
        operands = [random_array(rng, d, s, **options) for d, s in zip(dtypes, shapes)]
        if name == "power" and dtypes[1].kind == "i":
            operands[1] = np.abs(np.maximum(operands[1], -9))  # negative powers have a test of their own
        check_apply(program, name, operands)


@pytest.mark.parametrize("name", BINARY)
def test_scalar_operand(program, name):
    rng = random.Random(name)
    for dtypes in itertools.product(DTYPES, DTYPES):
        options = {"specials": not moderate(name, dtypes), "scale": 2.0 if name == "power" else 8.0}
        array = random_array(rng, dtypes[0], random_shape(rng), **options)
        scalar = random_values(rng, dtypes[1], 1, **options).reshape(())
        if name == "power" and dtypes[1].kind == "i":
            scalar = np.asarray(np.abs(np.maximum(scalar, -9)))
        if name == "power" and dtypes[0].kind == "i":
            check_apply(program, name, [array, scalar])
            continue
        check_apply(program, name, [array, scalar] if rng.random() < 0.5 else [scalar, array])


@pytest.mark.parametrize("name", "add subtract multiply divide remainder maximum less bitwise_or".split())
def test_long_rows_and_in_place(program, name):
    rng = random.Random(name)
    for dtype, other in itertools.product(DTYPES, repeat=2):
        if rng.random() < 0.5 and dtype != other:
            continue
        options = {"specials": not moderate(name, [dtype, other])}
        a = random_values(rng, dtype, 3001, **options)
        b = random_array(rng, other, (3001,), **options)
        check_apply(program, name, [a, b], in_place=True)
        check_apply(program, name, [a, b[5]], in_place=True)
        check_apply(program, name, [a[:3000].reshape(1500, 2), b[:1500, None]], in_place=True)


@pytest.mark.parametrize("name", UNARY)
def test_one_operand(program, name):
    rng = random.Random(name)
    for dtype in DTYPES:
        for repeat in range(12):
            shape = (3001,) if repeat == 0 else () if repeat == 1 else random_shape(rng)
            a = random_array(rng, dtype, shape, specials=not moderate(name, [dtype]), scale=rng.choice([1.0, 20.0]))
            check_apply(program, name, [a], in_place=repeat % 2 == 0)


def test_every_float16(program):
    a = np.arange(65536, dtype="u2").view("f2")
    for name in UNARY:
        check_apply(program, name, [a])


def test_integers_to_negative_powers(program):
    for t in "i1 i2 i4 i8".split():
        check_apply(program, "power", [np.array([1, 2], t), np.array([3, -1], t)])
        check_apply(program, "power", [np.array([1, 2], t), np.array(-2, t)])


def test_power_of_two_exactly_is_square(program):
    rng = random.Random(1)
    for dtype in DTYPES[1:]:
        a = random_values(rng, dtype, 100, specials=dtype.kind != "c")
        check_apply(program, "power", [a, np.array(2)])


@pytest.mark.parametrize("kind", "Mm")
def test_datetimes_compare(program, kind):
    values = np.array([0, 1, -5, np.iinfo("i8").min, 77], "i8")
    a = np.repeat(values, 5).view(kind + "8[s]")
    b = np.tile(values, 5).view(kind + "8[s]")
    for name in "equal not_equal less less_equal greater greater_equal".split():
        check_apply(program, name, [a, b])
        check_apply(program, name, [a.astype(f">{kind}8[s]"), b[::-1]])
        with pytest.raises(Refused):
            program.apply(name, [a, b.astype(kind + "8[ms]")])


def test_kinds_without_arithmetic(program):
    for other in (np.zeros(2, "S3"), np.zeros(2, "U3"), np.zeros(2, "V3"), np.zeros(2, "M8[s]"), np.zeros(2, "f16"),
                  np.zeros(2, "c32")):
        for name in ("add", "multiply", "exp"):
            operands = [other, np.zeros(2)][: 1 if name == "exp" else 2]
            with pytest.raises(Refused) as refused:
                program.apply(name, operands)
            assert refused.value.unsupported and name in str(refused.value)
        with pytest.raises(Refused) as refused:
            program.reduce("sum", other, (0,), [(2,)])
        assert refused.value.unsupported


# --- Types ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", "add floor_divide remainder power bitwise_and minimum less divide".split())
def test_types_with_scalars(program, name):
    """Which loop numpy takes depends on the value."""
    for d in DTYPES[:11]:
        for value in [0, 1, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31, 2**32 - 1, 2**32, 2**63 - 1]:
            for s in (np.array(value, "i8"), np.array(value, "u8"), np.array(value).astype("f8")):
                check_apply(program, name, [np.ones(3, d), s])
                check_apply(program, name, [s, np.ones(3, d)])
                if s.dtype.kind == "i" and name != "power":
                    check_apply(program, name, [np.ones(3, d), -s])


def test_promotion_of_arrays(program):
    types = DTYPES + [np.dtype("f16"), np.dtype("c32")]
    for a, b in itertools.product(types, repeat=2):
        assert program.promote([np.zeros(1, a), np.zeros(1, b)]) == np.promote_types(a, b)


def test_promotion_with_scalars(program):
    rng = random.Random(7)
    ends = [2**n + d for n in (7, 8, 15, 16, 31, 32, 63) for d in (-1, 0, 1)]
    scalars = []
    for d in DTYPES + [np.dtype("f16"), np.dtype("c32")]:
        if d.kind in "iu":
            info = np.iinfo(d)
            values = [v for v in ends + [-v for v in ends] + [0, 1, -1] if info.min <= v <= info.max]
        elif d.kind == "b":
            values = [True]
        else:
            values = [0, 64999, 65000, -65000, 65504, 3.39e38, 3.4e38, 3.5e38, -1e39, 1.6e308, np.inf, np.nan]
            values += [complex(1, v) for v in values] if d.kind == "c" else []
        scalars += [np.array(v).astype(d) for v in values]
    for d in DTYPES + [np.dtype("f16"), np.dtype("c32")]:
        for s in scalars:
            assert program.promote([np.zeros(1, d), s]) == np.result_type(np.zeros(1, d), s), (d, s)
    for s, e in itertools.product(rng.sample(scalars, 60), repeat=2):
        assert program.promote([s, e]) == np.result_type(s, e), (s, e)
    # Numpy itself takes more than two in an order of its own where no scalar is looked at.
    for _ in range(500):
        arrays = [np.zeros(1, rng.choice(DTYPES)) for _ in range(3)]
        assert program.promote(arrays) == functools.reduce(np.promote_types, [a.dtype for a in arrays])


# --- Reductions -------------------------------------------------------------------------------------


def random_chunks(rng, shape):
    chunks = []
    for length in shape:
        cuts = sorted(rng.sample(range(1, length), min(length - 1, rng.randint(0, 3)))) if length > 1 else []
        if length and rng.random() < 0.1:
            cuts = sorted(cuts + [rng.choice([0, length])])  # a chunk without elements
        chunks.append(tuple(int(n) for n in np.diff([0, *cuts, length])))
    return chunks


def reduced_by_numpy(name, a, axes, ddof):
    axes = tuple(axes)
    if name in ("argmin", "argmax"):
        if len(axes) == a.ndim:
            return np.asarray(getattr(np, name)(a)).reshape((1,) * a.ndim)
        return np.expand_dims(getattr(np, name)(a, axis=axes[0]), axes[0])
    options = {"ddof": ddof} if name in ("std", "var") else {}
    return np.asarray(getattr(np, name)(a, axis=axes, keepdims=True, **options))


def in_long_double(name, a, axes, ddof):
    """The result and how far a good one may be from it.

    A sum of n terms in float64 is rounded n times by half a unit of what was summed; as these errors have
    either sign, they grow with sqrt(n), and so does numpy's (it adds pairwise only along the last axis).
    Variances: the merged means are rounded too, which a mean that is large beside the spread makes visible,
    in proportion to their quotient. What float32 and float16 lose is one rounding of the result.
    """
    axes = tuple(axes)
    wide = a.astype("c32" if a.dtype.kind == "c" else "f16")
    options = {"axis": axes, "keepdims": True}
    n = np.prod([a.shape[d] for d in axes], dtype=float)
    unit = np.finfo("f8").eps * (1 + np.sqrt(n))
    magnitude = np.sum(np.abs(wide), **options)
    if name in ("sum", "mean"):
        by = 1 if name == "sum" else n
        return np.sum(wide, **options) / by, unit * magnitude / by
    mean = np.sum(wide, **options) / n
    variance = np.sum(np.abs(wide - mean) ** 2, **options) / max(n - ddof, 0)
    spread = np.sqrt(np.sum(np.abs(wide - mean) ** 2, **options) / max(n, 1))
    condition = 4 + np.abs(mean) / np.where(spread > 0, spread, 1)
    error = variance * unit * condition + (unit * np.abs(mean)) ** 2
    if name == "var":
        return variance, error
    return np.sqrt(variance), np.sqrt(variance + error) - np.sqrt(variance) + unit * np.sqrt(variance)


def check_reduce(program, name, a, axes, chunks, **options):
    what = f"{name} of {a.dtype.str} {a.shape} {a.strides}, axes {axes}, chunks {chunks}, {options}"
    ddof = options.get("ddof", 0)
    try:
        theirs = reduced_by_numpy(name, a, axes, ddof)
    except ValueError:
        with pytest.raises(Refused) as refused:
            program.reduce(name, a, axes, chunks, **options)
        assert not refused.value.unsupported, what
        return
    ours = program.reduce(name, a, axes, chunks, **options)
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, what
    if name in ("min", "max") and theirs.dtype.kind in "fc":
        nan = np.isnan(ours) & np.isnan(theirs)
        assert np.all((ours == theirs) | nan), f"{what}: {ours!r}, numpy {theirs!r}"
    elif theirs.dtype.kind not in "fc":
        assert np.array_equal(ours, theirs), f"{what}: {ours!r}, numpy {theirs!r}"
    else:
        value, error = in_long_double(name, a, axes, ddof)
        value = value.real if theirs.dtype.kind == "f" else value
        with_rounding = error + np.spacing(np.abs(value).astype(theirs.real.dtype))
        close = np.abs(ours - value) <= with_rounding
        close |= ours == np.asarray(value).astype(theirs.dtype)
        close |= ~np.isfinite(value) & ~np.isfinite(ours) & (np.isnan(ours) == np.isnan(value))
        assert np.all(close), f"{what}: {ours!r}, numpy {theirs!r}, exactly {value!r}"


def random_axes(rng, name, ndim):
    if name in ("argmin", "argmax"):
        return tuple(range(ndim)) if rng.random() < 0.5 else (rng.randrange(ndim),)
    return tuple(d for d in range(ndim) if rng.random() < 0.6)


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_reductions(program, name, dtype):
    rng = random.Random(f"{name} {dtype}")
    for _ in range(60):
        shape = random_shape(rng)
        # Sums of infinities are right or wrong as a whole: half of the arrays have none.
        specials = rng.random() < 0.5 and name not in ("mean", "sum", "std", "var")
        a = random_array(rng, dtype, shape, specials=specials)
        if rng.random() < 0.1:
            a = np.broadcast_to(a, (3,) + a.shape)
        options = {"tree": rng.random() < 0.5, "piece": rng.choice([0, 0, 1, 2]), "ddof": rng.choice([0, 1])}
        chunks = random_chunks(rng, a.shape)
        check_reduce(program, name, a, random_axes(rng, name, a.ndim), chunks, **options)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_ties_and_nan(program, name):
    rng = random.Random(name)
    for dtype in DTYPES:
        for _ in range(20):
            shape = random_shape(rng, 3)
            small = [0, 1, 2, 2] if dtype.kind in "biu" else [0, -0.0, 2, 2, 3, 3] + [np.nan] * rng.choice([0, 1])
            values = np.array([rng.choice(small) for _ in range(int(np.prod(shape)))], dtype)
            a = laid_out(rng, values, shape)
            check_reduce(program, name, a, random_axes(rng, name, a.ndim), random_chunks(rng, a.shape))


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_larger_arrays(program, name):
    """Large enough for blocks to be full, in every arrangement of what is kept and what is reduced."""
    rng = random.Random(name)
    for dtype in [np.dtype(t) for t in "? i2 i8 f2 f4 f8 c16".split()]:
        for shape in [(40000,), (700, 60), (60, 700), (2000, 3), (3, 2000), (30, 40, 20)]:
            a = random_array(rng, dtype, shape, specials=False)
            if dtype.kind in "fc" and rng.random() < 0.5:
                a = a + a.dtype.type(100 if dtype.itemsize < 8 else 1e6)  # a mean far from 0
            for axes in [tuple(range(a.ndim))] + [(d,) for d in range(a.ndim)]:
                check_reduce(program, name, a, axes, [(n,) for n in shape])
                check_reduce(program, name, a.T, axes, random_chunks(rng, a.T.shape))


def test_reductions_of_infinities(program):
    for values in ([np.inf, 1], [np.inf, -np.inf], [np.nan, 1], [-np.inf, 0, -np.inf]):
        for t in ("f2", "f4", "f8"):
            a = np.array(values, t)
            for name in REDUCTIONS:
                check_reduce(program, name, a, (0,), [(len(values),)])
                check_reduce(program, name, a, (0,), [(1,) * len(values)])


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_nothing_and_of_rank_0(program, name):
    for dtype in DTYPES:
        for shape in [(0,), (0, 3), (3, 0), (2, 0, 3), (0, 0)]:
            a = np.zeros(shape, dtype)
            for axes in [tuple(range(a.ndim))] + [(d,) for d in range(a.ndim)]:
                check_reduce(program, name, a, axes, [(n,) for n in shape])
        check_reduce(program, name, np.ones((), dtype), (), [])


@pytest.mark.parametrize("name", ["argmin", "argmax"])
def test_positions_along_some_axes(program, name):
    with pytest.raises(Refused) as refused:
        program.reduce(name, np.zeros((2, 3, 4)), (0, 2), [(2,), (3,), (4,)])
    assert not refused.value.unsupported
