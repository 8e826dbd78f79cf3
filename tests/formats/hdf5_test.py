"""HDF5 files: h5py and dask read what this library writes, and the other way round.

The program hdf5_probe writes and reads them; see its source for the form of questions.
"""

import base64
import ctypes
import hashlib
import itertools
import json
import os
import pathlib

import dask.array as da
import h5py
import numpy as np
import pytest

import probing
from probing import (
    CORRUPT, NOT_FOUND, OPAQUE, PLAIN, ProbeError, UNSUPPORTED, from_words, parse_chunks, regular,
    some, words,
)

GOLDEN = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_DATA"]) / "golden"


class Probe(probing.Probe):
    def __init__(self):
        super().__init__("hdf5_probe")

    def write(self, path, a, chunks, dataset="dask_arrays", deflate=0, shuffle=False, checksums=True):
        text = ";".join(",".join(map(str, axis)) for axis in chunks) or "-"
        self.ask("write", path, dataset, words(a.dtype), text, deflate, int(shuffle), int(checksums), a.tobytes().hex())

    def read(self, path, dataset="dask_arrays"):
        dtype, chunks, logical, filters, checksums, data = self.ask("read", path, dataset)
        return Array(from_words(iter(dtype.split())), parse_chunks(chunks), parse_chunks(logical),
                     filters.split(";") if filters else [], checksums, bytes.fromhex(data))


class Array(probing.Array):
    def __init__(self, dtype, chunks, logical, filters, checksums, data):
        super().__init__(dtype, chunks, data)
        self.logical, self.filters, self.checksums = logical, filters, checksums


@pytest.fixture(scope="module")
def probe():
    p = Probe()
    yield p
    p.close()


STRUCTURED = [
    [("a", "<i4"), ("b", "<f8")],
    [("a", ">i4"), ("b", "?"), ("c", "<c16"), ("d", "S3"), ("e", "V2")],
    [("n", [("a", "<i2"), ("b", ">i4")]), ("sub", "<f8", (2, 3))],
    [("n", [("deep", [("er", "<f2", (2,))]), ("x", "u1")], (2,))],
    {"names": ["a", "b"], "formats": ["<i4", "<f8"], "offsets": [8, 16], "itemsize": 40},
    {"names": ["b", "a"], "formats": ["<i4", "<f8"], "offsets": [8, 0], "itemsize": 12},
    [("r", "<f8"), ("j", "<f8")],
    [("ä", "<i4"), ("with space", "<i4")],
]
STRUCTURED_OPAQUE = [[("t", "<M8[ns]"), ("u", "<U3", (2,))]]

SHAPES = [
    ((), ()),
    ((7,), (3,)),
    ((6,), (6,)),
    ((5, 7), (3, 4)),
    ((4, 6), (1, 6)),
    ((2, 3, 4), (2, 2, 2)),
    ((3, 2, 2, 3), (2, 1, 2, 2)),
    ((2, 2, 1, 3, 2), (1, 2, 1, 2, 2)),
    ((2, 1, 2, 2, 1, 3), (1, 1, 2, 1, 1, 2)),
]


def h5py_dtype(d):
    """What h5py needs to be told to write such a dtype."""
    d = np.dtype(d)
    if d.kind in "UMm":
        return h5py.opaque_dtype(d)
    if d.names is None:
        return d
    formats = []
    for name in d.names:
        f = d.fields[name][0]
        base, shape = f.subdtype or (f, ())
        formats.append(np.dtype((h5py_dtype(base), shape)))
    return np.dtype({"names": d.names, "formats": formats, "offsets": [d.fields[n][1] for n in d.names],
                     "itemsize": d.itemsize})


def check_with_h5py(path, a, chunks, dataset="dask_arrays"):
    with h5py.File(path, "r") as f:
        d = f[dataset]
        assert d.shape == a.shape
        assert d.dtype == a.dtype
        if a.dtype == ">c32":
            return d.id.get_type()  # h5py takes its bytes for little-endian, its own files' too
        assert d[...].tobytes() == a.tobytes()
        if a.ndim and a.size:
            assert d.chunks == tuple(map(max, chunks))
            got = da.from_array(d)
            assert got.dtype == a.dtype
            if a.dtype.char not in "gG":  # dask asks numpy for a hash that these do not have
                assert got.compute().tobytes() == a.tobytes()
        else:
            assert d.chunks is None
        return d.id.get_type()


@pytest.mark.parametrize("dtype", PLAIN + OPAQUE + STRUCTURED + STRUCTURED_OPAQUE, ids=str)
def test_every_dtype(probe, tmp_path, dtype):
    dtype = np.dtype(dtype)
    for i, (shape, chunk) in enumerate(SHAPES):
        a = some(dtype, shape, i)
        chunks = regular(shape, chunk)
        path = tmp_path / f"{i}.h5"
        probe.write(path, a, chunks)
        kept = check_with_h5py(path, a, chunks)
        back = probe.read(path)
        assert back.same_as(a)
        assert back.chunks == back.logical == chunks
        assert back.checksums == "complete"
        assert back.filters == []
        # The type is the one that h5py would have written; only that of >c32 it gets wrong.
        if dtype != np.dtype(">c32"):
            assert kept.equal(h5py.h5t.py_create(h5py_dtype(dtype), logical=True))


@pytest.mark.parametrize("dtype", PLAIN + OPAQUE + STRUCTURED + STRUCTURED_OPAQUE, ids=str)
@pytest.mark.parametrize("deflate, shuffle", [(4, False), (1, True), (0, True)])
def test_compressed(probe, tmp_path, dtype, deflate, shuffle):
    for i, (shape, chunk) in enumerate(SHAPES):
        for a in (some(dtype, shape, i), np.zeros(shape, dtype)):
            chunks = regular(shape, chunk)
            path = tmp_path / f"{i}.h5"
            probe.write(path, a, chunks, deflate=deflate, shuffle=shuffle)
            check_with_h5py(path, a, chunks)
            back = probe.read(path)
            assert back.same_as(a)
            assert back.checksums == "complete"
            expected = ["shuffle"] * shuffle + [f"deflate {deflate}"] * (deflate > 0)
            assert back.filters == (expected if shape else [])
            path.unlink()


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (3, 0, 2)])
@pytest.mark.parametrize("dtype", ["<f8", "?", "S3", "<U2", "<M8[ns]", [("a", "<i4")]], ids=str)
@pytest.mark.parametrize("deflate", [0, 4])
def test_empty(probe, tmp_path, shape, dtype, deflate):
    a = np.zeros(shape, dtype)
    chunks = regular(shape, (2,) * a.ndim)
    probe.write(tmp_path / "x.h5", a, chunks, deflate=deflate)
    check_with_h5py(tmp_path / "x.h5", a, chunks)
    back = probe.read(tmp_path / "x.h5")
    assert back.same_as(a)
    assert back.logical == chunks
    assert back.checksums == "complete"


@pytest.mark.parametrize("dtype", ["S0", "<U0", "V0", []], ids=str)
@pytest.mark.parametrize("shape, chunk", SHAPES[:4] + [((0, 2), (1, 1)), ((1 << 50,), (1 << 49,))])
def test_elements_without_bytes(probe, tmp_path, dtype, shape, chunk):
    dtype = np.dtype(dtype)
    chunks = regular(shape, chunk) if shape[:1] != (1 << 50,) else ((1 << 49,) * 2,)
    text = ";".join(",".join(map(str, axis)) for axis in chunks) or "-"
    path = tmp_path / "x.h5"
    probe.ask("write", path, "dask_arrays", words(dtype), text, 0, 0, 1, "")
    back = probe.read(path)
    assert (back.dtype, back.shape, back.logical) == (dtype, shape, chunks)
    with h5py.File(path, "r") as f:
        d = f["dask_arrays"]
        assert d.shape == shape
        assert d.attrs["dtype"].decode() == ("[]" if dtype.names is not None else dtype.str)
        assert d.dtype == "V1"
        if d.size < 1000:
            d[()]
    assert path.stat().st_size < 10_000


@pytest.mark.parametrize("chunks", [
    ((3, 1, 3),), ((1, 2, 3, 4),), ((5, 0, 2),), ((1, 3, 1), (4, 1, 2)), ((4,), (1, 2)), ((2, 2), (3, 1), (1, 1, 5)),
])
@pytest.mark.parametrize("deflate", [0, 4])
def test_irregular_chunks(probe, tmp_path, chunks, deflate):
    shape = tuple(map(sum, chunks))
    a = some("<f8", shape)
    probe.write(tmp_path / "x.h5", a, chunks, deflate=deflate)
    check_with_h5py(tmp_path / "x.h5", a, chunks)
    back = probe.read(tmp_path / "x.h5")
    assert back.same_as(a)
    assert back.logical == chunks
    assert back.chunks == regular(shape, tuple(map(max, chunks)))
    with h5py.File(tmp_path / "x.h5", "r") as f:
        for axis, lengths in enumerate(chunks):
            assert tuple(f[f"dask_arrays.chunks.{axis}"]) == lengths


def test_beside_a_regular_array_there_are_checksums_only(probe, tmp_path):
    probe.write(tmp_path / "x.h5", some("<f8", (5, 7)), ((3, 2), (4, 3)))
    with h5py.File(tmp_path / "x.h5", "r") as f:
        assert sorted(f) == ["dask_arrays", "dask_arrays.checksums"]


@pytest.mark.parametrize("count, size", [(n, s) for n in (1, 2, 3, 1023, 1024, 1025, 2049, 9000) for s in (1, 40)] +
                         [(n, 40_000) for n in (1, 2, 3, 1025)])
def test_index_of_compressed_chunks(probe, tmp_path, count, size):
    """It is written here, not by the library, in pages of 1024 chunks; its entries depend on a chunk's size."""
    a = np.arange(count * size - size // 2, dtype="<u2")
    chunks = regular(a.shape, (size,))
    path = tmp_path / "x.h5"
    probe.write(path, a, chunks, deflate=1)
    check_with_h5py(path, a, chunks)
    back = probe.read(path)
    assert back.same_as(a) and back.chunks == chunks and back.checksums == "complete"
    with h5py.File(path, "r+") as f:  # the library goes on with it
        d = f["dask_arrays"]
        if a.size < 100_000:
            assert d.id.get_num_chunks() == len(chunks[0])
        assert d.id.get_storage_size() > 0
        d[0] = a[0] = 7
        f["another"] = a
    with h5py.File(path, "r") as f:
        assert (f["dask_arrays"][()] == a).all() and (f["another"][()] == a).all()


def test_highest_rank(probe, tmp_path):
    a = some("<i2", (2, 3) + (1,) * 30)
    chunks = ((1, 1), (2, 1)) + ((1,),) * 30
    probe.write(tmp_path / "x.h5", a, chunks)
    check_with_h5py(tmp_path / "x.h5", a, chunks)
    assert probe.read(tmp_path / "x.h5").same_as(a)


def test_equal_data_equal_files(probe, tmp_path):
    a = some("<f8", (100,))
    for name in "ab":
        probe.write(tmp_path / name, a, ((50, 50),))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("dtype, word", [
    (np.dtype({"names": ["a", "b"], "formats": ["<i4", "<f8"], "offsets": [0, 0]}), "overlap"),
    (np.dtype([(("title", "a"), "<i4")]), "title"),
    (np.dtype([("a", "S0"), ("b", "<i4")]), "no bytes"),
])
def test_dtypes_that_hdf5_cannot_keep(probe, tmp_path, dtype, word):
    with pytest.raises(ProbeError, match=word) as e:
        probe.write(tmp_path / "x.h5", np.zeros(3, dtype), ((3,),))
    assert e.value.code == UNSUPPORTED
    assert not (tmp_path / "x.h5").exists()


def test_without_checksums(probe, tmp_path):
    a = some("<f8", (100,))
    probe.write(tmp_path / "x.h5", a, ((30, 30, 30, 10),), checksums=False)
    back = probe.read(tmp_path / "x.h5")
    assert back.same_as(a)
    assert back.checksums == "none"
    with h5py.File(tmp_path / "x.h5", "r") as f:
        assert list(f) == ["dask_arrays"]


def xxh3(data, seed):
    lib = ctypes.CDLL("libxxhash.so.0")
    lib.XXH3_64bits_withSeed.restype = ctypes.c_uint64
    lib.XXH3_64bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
    return lib.XXH3_64bits_withSeed(data, len(data), seed) or 1


@pytest.mark.parametrize("deflate", [0, 4])
def test_checksums_as_documented(probe, tmp_path, deflate):
    a = np.arange(35.0).reshape(5, 7)
    chunks = ((3, 2), (4, 3))
    probe.write(tmp_path / "x.h5", a, chunks, deflate=deflate, shuffle=deflate > 0)
    with h5py.File(tmp_path / "x.h5", "r") as f:
        d, sums = f["dask_arrays"], f["dask_arrays.checksums"]
        assert sums.dtype == "<u8" and sums.shape == (2, 2)
        assert sums.attrs["algorithm"] == b"xxh3_64, seeded with the chunk's number, 0 as 1"
        assert sums.attrs["stored_as"] == b"chunks (3, 4)" + b", shuffle, deflate 4" * (deflate > 0)
        for number, index in enumerate(np.ndindex(sums.shape)):
            stored = d.id.read_direct_chunk(tuple(i * c for i, c in zip(index, d.chunks)))[1]
            assert sums[index] == xxh3(stored, number)
        if not deflate:
            # The padding of chunks at the edge is zeros.
            last = np.frombuffer(d.id.read_direct_chunk((3, 4))[1]).reshape(3, 4)
            assert (last[:2, :3] == a[3:, 4:]).all() and (last[2] == 0).all() and (last[:, 3] == 0).all()


def test_other_names_and_groups(probe, tmp_path):
    a, b = some("<f8", (10,)), some("<i4", (4, 4))
    probe.write(tmp_path / "x.h5", a, ((4, 4, 2),), dataset="group/deep er/x")
    check_with_h5py(tmp_path / "x.h5", a, ((4, 4, 2),), "group/deep er/x")
    for name in ("group/deep er/x", "/group/deep er/x", "//group//deep er/x"):
        assert probe.read(tmp_path / "x.h5", name).same_as(a)
    with h5py.File(tmp_path / "y.h5", "w") as f:
        f["a"], f["g/b"] = a, b
        f["soft"], f["hard"], f["lost"] = h5py.SoftLink("/g/b"), f["a"], h5py.SoftLink("/nowhere")
        f["out"] = h5py.ExternalLink("x.h5", "group/deep er/x")
        f["type"] = np.dtype("<f8")
    assert probe.read(tmp_path / "y.h5", "g/b").same_as(b)
    assert probe.read(tmp_path / "y.h5", "soft").same_as(b)
    assert probe.read(tmp_path / "y.h5", "hard").same_as(a)
    assert probe.read(tmp_path / "y.h5", "out").same_as(a)
    assert probe.read(tmp_path / "y.h5", "out").checksums == "complete"
    for name, text in [("c", "there are a, g/, hard, lost, out, soft, type"), ("g/c", "there are b"),
                       ("g", "that is a group"), ("type", "something else"), ("lost", "is not there"), ("", "name"),
                       ("a/b", ""), ("g/b/c", "")]:
        with pytest.raises(ProbeError, match=text) as e:
            probe.read(tmp_path / "y.h5", name)
        assert e.value.code in (NOT_FOUND, CORRUPT) and str(tmp_path / "y.h5") in str(e.value)


def test_files_that_are_none(probe, tmp_path):
    with pytest.raises(ProbeError, match="there is no file") as e:
        probe.read(tmp_path / "none.h5")
    assert e.value.code == NOT_FOUND
    with pytest.raises(ProbeError, match="is a folder") as e:
        probe.read(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(ProbeError, match="is empty") as e:
        probe.read(tmp_path / "empty")
    assert e.value.code == CORRUPT
    (tmp_path / "text").write_text("text" * 1000)
    with pytest.raises(ProbeError, match="is not an HDF5 file") as e:
        probe.read(tmp_path / "text")
    assert e.value.code == CORRUPT
    with h5py.File(tmp_path / "nothing.h5", "w"):
        pass
    with pytest.raises(ProbeError, match="there is nothing in it"):
        probe.read(tmp_path / "nothing.h5")


# ------------------------------------------------------------------------------------ h5py's files

LAYOUTS = {
    "contiguous": {},
    "chunked": {"chunks": (3, 4)},
    "one chunk": {"chunks": (10, 7)},
    "resizable": {"chunks": (3, 4), "maxshape": (None, 7)},
    "resizable both": {"chunks": (3, 4), "maxshape": (None, None)},
    "may grow": {"chunks": (3, 4), "maxshape": (20, 9)},
    "longer chunks": {"chunks": (32, 16), "maxshape": (None, None)},
    "gzip": {"chunks": (3, 4), "compression": "gzip"},
    "gzip 9 shuffle": {"chunks": (3, 4), "compression": "gzip", "compression_opts": 9, "shuffle": True},
    "shuffle": {"chunks": (3, 4), "shuffle": True},
    "fletcher32": {"chunks": (3, 4), "fletcher32": True},
    "all": {"chunks": (3, 4), "compression": "gzip", "shuffle": True, "fletcher32": True, "maxshape": (None, None)},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("libver", ["earliest", "v110", "latest"])
def test_reads_h5py(probe, tmp_path, layout, libver):
    options = LAYOUTS[layout]
    arrays = {}
    with h5py.File(tmp_path / "x.h5", "w", libver=libver) as f:
        for i, dtype in enumerate(PLAIN + OPAQUE + STRUCTURED + STRUCTURED_OPAQUE):
            if dtype == ">c32":
                continue  # h5py writes another type
            a = arrays[str(i)] = some(dtype, (10, 7))
            f.create_dataset(str(i), a.shape, dtype=h5py_dtype(dtype), **options)[...] = a.view(h5py_dtype(dtype))
    for name, a in arrays.items():
        back = probe.read(tmp_path / "x.h5", name)
        assert back.same_as(a)
        assert back.checksums == "none"
        if "chunks" in options:
            assert back.chunks == back.logical == regular((10, 7), options["chunks"])


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}, {"fletcher32": True}, {"chunks": (3,)}], ids=str)
@pytest.mark.parametrize("value", [None, 0, 1.5])
def test_chunks_that_nobody_wrote(probe, tmp_path, libver, options, value):
    with h5py.File(tmp_path / "x.h5", "w", libver=libver) as f:
        d = f.create_dataset("x", (10,), "<f8", fillvalue=value, **{"chunks": (3,), **options})
        d[3:6] = [7, 8, 9]
        e = f.create_dataset("struct", (10,), [("a", "<i4"), ("b", "<f8")], fillvalue=np.array((1, 2.5), "i4,f8"),
                             chunks=(3,))
        expected, expected_struct = d[()], e[()]
    assert probe.read(tmp_path / "x.h5", "x").same_as(expected)
    assert probe.read(tmp_path / "x.h5", "struct").same_as(expected_struct)


def test_filters(probe, tmp_path):
    a = np.arange(1000, dtype="<i4").reshape(100, 10)
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f.create_dataset("scaleoffset", data=a, chunks=(30, 10), scaleoffset=0)
        f.create_dataset("szip", data=a, chunks=(30, 10), compression="szip")
        f.create_dataset("lzf", data=a, chunks=(30, 10), compression="lzf")
        f.create_dataset("contiguous", data=a)
    assert probe.read(tmp_path / "x.h5", "scaleoffset").same_as(a)
    assert probe.read(tmp_path / "x.h5", "szip").same_as(a)
    assert probe.read(tmp_path / "x.h5", "szip").filters == ["szip"]
    try:
        assert probe.read(tmp_path / "x.h5", "lzf").same_as(a)
    except ProbeError as e:
        assert e.code == UNSUPPORTED and "lzf (32000)" in str(e)


def test_contiguous_data_is_read_in_pieces(probe, tmp_path):
    a = np.arange(5_000_000, dtype="<i8").reshape(5, 1000, 1000)
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["x"] = a
    back = probe.read(tmp_path / "x.h5", "x")
    assert hashlib.sha256(back.data).digest() == hashlib.sha256(a.tobytes()).digest()
    assert len(back.chunks[0]) in (3, 5) and back.chunks[2] == (1000,)


def test_other_layouts(probe, tmp_path):
    a = some("<f8", (10, 7))
    with h5py.File(tmp_path / "x.h5", "w", userblock_size=512) as f:
        f["contiguous"] = a
        f.create_dataset("chunked", data=a, chunks=(3, 4))
    with h5py.File(tmp_path / "z.h5", "w", userblock_size=1024, libver="latest") as f:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((3, 4))
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        d = h5py.h5d.create(f.id, b"early", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((10, 7)), plist)
        h5py.Dataset(d)[...] = a
        f.create_dataset("one", data=a, chunks=(10, 7))
    with h5py.File(tmp_path / "y.h5", "w") as f:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        d = h5py.h5d.create(f.id, b"compact", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((10, 7)), plist)
        h5py.Dataset(d)[...] = a
        f.create_dataset("external", data=a, external=[(str(tmp_path / "raw"), 0, h5py.h5f.UNLIMITED)])
        layout = h5py.VirtualLayout((20, 7), "<f8")
        layout[:10] = h5py.VirtualSource(str(tmp_path / "x.h5"), "chunked", (10, 7))
        f.create_virtual_dataset("virtual", layout, fillvalue=-1)
    for file, name in [("x.h5", "contiguous"), ("x.h5", "chunked"), ("z.h5", "early"), ("z.h5", "one"),
                       ("y.h5", "compact"), ("y.h5", "external")]:
        assert probe.read(tmp_path / file, name).same_as(a)
    assert probe.read(tmp_path / "y.h5", "virtual").same_as(np.concatenate([a, np.full((10, 7), -1.0)]))


def test_grown_and_early(probe, tmp_path):
    """Early allocation without filters, whose shape may grow: the chunks are counted along what it may become."""
    for libver in ("earliest", "latest"):
        for most in ((10, 7), (20, 9), (None, 7), (None, None)):
            a = some("<f8", (10, 7))
            with h5py.File(tmp_path / "x.h5", "w", libver=libver) as f:
                plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                plist.set_chunk((3, 4))
                plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                space = h5py.h5s.create_simple((10, 7), tuple(h5py.h5s.UNLIMITED if n is None else n for n in most))
                h5py.Dataset(h5py.h5d.create(f.id, b"x", h5py.h5t.IEEE_F64LE, space, plist))[...] = a
            assert probe.read(tmp_path / "x.h5", "x").same_as(a)


def test_types_that_need_a_conversion(probe, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as f:
        # Twelve bits in two bytes.
        t = h5py.h5t.STD_I16LE.copy()
        t.set_precision(12)
        t.set_offset(2)
        d = h5py.h5d.create(f.id, b"i12", t, h5py.h5s.create_simple((5,)))
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, -2, 3, -2048, 2047], "<i2"))
        # bfloat16
        t = h5py.h5t.IEEE_F32LE.copy()
        t.set_fields(15, 7, 8, 0, 7)
        t.set_size(2)
        t.set_ebias(127)
        d = h5py.h5d.create(f.id, b"bf16", t, h5py.h5s.create_simple((3,)))
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, -2.5, 1e30], "<f4"))
        expected = h5py.Dataset(d)[()]
        for name, pad in [(b"nullterm", h5py.h5t.STR_NULLTERM), (b"space", h5py.h5t.STR_SPACEPAD)]:
            t = h5py.h5t.C_S1.copy()
            t.set_size(6)
            t.set_strpad(pad)
            d = h5py.h5d.create(f.id, name, t, h5py.h5s.create_simple((2,)))
            m = h5py.h5t.C_S1.copy()
            m.set_size(6)
            m.set_strpad(h5py.h5t.STR_NULLPAD)
            d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"abc", b"de"], "S6"), m)
        f.create_dataset("enum", data=np.array([1, 2, 1], "<i4"), dtype=h5py.enum_dtype({"A": 1, "B": 2}, "<i4"))
        f.create_dataset("bool in 2", data=np.array([1, 0], "<i2"),
                         dtype=h5py.enum_dtype({"FALSE": 0, "TRUE": 1}, "<i2"))
        f.create_dataset("sub", data=np.arange(24, dtype="<i2").reshape(2, 3, 4), dtype="<i2")
        f.create_dataset("array type", (2,), np.dtype(("<i2", (3, 4))))[...] = np.arange(24).reshape(2, 3, 4)
        f.create_dataset("chunked array type", (5,), np.dtype(("<i2", (3,))), chunks=(2,), compression="gzip")[...] = (
            np.arange(15).reshape(5, 3))
        utf8 = np.array([b"a", "ä".encode()], h5py.string_dtype("utf-8", 2))
        f.create_dataset("utf8", data=utf8)
        f["tag"] = np.zeros(3, "V4")
    path = tmp_path / "x.h5"
    assert probe.read(path, "utf8").same_as(utf8.astype("S2"))
    assert probe.read(path, "i12").same_as(np.array([1, -2, 3, -2048, 2047], "<i2"))
    assert probe.read(path, "bf16").same_as(expected.astype("<f4"))
    assert probe.read(path, "nullterm").same_as(np.array([b"abc", b"de"], "S6"))
    assert probe.read(path, "space").same_as(np.array([b"abc", b"de"], "S6"))
    assert probe.read(path, "enum").same_as(np.array([1, 2, 1], "<i4"))
    assert probe.read(path, "bool in 2").same_as(np.array([1, 0], "<i2"))
    assert probe.read(path, "array type").same_as(np.arange(24, dtype="<i2").reshape(2, 3, 4))
    assert probe.read(path, "chunked array type").same_as(np.arange(15, dtype="<i2").reshape(5, 3))
    assert probe.read(path, "chunked array type").chunks == ((2, 2, 1), (3,))


def test_types_without_a_counterpart(probe, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["vlen str"] = "text"
        f.create_dataset("vlen", (3,), h5py.vlen_dtype("<i4"))
        f.create_dataset("ref", (3,), h5py.ref_dtype)
        f.create_dataset("regref", (3,), h5py.regionref_dtype)
        f.create_dataset("in struct", (3,), np.dtype([("a", "<i4"), ("b", h5py.string_dtype())]))
        f.create_dataset("null", data=h5py.Empty("<f8"))
        t = h5py.h5t.STD_I32LE.copy()
        t.set_size(3)
        h5py.h5d.create(f.id, b"i3", t, h5py.h5s.create_simple((5,)))
    for name in ("vlen str", "vlen", "ref", "regref", "in struct", "null", "i3"):
        with pytest.raises(ProbeError) as e:
            probe.read(tmp_path / "x.h5", name)
        assert e.value.code == UNSUPPORTED, name
        assert f"dataset {name}" in str(e.value)


def test_huge_claims(probe, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w", libver="latest") as f:
        f.create_dataset("sparse", (1 << 60,), "<f8", chunks=(1000,))
        f.create_dataset("flat", (1 << 60,), "<f8")
        f.create_dataset("deflated", (1 << 60,), "<f8", chunks=(1000,), compression="gzip")
        f.create_dataset("2-d", (1 << 30, 1 << 29), "<f8", chunks=(1, 1))
        f.create_dataset("empty", (1 << 40, 0), "<f8", chunks=(1, 1), maxshape=(None, None))
        f.create_dataset("big chunk", (1,), "u1", chunks=((1 << 32) - 1,), maxshape=(None,))
    for name in ("sparse", "flat", "deflated", "2-d"):
        with pytest.raises(ProbeError) as e:
            probe.read(tmp_path / "x.h5", name)
        assert e.value.code in (CORRUPT, UNSUPPORTED), (name, str(e.value))
    assert probe.read(tmp_path / "x.h5", "empty").shape == (1 << 40, 0)
    assert probe.read(tmp_path / "x.h5", "big chunk").same_as(np.zeros(1, "u1"))


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}, {"fletcher32": True}], ids=str)
def test_wrong_size_of_a_chunk(probe, tmp_path, options):
    """The old B-tree says a size for each chunk, and has no checksum; the library believes it."""
    a = np.arange(70.0).reshape(10, 7)
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f.create_dataset("x", data=a, chunks=(3, 4), **options)
    good = (tmp_path / "x.h5").read_bytes()
    at = good.index(b"TREE\x01") + 24
    for size in (0, 1, 95, 97, 5000, 1 << 31, (1 << 32) - 1):
        (tmp_path / "x.h5").write_bytes(good[:at] + size.to_bytes(4, "little") + good[at + 4:])
        try:  # zlib knows where its stream ends
            assert probe.read(tmp_path / "x.h5", "x").same_as(a) and "compression" in options
        except ProbeError as e:
            assert e.code == CORRUPT, str(e)


def test_rewritten_by_another_program(probe, tmp_path):
    """Checksums copied along with data that is stored in another way now are of no use, and not used."""
    a = some("<f8", (10, 7))
    probe.write(tmp_path / "x.h5", a, ((3, 3, 3, 1), (4, 3)))
    with h5py.File(tmp_path / "x.h5") as f, h5py.File(tmp_path / "y.h5", "w") as g:
        g.create_dataset("dask_arrays", data=f["dask_arrays"][()], chunks=(3, 4), compression="gzip")
        f.copy("dask_arrays.checksums", g)
        f.copy("dask_arrays", g, "same")
        f.copy("dask_arrays.checksums", g, "same.checksums")
    back = probe.read(tmp_path / "y.h5")
    assert back.same_as(a) and back.checksums == "none"
    back = probe.read(tmp_path / "y.h5", "same")
    assert back.same_as(a) and back.checksums == "complete"


def test_changed_by_another_program(probe, tmp_path):
    a = some("<f8", (10, 7))
    probe.write(tmp_path / "x.h5", a, ((3, 3, 3, 1), (4, 3)))
    with h5py.File(tmp_path / "x.h5", "r+") as f:
        f["dask_arrays"][4, 5] = 1
    with pytest.raises(ProbeError, match=r"chunk \(1, 1\): its bytes are not those that were written") as e:
        probe.read(tmp_path / "x.h5")
    assert e.value.code == CORRUPT
    with h5py.File(tmp_path / "x.h5", "r+") as f:
        del f["dask_arrays.checksums"]
        a = f["dask_arrays"][()]
    assert probe.read(tmp_path / "x.h5").same_as(a)


# ----------------------------------------------------------------------------- the original's files


def golden_arrays():
    manifest = json.loads((GOLDEN / "manifest.json").read_text())
    for entry in manifest["entries"]:
        if entry["storage"] != "file" or not entry.get("persistent_ids"):
            continue
        found = []

        def walk(x):
            if isinstance(x, dict):
                if x.get("t") == "dask.array":
                    found.append(x)
                    return
                x = x.values()
            if isinstance(x, (list, type({}.values()))):
                for part in x:
                    walk(part)

        walk(entry["expected"])
        yield entry, found


def test_golden(probe):
    count = 0
    for entry, arrays in golden_arrays():
        ids = [filename for _, (_, filename) in entry["persistent_ids"]]
        assert len(ids) == len(arrays), entry["task"]
        for name, expected in zip(ids, arrays):
            back = probe.read(GOLDEN / "file" / entry["workflow"] / "bigdata" / name)
            value = expected["value"]
            assert list(back.shape) == value["shape"]
            assert hashlib.sha256(back.data).hexdigest() == value["c_order_sha256"], entry["task"]
            if "c_order_b64" in value:
                assert base64.b64decode(value["c_order_b64"]) == back.data
            assert [max(axis) for axis in back.chunks] == expected["chunksize_stored"]
            assert back.checksums == "none"
            count += 1
    assert count > 30


def test_golden_every_file(probe):
    for path in (GOLDEN / "file" / "dask_p4" / "bigdata").iterdir():
        with h5py.File(path, "r") as f:
            a = f["dask_arrays"][()]
        assert probe.read(path).same_as(a)
