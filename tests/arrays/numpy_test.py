"""Compares DType and NdArray with numpy, which is what they stand for.

The program arrays_probe answers questions on standard input; see its source for their form.
"""

import ast
import os
import random
import subprocess
import warnings

import numpy as np
import pytest

PROBE = os.path.join(os.environ["FUNCTIONFUSE_BUILD"], "tests", "programs", "arrays_probe")


class ProbeError(Exception):
    pass


class Probe:
    def __init__(self):
        self.process = subprocess.Popen(
            [PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, *fields):
        self.process.stdin.write("\t".join(map(str, fields)) + "\n")
        self.process.stdin.flush()
        status, *answer = self.process.stdout.readline().rstrip("\n").split("\t")
        if status != "ok":
            assert status == "error", f"the probe died on {fields!r:.300}"
            raise ProbeError(bytes.fromhex(answer[0]).decode())
        return answer

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0


@pytest.fixture(scope="module")
def probe():
    p = Probe()
    yield p
    p.close()


def words(d):
    """A dtype in the probe's notation."""
    if d.subdtype is not None:
        base, shape = d.subdtype
        return " ".join(["sub", str(len(shape)), *map(str, shape), words(base)])
    if d.names is None:
        return d.str
    out = ["struct", len(d.names), d.itemsize, int(d.isalignedstruct), d.alignment]
    for name in d.names:
        dtype, offset, *title = d.fields[name]
        out += ["x" + name.encode().hex(), "x" + title[0].encode().hex() if title else "-"]
        out += [offset, words(dtype)]
    return " ".join(map(str, out))


def array_fields(a):
    return words(a.dtype), ",".join(map(str, a.shape)), a.tobytes().hex()


def text(field):
    return bytes.fromhex(field).decode()


def descr(d):
    """What DType::repr promises."""
    if d.subdtype is not None:
        return f"({descr(d.subdtype[0])}, {d.subdtype[1]})"
    if d.names is None:
        return repr(d.str)
    try:
        return str(d.descr)
    except ValueError:
        return str(d)


PLAIN = (
    ["|b1", "|i1", "|u1"]
    + [o + c for o in "<>" for c in "i2 i4 i8 u2 u4 u8 f2 f4 f8 f16 c8 c16 c32".split()]
    + ["|S0", "|S1", "|S5", "|V0", "|V3", "|V2147483647", "|S2147483647", "<U536870911"]
    + [o + c for o in "<>" for c in ("U0", "U1", "U40")]
    + [
        o + k + unit
        for o in "<>"
        for k in ("M8", "m8")
        for unit in [""]
        + [f"[{n}{u}]" for n in ("", 25) for u in "Y M W D h m s ms us ns ps fs as".split()]
    ]
)

inner = np.dtype([("x", "u1"), ("y", ">M8[25s]")])
aligned = np.dtype([("a", "i1"), ("b", "U2"), ("c", "f8")], align=True)
STRUCTURED = [
    np.dtype(d)
    for d in [
        [("a", "i4"), ("b", "f8", (2,))],
        [("a", "i4"), ("b", "f8")],
        {"names": ["a", "b"], "formats": ["i4", "f8"], "offsets": [4, 16], "itemsize": 32},
        {"names": ["a", "b"], "formats": ["i4", "f8"], "offsets": [8, 0]},
        {"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 2]},
        [(("T", "a"), "i4"), ("b", ">f8")],
        {"names": ["a", "b"], "formats": ["i4", "i2"], "titles": ["T", None], "offsets": [2, 8]},
        [("a", inner, (2, 3)), ("b", "S3")],
        [("a", "V3"), ("b", "U2")],
        [],
        {"names": [], "formats": [], "itemsize": 8},
        [("a", "i4", (1,)), ("z", "i1", (0,)), ("zz", "i1", (2, 0, 3))],
        [("a", [("b", [("c", "?")])]), ("s", "S"), ("u", "U"), ("v", "V")],
        [("ü\"'", "i4"), ("it's", "f4"), ("new\nline", "m8[3D]")],
        aligned,
        [("q", aligned, (2,)), ("r", "i1")],
        np.dtype([("q", aligned, (2,)), ("r", "i1")], align=True),
        ("f8", (2, 3)),
        (inner, (2,)),
        (aligned, (3,)),
        ((">f8", (2,)), (3,)),
        ("U2", (2,)),
    ]
]


def check_described(answer, d):
    expected = [
        d.str,
        d.name,
        d.kind,
        d.str[0],
        str(d.itemsize),
        str(d.alignment),
        str(int(d.isalignedstruct)),
        str(d.flags),
        str(int(d == d.newbyteorder("="))),
    ]
    assert answer[:9] == expected
    assert text(answer[9]) == str(d)
    assert text(answer[10]) == descr(d)


@pytest.mark.parametrize("s", PLAIN)
def test_plain_dtype(probe, s):
    assert np.dtype(s).str == s
    check_described(probe.ask("describe", s), np.dtype(s))


@pytest.mark.parametrize("d", STRUCTURED, ids=str)
def test_structured_dtype(probe, d):
    check_described(probe.ask("describe", words(d)), d)
    for order in "<>=":
        swapped = d.newbyteorder(order)
        check_described(probe.ask("describe", words(swapped)), swapped)


def test_what_repr_says_numpy_reads(probe):
    for d in STRUCTURED:
        said = ast.literal_eval(text(probe.ask("describe", words(d))[10]))
        assert np.dtype(said).itemsize == d.itemsize


OTHER_SPELLINGS = """f8 =i4 |f8 |i4 <i1 >b1 ? b h i l q p B H I L Q P e f d g F D G S U V M m >d <g i04
    M8[generic] m8[3D] M8[1s] bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32
    float64 float128 complex64 complex128 complex256 str bytes void datetime64 timedelta64
    datetime64[ns] timedelta64[25s] >S3 <V4 |U3 |M8 |M8[s] M8[μs]""".split()


@pytest.mark.parametrize("s", OTHER_SPELLINGS)
def test_other_spellings(probe, s):
    check_described(probe.ask("parse", s.encode().hex()), np.dtype(s))


@pytest.mark.parametrize(
    "s",
    ["", " ", "<", "x8", "f3", "f8 ", " f8", "b4", "u16", "c4", "S-1", "U536870912", "S2147483648"]
    + ["S99999999999999999999999", "M4[s]", "M8[ns", "M8[ns]x", "M8s", "M8[B]", "M8[]", "M8[-1s]"]
    + ["M8[2147483648s]", "M8[2]", "M8[0s]", "M8[2us/3]", "f8[s]", "!f8", "float", "<float64", "O"]
    + ["|O", "O8", "i4,f8", "(2,)i4", "f8\0", "M8[" + "9" * 500 + "s]", "x" * 5000, "float64[s]"]
    + ["M8[ns][ns]", "M8]ns[", "datetime64ns", "f+8", "S+5"],
)
def test_refused(probe, s):
    with pytest.raises(ProbeError) as error:
        probe.ask("parse", s.encode().hex())
    assert len(str(error.value)) < 300


def random_floats(dtype, rng, n=300):
    """Bit patterns of all magnitudes, and decimal numbers as people write them."""
    if dtype == "g":
        raw = np.array([rng.uniform(-1, 1) * 10.0 ** rng.randint(-300, 300) for _ in range(n)], "g")
        raw *= np.array([rng.choice([1, 10]) for _ in range(n)], "g") ** rng.randint(0, 4000)
    else:
        size = np.dtype(dtype).itemsize
        raw = np.frombuffer(rng.randbytes(size * n), dtype)
    decimal = [round(rng.uniform(-1000, 1000), rng.randint(0, 12)) for _ in range(n)]
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1, 0.1, 1e-4, 9.999e-5, 1e8, 99999999, 1e16]
    with np.errstate(over="ignore"):
        return np.concatenate([raw, np.array(decimal, dtype), np.array(special, dtype)])


def unique_repr(a, i):
    with np.printoptions(floatmode="unique", threshold=10**9):
        out = np.array2string(a.reshape(-1)[i : i + 1].reshape(()), separator=", ", floatmode="unique")
    return out


def check_elements(probe, a):
    answer = probe.ask("elements", *array_fields(a))
    for i, said in enumerate(answer if a.size else []):
        assert text(said) == unique_repr(a, i), (a.dtype, i)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", ">f2", ">f4", ">f8"])
def test_float_elements(probe, dtype):
    check_elements(probe, random_floats(dtype.lstrip(">"), random.Random(1)).astype(dtype))


def test_every_half_element(probe):
    check_elements(probe, np.arange(65536, dtype="u2").view("f2"))


@pytest.mark.parametrize("dtype", ["c8", "c16", "c32", ">c16"])
def test_complex_elements(probe, dtype):
    part = np.dtype(dtype).str[1:].replace("c8", "f4").replace("c16", "f8").replace("c32", "g")
    a = random_floats(part, random.Random(2))
    check_elements(probe, (a[: a.size // 2 * 2].view(dtype.lstrip(">"))).astype(dtype))


UNITS = "Y M W D h m s ms us ns ps fs as".split()


@pytest.mark.parametrize("unit", UNITS + ["25s", "7D", "3M"])
def test_datetime_elements(probe, unit):
    rng = random.Random(3)
    values = [0, 1, -1, 2**31, -(2**31), 2**40, -(2**40), 10**9, 1709164800, -(2**63)]
    values += [rng.randint(-(10**k), 10**k) for k in range(1, 15) for _ in range(20)]
    for order in "<>":
        check_elements(probe, np.array(values, "i8").view(f"M8[{unit}]").astype(f"{order}M8[{unit}]"))
        check_elements(probe, np.array(values, "i8").view(f"m8[{unit}]").astype(f"{order}m8[{unit}]"))


def test_other_elements(probe):
    check_elements(probe, np.array([True, False]))
    check_elements(probe, np.array([0, 255], "u1"))
    check_elements(probe, np.array([0, 2**64 - 1], ">u8"))
    check_elements(probe, np.array([-(2**63), 2**63 - 1], "i8"))
    check_elements(probe, np.array([b"ab", b"it's", b'"', b"'\"", b"\x00\x7f\xff\n\t\r\\", b""]))
    strings = ["ab", "it's", "\x00ü\xad\u2028\U0001f600\ue000\u3000\t\x7f", "a\\b\"'", ""]
    check_elements(probe, np.array(strings))
    check_elements(probe, np.array(strings, ">U20"))
    check_elements(probe, np.array([b"\x01\xff a"], "V4"))
    everything = [
        ("a", "?"), ("b", "U3"), ("c", "c8"), ("d", [("e", "f2")]), ("f", "f8", (2, 2)),
        ("g", "?", (1,)), ("h", "M8[D]", (2,)), ("i", [("x", "i1")], (2,)), ("j", "i1", (0,)),
        ("k", "i1", (2, 0, 3)), ("l", "V2"), ("m", "m8[s]"), ("n", "S4"), ("o", []),
    ]  # fmt: skip
    a = np.zeros(2, everything)
    a["a"][1], a["b"][1], a["f"][1], a["g"][1] = True, "y'", [[1, 0.1], [100, np.nan]], True
    check_elements(probe, a)


def printable(code):
    import unicodedata

    return unicodedata.category(chr(code)) != "Cn"


def test_every_character(probe):
    codes = [c for c in range(1, 0x110000) if printable(c) and not 0xD800 <= c < 0xE000]
    for start in range(0, len(codes), 20000):
        s = "".join(map(chr, codes[start : start + 20000]))
        (answer,) = probe.ask("elements", *array_fields(np.array(s)))
        assert text(answer) == repr(s)


ARRAYS = [
    np.array(3.0),
    np.array(5),
    np.array(True),
    np.array("a"),
    np.array(b"a"),
    np.array(1 + 1j),
    np.array(0.1, "f4"),
    np.array(1, "M8[s]"),
    np.arange(24.0).reshape(2, 3, 4),
    np.zeros((0, 3)),
    np.zeros((3, 0, 2), ">i4"),
    np.zeros(0),
    np.zeros((2, 0), "?"),
    np.array([], "M8[s]"),
    np.array([], ">U3"),
    np.zeros(0, [("a", "i4")]),
    np.arange(2000),
    np.arange(20000.0).reshape(100, 200),
    np.arange(1500.0).reshape(3, 500),
    np.arange(4096).reshape(8, 8, 8, 8),
    np.arange(1001, dtype="u1"),
    np.arange(2**11, dtype="f4").reshape((2,) * 11),
    np.array([1.0, 2.5, 1e20]),
    np.array([0.1, 1e-5]),
    np.array([1.5, np.nan, -np.inf]),
    np.array([np.nan, np.inf]),
    np.array([np.nan, 1e10]),
    np.array([-np.inf, 1.0]),
    np.array([1, 1001.0]),
    np.array([1 / 3, 2 / 3, 1e-3, 123456.789]),
    np.array([5e-324, 1.7976931348623157e308]),
    np.array([1.1, 2], "g"),
    np.array([np.longdouble("1e4000"), np.longdouble("-1e-4900")]),
    np.array([1e-3, 1234.5678], "f4"),
    np.array([0.1, 1e-5], "f4"),
    np.array([1, 2], ">f8"),
    np.array([True, False]),
    np.array([1 + 2j, 3.25 - 1j]),
    np.array([complex(np.nan, -np.inf), 1, 1e20j]),
    np.array([b"ab\0", b"it's"]),
    np.array(["ab", "ü\"'\n"]),
    np.array(["ü" * 30] * 4),
    np.full(3, b"x" * 80),
    np.array(["2020-01-01", "NaT"], "M8[s]"),
    np.array([1, 2, -(2**63)], "m8[s]"),
    np.array([1, 2], "m8"),
    np.array(["NaT"], "M8"),
    np.array([1, 2], ">M8[D]"),
    np.zeros(2, [("a", "i4"), ("b", "f8", (2,)), ("c", "M8[D]")]),
    np.zeros((), [("a", "?")]),
    np.array([(1.5, True), (100.25, False)], [("a", "f8"), ("b", "?")]),
    np.zeros(2, "V3"),
    np.zeros(2, []),
    np.zeros(1, aligned),
    np.zeros(5, [("abcdefghijk", "i4"), ("b" * 20, "f8"), ("c" * 20, "f8"), ("d" * 17, "f8")]),
    np.zeros((2, 1, 1, 1, 1)),
    np.arange(-50, 50).reshape(2, 50),
]


@pytest.mark.parametrize("a", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_array_repr(probe, a):
    assert text(probe.ask("repr", 1000, *array_fields(a))[0]) == repr(a)
    with np.printoptions(threshold=20):
        assert text(probe.ask("repr", 20, *array_fields(a))[0]) == repr(a)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16", "g"])
def test_random_float_array_repr(probe, dtype):
    rng = random.Random(4)
    part = {"c8": "f4", "c16": "f8"}.get(dtype, dtype)
    for _ in range(150):
        n = rng.randint(1, 6)
        # Of about one magnitude, so that not all of them have exponents.
        scale = 10.0 ** rng.randint(-5, 8)
        with np.errstate(over="ignore"):
            a = np.array([round(rng.uniform(-1, 1) * scale, rng.randint(0, 14)) for _ in range(2 * n)], part)
        if rng.random() < 0.2:
            a[0] = rng.choice([np.nan, np.inf, -np.inf])
        a = a.view(dtype)
        assert text(probe.ask("repr", 1000, *array_fields(a))[0]) == repr(a)


def test_half_conversion_both_ways(probe):
    """All 65536 values, to float32 and float64 and back; and every tie and its neighbours."""
    halves = np.arange(65536, dtype="u2").view("f2")
    for wide in ("<f4", "<f8", ">f4"):
        (answer,) = probe.ask("astype", "<f2", wide, 65536, "C", halves.tobytes().hex())
        assert bytes.fromhex(answer) == halves.astype(wide).tobytes()
        (back,) = probe.ask("astype", wide, "<f2", 65536, "C", answer)
        assert bytes.fromhex(back) == halves.tobytes()
    finite = halves[np.isfinite(halves)].astype("f8")
    middle = np.sort(finite)[:-1] + np.diff(np.sort(finite)) / 2
    for wide in ("f4", "f8"):
        ties = middle.astype(wide)
        assert (ties == middle).all()
        values = np.concatenate([ties, np.nextafter(ties, np.inf), np.nextafter(ties, -np.inf)])
        limits = np.array([65519.99, 65520, 65535, 1e30, 3e-8, 2.9802322e-08, 1e-30, np.inf], wide)
        values = np.concatenate([values, limits, -limits]).astype(wide)
        (answer,) = probe.ask(
            "astype", values.dtype.str, "<f2", values.size, "C", values.tobytes().hex()
        )
        with np.errstate(over="ignore"):
            assert bytes.fromhex(answer) == values.astype("f2").tobytes()


NUMERIC = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 f16 c8 c16 c32".split()


@pytest.mark.parametrize("target", NUMERIC)
@pytest.mark.parametrize("source", NUMERIC)
def test_astype(probe, source, target):
    """Values in range of all types, in every byte order."""
    values = [0, 1, 2, 3, 100, 127]
    if np.dtype(source).kind in "fc":
        values += [0.5, 1.75, 99.9]
    if np.dtype(source).kind in "ifc" and np.dtype(target).kind != "u":
        values += [-1, -100]
    if np.dtype(source).kind in "iu" and np.dtype(source).itemsize > 1:
        values += [300, 30000]  # wraps around in int8
    if np.dtype(source).kind == "c":
        values += [1 + 2j, 3j] if target != "b1" else [3j]
    for orders in ("<<", "<>", "><", ">>"):
        a = np.array(values + [0] * (-len(values) % 2), np.dtype(orders[0] + source)).reshape(2, -1)
        t = np.dtype(orders[1] + target)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = a.astype(t)
        for order in "CF":
            dtype, shape, data = array_fields(a)
            (answer,) = probe.ask("astype", dtype, t.str, shape, order, data)
            got = np.frombuffer(bytes.fromhex(answer), t).reshape(a.shape)
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 128.0, -129.0, 1e300, -1e300])
def test_astype_out_of_range(probe, value):
    a = np.array([[0, 1], [value, 3]])
    for source, order in (("<f8", "C"), (">f8", "F"), ("<c16", "C")):
        dtype, shape, data = array_fields(a.astype(source))
        with pytest.raises(ProbeError, match=r"element \(1, 0\) is .* does not fit int8"):
            probe.ask("astype", dtype, "|i1", shape, order, data)


def test_astype_to_the_limits(probe):
    for kind, bits, low, high in [("i", 8, -128, 127), ("u", 8, 0, 255), ("i", 32, -(2**31), 2**31 - 1)]:
        a = np.array([low - 0.5 if low else -0.5, high + 0.5])
        (answer,) = probe.ask("astype", "<f8", f"{kind}{bits // 8}", "2", "C", a.tobytes().hex())
        assert np.frombuffer(bytes.fromhex(answer), f"{kind}{bits // 8}").tolist() == [low, high]
    below = np.nextafter(2.0**64, 0)
    (answer,) = probe.ask("astype", "<f8", "u8", "1", "C", np.array(below).tobytes().hex())
    assert np.frombuffer(bytes.fromhex(answer), "u8")[0] == int(below)
    for value, target in ((2.0**64, "u8"), (2.0**63, "i8"), (-1.0, "u8"), (-(2.0**63) * 1.1, "i8")):
        with pytest.raises(ProbeError):
            probe.ask("astype", "<f8", target, "1", "C", np.array(value).tobytes().hex())


def test_astype_swaps_what_is_no_number(probe):
    rng = random.Random(5)
    nested = np.dtype(
        [("a", "i2"), ("b", "U3"), ("c", inner, (2, 2)), ("d", "V3"), ("e", "c16"), ("f", "M8[s]", (3,))]
    )
    for d in [nested, np.dtype("U5"), np.dtype("M8[ns]"), np.dtype("S3"), aligned]:
        raw = rng.randbytes(d.itemsize * 6)
        a = np.frombuffer(raw, d).reshape(2, 3)
        swapped = d.newbyteorder("S")
        for order in "CF":
            (answer,) = probe.ask("astype", words(d), words(swapped), "2,3", order, raw.hex())
            got = np.frombuffer(bytes.fromhex(answer), swapped).reshape(2, 3)
            (back,) = probe.ask("astype", words(swapped), words(d), "2,3", order, answer)
            assert bytes.fromhex(back) == raw
            if d.names is None:
                assert got.tobytes() == a.byteswap().tobytes()
            else:
                assert got["b"].tobytes() == a["b"].byteswap().tobytes()
                assert got["c"].tolist() == a["c"].tolist()
    with pytest.raises(ProbeError, match="cannot be converted"):
        probe.ask("astype", "|S3", "<f8", "1", "C", "000000")


def random_slice(rng, length):
    def end():
        return rng.choice(["", rng.randint(-length - 2, length + 2)])

    step = rng.choice(["", 1, 2, -1, -2, 3, -3, length + 1, 2**63 - 1, -(2**63)])
    return end(), end(), step


@pytest.mark.parametrize("itemsize", [1, 2, 3, 4, 8, 16, 20])
def test_transpose_and_slice(probe, itemsize):
    rng = random.Random(itemsize)
    for _ in range(120):
        shape = [rng.choice([0, 1, 2, 3, 5, 17, 33]) for _ in range(rng.randint(0, 4))]
        a = np.frombuffer(rng.randbytes(int(np.prod(shape)) * itemsize), f"V{itemsize}").reshape(shape)
        axes = rng.sample(range(a.ndim), a.ndim)
        t = a.transpose(axes)
        slices = [random_slice(rng, n) for n in t.shape[: rng.randint(0, a.ndim)]]
        expected = t[tuple(slice(*(None if x == "" else x for x in s)) for s in slices)]
        said = ",".join(":".join(map(str, s)) for s in slices)
        got = probe.ask("pick", *array_fields(a), ",".join(map(str, axes)), said)
        assert got[0] == str(expected.shape)
        flags = expected.flags
        assert got[1] == f"{int(flags.c_contiguous)}{int(flags.f_contiguous)}"
        assert got[2] == expected.tobytes().hex()
        assert got[3] == expected.tobytes("F").hex()
