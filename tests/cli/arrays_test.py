"""The command line on chunked arrays: show, export, verify, cp. numpy and h5py say what is right."""

import json
import math
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import zlib

import h5py
import numpy as np
import pytest
from cli_test import CLI, ENVIRONMENT, SANITIZED, Reader, decoded, failure, run, run_json, save

GOLDEN = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_DATA"]) / "golden" / "file"
SAVE_ARRAYS = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_PROGRAMS"]) / "save_arrays"


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    path = tmp_path_factory.mktemp("arrays") / "storage"
    for task in ("wave", "packed", "nested", "dtypes"):
        subprocess.run([SAVE_ARRAYS, path, "w", task], check=True)
    return path


class H5Reader(Reader):
    """Arrays beside the pickle as h5py reads them."""

    def persistent_load(self, pid):
        name, (version, filename) = pid
        assert (name, version) == ("HDFSerializer", "0.0.0")
        with h5py.File(self.folder / "bigdata" / filename, "r") as file:
            return file["dask_arrays"][()]


def truth(storage, workflow, task):
    with open(storage / workflow / task, "rb") as file:
        return H5Reader(file, storage / workflow).load()


def object_of(storage, workflow, task):
    """The file of a task that is one array."""
    names = []

    class Names(Reader):
        def persistent_load(self, pid):
            names.append(pid[1][1])

    with open(storage / workflow / task, "rb") as file:
        Names(file, None).load()
    assert len(names) == 1
    return storage / workflow / "bigdata" / names[0]


def golden_arrays():
    """Tasks that are one array."""
    for path in sorted((GOLDEN / "dask_p4").iterdir()):
        if path.is_file() and path.stat().st_size == 100:
            yield path.name


def exported(tmp_path, storage, workflow, task, *options):
    """What numpy.load makes of it, from a file that is byte for byte what numpy.save writes."""
    file = tmp_path / "x.npy"
    file.unlink(missing_ok=True)
    run("export", storage, workflow, task, "--to", file, *options)
    array = np.load(file)
    again = tmp_path / "again.npy"
    np.save(again, array)
    assert file.read_bytes() == again.read_bytes()
    return array


def assert_equal(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape)
    if a.dtype.names:
        for name in a.dtype.names:
            assert_equal(a[name], b[name])
    elif a.dtype.kind == "f" and a.dtype.itemsize == 16 or a.dtype.kind == "c" and a.dtype.itemsize == 32:
        np.testing.assert_array_equal(a, b)  # six bytes of each say nothing
    else:
        assert a.tobytes() == b.tobytes()


# --- show ----------------------------------------------------------------------------------------


def test_show_says_what_an_array_is(storage):
    text = run("show", storage, "w", "wave").out
    name = object_of(storage, "w", "wave").name
    head, _, body = text.partition("\n\n")
    assert head.startswith("wave  100 bytes")
    assert body.startswith(
        "chunked array float64 (300, 500), 1.1 MiB:\n"
        "  chunks     ((128, 128, 44), (200, 200, 100)), 9 of up to 200.0 KiB\n"
        f"  stored     1.8 MiB in bigdata/{name}, no filter\n"
        "  checksums  checked by XXH3\n"
        "  [[0.        , 0.03998933, 0.07991469, ..., 0.85752752, 0.87741363,\n"
    )
    array = truth(storage, "w", "wave")
    facts = f"min {np.nanmin(array):.7g}, max {np.nanmax(array):.7g}, mean {np.nanmean(array):.7g}, NaN 2809 of 150000"
    assert body.endswith(f"  {facts}\n")
    # The elements are those that numpy shows of the whole.
    shown = [line.strip() for line in body.splitlines()[4:-1]]
    with np.printoptions(threshold=100):
        assert shown == [line.strip() for line in np.array2string(array, separator=", ").splitlines()]
    text = run("show", storage, "w", "wave", "--no-statistics").out
    assert "min" not in text and "checked by XXH3" in text and "0.03998933" in text
    text = run("show", storage, "w", "packed").out
    assert ", shuffle, deflate 4\n" in text and facts in text


def test_show_says_who_wrote_an_array(storage):
    text = run("show", GOLDEN, "dask_p4", "d2_uneven").out
    assert "  checksums  none, as h5py writes it\n" in text
    assert "  chunks     ((3, 2), (4, 3)), 4 of up to 48 bytes\n" in text
    assert "  min 0, max 34, mean 17\n" in text


def test_show_arrays_in_their_places(storage):
    text = run("show", storage, "w", "nested").out
    assert "dict of 3:\n  'frames': list of 2:\n    [0]: chunked array float64 (300, 500), 1.1 MiB:\n      chunks" in text
    assert "\n    [1]: chunked array float64 (3, 500), 11.7 KiB:\n" in text
    assert "\n  'n': 2\n  'weights': ndarray float64 (2,), 16 bytes: [0.5 , 0.25]" in text
    for task, places in {"nest_deep": ["'a'", "'b'"], "nest_tuple": [], "two_dict": ["'x'"]}.items():
        text = run("show", GOLDEN, "dask_p4", task).out
        assert "chunked array int64 (10,), 80 bytes:\n" in text and all(place in text for place in places)
    text = run("show", storage, "w", "dtypes").out
    assert "'<U2': chunked array <U2 (5,), 40 bytes:" in text and "['aé', 'bc', 'Ωd', 'ef', 'gh']" in text
    assert "x: float32, min 1.53999e-36, max 2.988174, mean" in text and "n: int16 (2,), min 2055" in text
    assert "'empty': chunked array float64 (0, 3), 0 bytes:" in text


def test_ls_says_what_arrays_are(storage):
    tasks = {t["name"]: t for t in run_json("ls", storage, "w")["tasks"]}
    assert tasks["wave"]["kind"] == "chunked array float64 (300, 500), 1.8 MiB"
    assert tasks["wave"]["type"] == "dask.array.core.Array"
    assert tasks["nested"]["kind"] == "dict of 3"


def statistics(array):
    known = array[array == array]
    facts = {"count": array.size}
    if array.dtype.kind == "b":
        return facts | {"true": int(array.sum())}
    if array.dtype.kind in "iu":
        facts |= {"min": int(array.min()), "max": int(array.max())}
    elif known.size:
        facts |= {"min": float(known.min()), "max": float(known.max())}
    if known.size:
        facts["mean"] = pytest.approx(float(known.mean(dtype="g")), rel=1e-12)
    if array.dtype.kind == "f":
        facts["nan"] = array.size - known.size
    return facts


def as_number(value):
    return float(value["float"]) if isinstance(value, dict) else value


@pytest.mark.filterwarnings("ignore:invalid value")  # the mean of infinities
@pytest.mark.parametrize("task", golden_arrays())
def test_show_json(task):
    kept = run_json("show", GOLDEN, "dask_p4", task)["persistent"]
    assert kept["filename"] == object_of(GOLDEN, "dask_p4", task).name
    described, array = kept["array"], truth(GOLDEN, "dask_p4", task)
    assert described["shape"] == list(array.shape) and described["bytes"] == array.nbytes
    assert [sum(axis) for axis in described["chunks"]] == list(array.shape)
    assert described["checksums"] is None and described["filters"] == []
    if array.dtype.names is None:
        assert np.dtype(described["dtype"]) == array.dtype
    if array.dtype.kind in "biuf":
        shown = {key: as_number(value) for key, value in described["statistics"].items()}
        expected = statistics(array)
        if math.isinf(expected.get("max", 0)):  # its mean is no number
            assert math.isnan(shown.pop("mean")) and expected.pop("mean") is not None
        assert shown == expected
    elif array.dtype.names is None:
        assert "statistics" not in described
    assert "statistics" not in run_json("show", GOLDEN, "dask_p4", task, "--no-statistics")["persistent"]["array"]


def test_show_json_of_more_dtypes(storage):
    pairs = run_json("show", storage, "w", "dtypes")["dict"]  # "scalar" is a tag
    shown = {key: item["persistent"]["array"] for key, item in pairs}
    assert shown["<f4"]["checksums"] == "xxh3"
    assert shown["<i2"]["statistics"] == {"count": 20, "min": 513, "max": 10279, "mean": 5396.0}
    assert shown[">m8[ms]"]["statistics"]["nat"] == 0 and "min" in shown["<M8[s]"]["statistics"]
    assert set(shown["point"]["statistics"]) == {"x", "y", "n"}
    assert shown["point"]["statistics"]["n"]["count"] == 14
    assert shown["empty"]["statistics"] == {"count": 0, "nan": 0}
    assert shown["gaps"]["descr"]["itemsize"] == 24


# --- slices and items ----------------------------------------------------------------------------

SLICES_3D = (
    ["0", "-1", "1, 2", "1, 2, 3", "-4, -5, -6", ":", "::2", "::-1", "1:3", "-2:", ":-1", "3:1", "5:100", "...", "..., 0"]
    + ["0, ..., 1", ":, 1", ":, ::2, -1", "0, ::2, -1", "::-2, ::-3, ::-1", "1:2, 2, ...", "None, 0", "..., None, 0"]
    + [":, None, 1", "newaxis", "[0, 1]", "[ 1:3 ]", " 0 ,1 ", "+1", "1:-1:2, 4:0:-2", "0,", "-100:100:3", ""]
)


@pytest.mark.parametrize("index", SLICES_3D)
@pytest.mark.parametrize("where", ["beside", "pickled"])
def test_slices_are_numpys(tmp_path, index, where):
    array = truth(GOLDEN, "dask_p4", "d3_uneven")
    text = index.strip()
    text = text[1:-1] if text.startswith("[") else text
    expected = array[eval(f"np.index_exp[{text}]", {"np": np, "newaxis": None})] if text else array
    source = GOLDEN, "dask_p4", "d3_uneven"
    if where == "pickled":
        save(tmp_path / "s", "w", "t", np.asfortranarray(array))
        source = tmp_path / "s", "w", "t"
    got = exported(tmp_path, *source, "--slice", index)
    assert_equal(got, np.asarray(expected))
    if index:
        shown = decoded(run("show", *source, "--slice", index, "--json").out)
        np.testing.assert_array_equal(shown, expected)


@pytest.mark.parametrize(
    "index, expected",
    [
        ("x", 'at character 1 ("x"): expected a whole number, a slice start:stop:step, ... or None'),
        ("0, 1, y", 'at character 7 ("y"): expected a whole number'),
        ("0 1", 'at character 3 ("1"): expected a comma'),
        ("0, 1, 2, 3", 'at character 10 ("3"): too many indices: the array has shape (4, 5, 6)'),
        ("4", "index 4 is out of bounds for axis 0 with size 4"),
        ("0, -6", 'at character 4 ("-6"): index -6 is out of bounds for axis 1 with size 5'),
        ("::0", "the step of a slice can't be 0"),
        ("1.5", "an index is a whole number"),
        ("..., ...", 'at character 6 ("..."): a second ...'),
        ("[0", "at character 3, its end: expected ]"),
        ("[0 1", "expected a comma or ]"),
        ("[0] 1", "expected nothing more"),
        ("1:2:3:4", "expected a whole number, a colon or a comma"),
        ("99999999999999999999", "a number beyond 64 bits"),
        ("0,,1", 'at character 3 (",1"): expected'),
    ],
)
def test_wrong_slices_say_where(index, expected):
    assert expected in failure("show", GOLDEN, "dask_p4", "d3_uneven", "--slice", index, status=2)


def test_show_of_a_slice(storage):
    text = run("show", storage, "w", "wave", "--slice", "0, ::100").out
    array = truth(storage, "w", "wave")[0, ::100]
    assert "\n\n[0, ::100]: array float64 (5,), 40 bytes:\n" in text
    assert f"  {np.array2string(array, separator=', ')}\n" in text and f"mean {array.mean():.7g}\n" in text
    assert "['frames'][1][0, 3]: array float64 (), 8 bytes:\n" in run(
        "show", storage, "w", "nested", "--item", "frames.1", "--slice", "0, 3"
    ).out
    error = failure("show", storage, "w", "wave", "--slice", ":", "--json", "--memory-limit", "1MB", status=2)
    assert "more than the limit" in error and "--memory-limit" in error


def test_show_all_of_an_array(storage):
    text = run("show", storage, "w", "wave", "--slice", "0", "--all").out
    assert "..." not in text and "0.89589606]" in text
    text = run("show", storage, "w", "wave", "--all", "--memory-limit", "1MB").out
    assert "(cut, as it is larger than the memory limit of 976.6 KiB; functionfuse export" in text


def test_items(storage, tmp_path):
    value = {"a": [1, {"b c": np.arange(3)}], 5: "five", "it's": (1, 2), "nan": np.zeros(2), "é\n": 7}
    save(tmp_path / "s", "w", "t", value)

    def item(path):
        return decoded(run("show", tmp_path / "s", "w", "t", "--json", "--item", path).out)

    assert item("['a'][0]") == item("a[0]") == item("a.0") == item(".a[-2]") == 1
    assert list(item("['a'][1]['b c']")) == [0, 1, 2]
    assert item("[5]") == item("5") == "five"
    assert item('["it\'s"]') == item("['it\\'s']") == item("it's") == (1, 2)
    assert item("['é\\n']") == item("['\\xe9\\n']") == 7
    assert "\n\n['a'][1]: dict of 1:" in run("show", tmp_path / "s", "w", "t", "--item", "a.1").out
    for path, status, expected in [
        ("['b']", 1, "the result, dict of 5, has no ['b']"),
        ("nam", 1, "has no .nam; did you mean \"['nan']\"?"),
        ("a[2]", 1, "['a'], list of 2, has no [2]: it has [0] to [1]"),
        ("a[0].x", 1, "['a'][0], int, has no .x, and no parts at all"),
        ("nan[0]", 2, "['nan'] is an array, whose elements --slice chooses"),
        ("a[", 2, "at character 3: expected ]"),
        ("a[']", 2, "expected '"),
        ("['a'", 2, "at character 5: expected ]"),
        ("a..b", 2, "at character 3: expected a name"),
        ("a[0]b", 2, "at character 5: expected [ or ."),
        (r"['\q']", 2, "expected one of"),
    ]:
        assert expected in failure("show", tmp_path / "s", "w", "t", "--item", path, status=status)
    error = failure("show", tmp_path / "s", "w", "t", "--slice", "0", status=1)
    assert "has 2 arrays: choose one with --item\n" in error
    assert "--item \"['a'][1]['b c']\"    ndarray int64 (3,)" in error
    assert "has none in it" in failure("show", tmp_path / "s", "w", "t", "--item", "a.0", "--slice", "0", status=1)
    field = decoded(run("show", storage, "w", "dtypes", "--json", "--item", "['point']['n']").out)
    assert_equal(field, np.ascontiguousarray(truth(storage, "w", "dtypes")["point"]["n"]))
    assert 'no field "m"; did you mean' in failure("show", storage, "w", "dtypes", "--item", "point.m", status=1)


# --- export --------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", golden_arrays())
def test_export_npy_of_golden_arrays(tmp_path, task):
    assert_equal(exported(tmp_path, GOLDEN, "dask_p4", task), truth(GOLDEN, "dask_p4", task))


@pytest.mark.parametrize("key", ["<f4", ">f8", "<i2", ">u4", "|S3", "<M8[s]", ">m8[ms]", "|V5", "<c8", "<U2"])
def test_export_npy_of_more_dtypes(tmp_path, storage, key):
    array = exported(tmp_path, storage, "w", "dtypes", "--item", f"['{key}']")
    assert array.dtype.str == key
    assert_equal(array, truth(storage, "w", "dtypes")[key])


def test_export_npy_of_structured_and_odd_shapes(tmp_path, storage):
    for key in ("point", "scalar"):
        assert_equal(
            exported(tmp_path, storage, "w", "dtypes", "--item", key), np.asarray(truth(storage, "w", "dtypes")[key])
        )
    assert_equal(exported(tmp_path, storage, "w", "dtypes", "--item", "empty"), np.zeros((0, 3)))
    run("export", storage, "w", "dtypes", "--item", "gaps", "--to", tmp_path / "gaps.npy")
    gaps = np.load(tmp_path / "gaps.npy")  # what lies in the gaps is nobody's
    assert [gaps.dtype.fields[name][1] for name in "ab"] == [4, 8] and gaps.dtype.itemsize == 24
    assert_equal(gaps, truth(storage, "w", "dtypes")["gaps"])


PICKLED = {
    "fortran": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "strided": np.arange(100, dtype=">i4").reshape(10, 10)[::-2, 1::3],
    "zero_d": np.array(5, "u1"),
    "empty": np.zeros((3, 0, 2), "c16"),
    "bool": np.array([[True, False]]),
    "half": np.array([1.5, np.nan], "f2"),
    "long": np.array([1.5, 2.5], "g"),
    "text": np.array(["añ", "漢字"]),
    "times": np.array(["2020-01-01", "NaT"], "M8[25s]"),
    "structured": np.zeros(3, [("i", "<i4"), ("f", ">f8"), ("s", "S3"), ("sub", [("u", "U2")], (2, 1))]),
    "titles": np.zeros(2, [(("a title", "name"), "<i4")]),
    "latin_1": np.zeros(2, [("größe", "<i4")]),
    "beyond_latin_1": np.zeros(2, [("Ω", "<i4"), ("漢", "f8")]),
    "many_fields": np.zeros(2, [(f"field_{i:04}", "<i4") for i in range(4000)]),
    "scalar": np.float32(2.5),
    "large_fortran": np.asfortranarray(np.arange(700 * 800.0).reshape(700, 800)),
}


@pytest.mark.filterwarnings("ignore:Stored array in format")
@pytest.mark.parametrize("name", PICKLED)
def test_export_npy_of_arrays_in_the_pickle(tmp_path, name):
    array = PICKLED[name]
    save(tmp_path / "s", "w", "t", [1, {"x": array}])
    if name == "scalar":
        run("export", tmp_path / "s", "w", "t", "--item", "[1]['x']", "--to", tmp_path / "x.npy")
        return assert_equal(np.load(tmp_path / "x.npy"), np.asarray(array))
    run("export", tmp_path / "s", "w", "t", "--to", tmp_path / "x.npy")
    np.save(tmp_path / "y.npy", np.ascontiguousarray(array).reshape(array.shape))
    assert (tmp_path / "x.npy").read_bytes() == (tmp_path / "y.npy").read_bytes()
    loaded = np.load(tmp_path / "x.npy", allow_pickle=True)  # of a long header
    assert_equal(loaded, array.copy("C"))


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_export_of_other_objects(tmp_path):
    save(tmp_path / "s", "w", "matrix", np.matrix([[1, 2]]))
    assert_equal(exported(tmp_path, tmp_path / "s", "w", "matrix"), np.array([[1, 2]]))
    save(tmp_path / "s", "w", "masked", np.ma.masked_array([1, 2, 3], mask=[0, 1, 0]))
    out = run("export", tmp_path / "s", "w", "masked", "--to", tmp_path / "m.npy").out
    assert "masked 1 of 3: the mask is left out" in out
    save(tmp_path / "s", "w", "objects", np.array([1, "a"], dtype=object))
    assert "Python objects" in failure("export", tmp_path / "s", "w", "objects", "--to", tmp_path / "o.npy", status=1)
    overlapping = np.zeros(2, {"names": ["whole", "low"], "formats": ["<u4", "<u2"], "offsets": [0, 0]})
    save(tmp_path / "s", "w", "overlapping", overlapping)
    error = failure("export", tmp_path / "s", "w", "overlapping", "--to", tmp_path / "o.npy", status=1)
    assert "overlap" in error and not (tmp_path / "o.npy").exists()
    assert exported(tmp_path, tmp_path / "s", "w", "overlapping", "--item", "low").dtype == "<u2"


@pytest.mark.parametrize("task", golden_arrays())
def test_export_hdf5_of_golden_arrays(tmp_path, task):
    run("export", GOLDEN, "dask_p4", task, "--to", tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "r") as file:
        assert_equal(file["dask_arrays"][()], truth(GOLDEN, "dask_p4", task))


def test_export_hdf5_options(tmp_path, storage):
    wanted = ["--dataset", "group/wave", "--deflate", "4", "--shuffle", "--chunks", "100, 250"]
    report = run_json("export", storage, "w", "wave", "--to", tmp_path / "x.HDF5", *wanted)
    assert report == {
        "file": f"{tmp_path}/x.HDF5",
        "item": "",
        "dtype": "float64",
        "shape": [300, 500],
        "bytes": (tmp_path / "x.HDF5").stat().st_size,
    }
    with h5py.File(tmp_path / "x.HDF5", "r") as file:
        data = file["group/wave"]
        assert (data.chunks, data.compression, data.compression_opts, data.shuffle) == ((100, 250), "gzip", 4, True)
        assert_equal(data[()], truth(storage, "w", "wave"))
    run("export", storage, "w", "wave", "--to", tmp_path / "whole.h5", "--chunks", "(-1, 50)", "--slice", ":100")
    with h5py.File(tmp_path / "whole.h5", "r") as file:
        assert file["dask_arrays"].chunks == (100, 50)


def test_export_takes_care_of_files(tmp_path, storage):
    out = run("export", storage, "w", "nested", "--item", "frames.1", "--to", tmp_path / "x.npy").out
    assert out == f"{tmp_path}/x.npy: ['frames'][1], float64 (3, 500), 11.8 KiB\n"
    before = (tmp_path / "x.npy").read_bytes()
    arguments = ["export", storage, "w", "wave", "--to", tmp_path / "x.npy"]
    assert "is there already: --force replaces it" in failure(*arguments, status=1)
    assert (tmp_path / "x.npy").read_bytes() == before
    run(*arguments, "--force")
    assert np.load(tmp_path / "x.npy").shape == (300, 500)
    for to, expected in [
        ("x.npz", 'says no format; did you mean ".npy"?'),
        ("x.h6", 'did you mean ".h5"?'),
        ("x.txt", "name a file .npy, .h5 or .png"),
        ("x", "name a file .npy, .h5 or .png"),
        (storage / "w" / "y.npy", "lies within the storage"),
    ]:
        assert expected in failure("export", storage, "w", "wave", "--to", to, status=2, cwd=tmp_path)
    assert "--to FILE is missing" in failure("export", storage, "w", "wave", status=2)
    assert "there is no folder" in failure("export", storage, "w", "wave", "--to", tmp_path / "no" / "x.npy", status=1)
    (tmp_path / "folder.npy").mkdir()
    assert "is a folder" in failure("export", storage, "w", "wave", "--to", tmp_path / "folder.npy", status=2)
    for options, expected in [
        (["--to", "y.npy", "--deflate", "3"], "--deflate is an option of .h5 files, and --to says .npy"),
        (["--to", "y.h5", "--cmap", "gray"], "--cmap is an option of .png files"),
        (["--to", "y.h5", "--deflate", "12"], "1 (fast) to 9 (small)"),
        (["--to", "y.h5", "--chunks", "0,5"], "a length for each axis"),
        (["--to", "y.png", "--cmap", "viridos"], 'did you mean "viridis"?'),
        (["--to", "y.png", "--vmin", "low"], "write a number"),
        (["--to", "y.png", "--vmin=1", "--vmax=-1"], "--vmin has to be below --vmax"),
        (["--to", "y.npy", "--memory-limit", "lots"], "is no size"),
        (["--to", "y.npy", "--slise", "0"], 'there is no option --slise; did you mean "--slice"?'),
    ]:
        assert expected in failure("export", storage, "w", "wave", *options, status=2, cwd=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.npy", "x.npy"]


# --- pictures ------------------------------------------------------------------------------------


def pixels_of(file):
    """An 8-bit RGB PNG as an array (height, width, 3)."""
    data = file.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, header = 8, b"", None
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + content) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        header = struct.unpack(">IIBBBBB", content) if kind == b"IHDR" else header
        packed += content if kind == b"IDAT" else b""
        at += 12 + length
    width, height = header[:2]
    assert header[2:] == (8, 2, 0, 0, 0)
    raw, step = zlib.decompress(packed), 1 + 3 * width
    assert len(raw) == height * step
    above, lines = bytes(3 * width), []
    for y in range(height):
        above = unfiltered(raw[y * step], bytearray(raw[y * step + 1 : (y + 1) * step]), above)
        lines.append(above)
    return np.frombuffer(b"".join(lines), "u1").reshape(height, width, 3)


def unfiltered(how, line, above):
    """PNG (third edition), 9.2: a row of RGB as it was before it was filtered."""
    if how == 1:
        for i in range(3, len(line)):
            line[i] = (line[i] + line[i - 3]) & 255
    elif how == 2:
        line[:] = (np.frombuffer(line, "u1") + np.frombuffer(above, "u1")).tobytes()
    elif how == 3:
        for i in range(len(line)):
            left = line[i - 3] if i >= 3 else 0
            line[i] = (line[i] + (left + above[i]) // 2) & 255
    elif how == 4:
        for i in range(len(line)):
            a, b, c = (line[i - 3], above[i], above[i - 3]) if i >= 3 else (0, above[i], 0)
            p, q, r = abs(b - c), abs(a - c), abs(a + b - 2 * c)
            line[i] = (line[i] + (a if p <= q and p <= r else b if q <= r else c)) & 255
    return bytes(line)


def draw(tmp_path, array, *options):
    """(the dots of the picture of an array as RGB, what was said about it)"""
    save(tmp_path / "p", "w", "t", array)
    file = tmp_path / "p.png"
    file.unlink(missing_ok=True)
    report = run_json("export", tmp_path / "p", "w", "t", "--to", file, *options)
    pixels = pixels_of(file)
    assert pixels.shape == (report["height"], report["width"], 3)
    assert (pixels[0] == 255).all() and (pixels[-1] == 255).all()  # a white margin
    return pixels, report


MARGIN = 12
VIRIDIS = {0: "440154", 0.2: "414487", 0.4: "2A788E", 0.6: "22A884", 0.8: "7AD151", 1: "FDE725"}
MAGMA = {0: "000004", 0.2: "3B0F70", 0.4: "8C2981", 0.6: "DE4968", 0.8: "FE9F6D", 1: "FCFDBF"}
GRAY = {0: "000000", 0.2: "333333", 0.4: "666666", 0.6: "999999", 0.8: "CCCCCC", 1: "FFFFFF"}


@pytest.mark.parametrize("name, colours", [("viridis", VIRIDIS), ("magma", MAGMA), ("gray", GRAY)])
def test_pictures_have_the_colours_of_the_map(tmp_path, name, colours):
    pixels, report = draw(tmp_path, np.array([list(colours)]), "--cmap", name)
    dots = pixels[MARGIN + 5, MARGIN + 40 : MARGIN + 6 * 67 : 67]
    expected = [list(bytes.fromhex(colour)) for colour in colours.values()]
    assert np.abs(dots.astype(int) - expected).max() <= 6
    assert (report["vmin"], report["vmax"], report["has_nan"]) == (0, 1, False)


def test_pictures_of_small_arrays_are_enlarged(tmp_path):
    array = np.arange(12.0).reshape(3, 4)
    pixels, report = draw(tmp_path, array)
    assert report["block"] == [1, 1] and pixels.shape[0] == 3 * 100 + 2 * MARGIN
    dots = pixels[MARGIN : MARGIN + 300, MARGIN : MARGIN + 400].reshape(3, 100, 4, 100, 3)
    assert (dots == dots[:, :1, :, :1]).all()  # whole dots, no blending
    lightness = dots[:, 0, :, 0].astype(int).sum(axis=-1)
    assert (np.diff(lightness.ravel()) > 0).all()  # axis 0 goes down, axis 1 to the right
    pixels, report = draw(tmp_path, np.arange(500.0)[None])
    assert pixels.shape[0] == 64 + 2 * MARGIN  # one row is no thread


def test_pictures_show_nan_apart(tmp_path):
    array = np.array([[0.0, np.nan], [np.inf, 1.0], [-np.inf, 0.5]])
    pixels, report = draw(tmp_path, array)
    assert report["has_nan"] and (report["vmin"], report["vmax"]) == (0, 1)
    size = 134
    dots = pixels[MARGIN + 50 : MARGIN + 3 * size : size, MARGIN + 50 : MARGIN + 2 * size : size].astype(int)
    assert (dots[0, 1] == 190).all()
    assert (dots[1, 0] == dots[1, 1]).all() and (dots[2, 0] == dots[0, 0]).all()  # the ends
    assert len({tuple(c) for c in pixels.reshape(-1, 3).tolist()} & {(190, 190, 190)}) == 1
    pixels, _ = draw(tmp_path, array, "--cmap", "gray")
    assert len(set(pixels[MARGIN + 50, MARGIN + 50 + size].tolist())) > 1  # not a grey
    draw(tmp_path, np.full((5, 5), np.nan))


def test_pictures_of_any_real_numbers(tmp_path):
    square = np.arange(9).reshape(3, 3)
    plain, _ = draw(tmp_path, square.astype("f8"))
    for dtype in ("i1", ">u2", "i8", "f2", ">f4", "g"):
        assert (draw(tmp_path, square.astype(dtype))[0] == plain).all()
    _, report = draw(tmp_path, square > 4)
    assert (report["vmin"], report["vmax"]) == (0, 1)
    _, report = draw(tmp_path, np.full((3, 3), 7))
    assert report["vmin"] == report["vmax"] == 7
    pixels, report = draw(tmp_path, square, "--vmin=2", "--vmax", "4")
    assert (report["vmin"], report["vmax"]) == (2, 4)
    size = 134
    dots = pixels[MARGIN + 50 : MARGIN + 3 * size : size, MARGIN + 50 : MARGIN + 3 * size : size].reshape(9, 3)
    assert (dots[:3] == dots[0]).all() and (dots[4:] == dots[8]).all()
    _, report = draw(tmp_path, np.array([[1e308, -1e308]]))
    assert report["vmax"] == 1e308


def test_pictures_of_large_arrays_are_means_of_blocks(tmp_path):
    rng = np.random.default_rng(1)
    array = rng.normal(size=(4100, 2050)).astype("f4")
    array[:30, :30] = np.nan
    pixels, report = draw(tmp_path, array, "--cmap", "gray", "--vmin=-4", "--vmax=4")
    assert report["block"] == [3, 3] and report["has_nan"]
    padded = np.full((4101, 2052), np.nan)
    padded[:4100, :2050] = array
    with np.errstate(all="ignore"):
        blocks = padded.reshape(1367, 3, 684, 3)
        count = (~np.isnan(blocks)).sum(axis=(1, 3))
        means = np.nansum(blocks, axis=(1, 3)) / count
    dots = pixels[MARGIN : MARGIN + 1367, MARGIN : MARGIN + 684].astype(int)
    known = count > 0
    expected = np.clip(np.floor((means + 4) / 8 * 256), 0, 255)
    assert np.abs(dots[known] - expected[known][:, None]).max() <= 1
    assert (dots[~known] == [200, 90, 90]).all()
    # Within a small limit there are fewer, larger blocks.
    _, report = draw(tmp_path, array, "--memory-limit", "4MB")
    assert report["width"] < 800 and report["block"][0] > 3
    text = run("export", tmp_path / "p", "w", "t", "--to", tmp_path / "again.png").out
    assert "each pixel the mean of 3 x 3 elements, with NaN" in text


def test_pictures_of_chunked_arrays(tmp_path, storage):
    array = truth(storage, "w", "wave")
    expected, _ = draw(tmp_path, array)
    run("export", storage, "w", "wave", "--to", tmp_path / "wave.png")
    assert (pixels_of(tmp_path / "wave.png") == expected).all()
    run("export", storage, "w", "wave", "--to", tmp_path / "part.png", "--slice", "::-2, 100:")
    assert (pixels_of(tmp_path / "part.png") == draw(tmp_path, array[::-2, 100:])[0]).all()


@pytest.mark.parametrize(
    "array, expected",
    [
        (np.zeros((2, 3, 4)), 'has shape (2, 3, 4) and dtype float64; choose some with --slice, for example --slice "0"'),
        (np.zeros((2, 3, 4, 5)), '--slice "0, 0"'),
        (np.zeros(5), '--slice "None, :"'),
        (np.array(5), "a picture shows two dimensions"),
        (np.zeros((2, 2), "c16"), "a picture shows real numbers or bools"),
        (np.zeros((2, 2), "M8[s]"), "a picture shows real numbers or bools"),
        (np.zeros((2, 2), [("x", "f8")]), "choose a field with --item \"['x']\""),
        (np.zeros((0, 2)), "there is nothing to draw"),
    ],
)
def test_what_is_no_picture(tmp_path, array, expected):
    save(tmp_path / "s", "w", "t", array)
    assert expected in failure("export", tmp_path / "s", "w", "t", "--to", tmp_path / "x.png", status=1)
    assert not (tmp_path / "x.png").exists()


def test_the_cures_work(tmp_path):
    for array, cure in [
        (np.ones((2, 3, 4)), ["--slice", "0"]),
        (np.ones((2, 3, 4, 5)), ["--slice", "0, 0"]),
        (np.ones(5), ["--slice", "None, :"]),
        (np.ones((2, 2), [("x", "f8")]), ["--item", "['x']"]),
    ]:
        draw(tmp_path, array, *cure)


# --- damage --------------------------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path, storage):
    """A copy of the storage where the last chunk of `wave` has another bit. Returns it and the chunk's name."""
    copy = tmp_path / "damaged"
    shutil.copytree(storage, copy)
    file = object_of(copy, "w", "wave")
    with h5py.File(file, "r") as opened:
        chunk = opened["dask_arrays"].id.get_chunk_info_by_coord((256, 400))
    content = bytearray(file.read_bytes())
    content[chunk.byte_offset + 8] ^= 1
    file.write_bytes(content)
    return copy


def test_verify_names_the_chunk_that_is_wrong(damaged, storage):
    count = len(list((storage / "w" / "bigdata").iterdir()))
    expected = f"4 tasks checked, all is well\n{count} arrays: every chunk has its checksum\n"
    assert run("verify", storage).out == expected
    assert run_json("verify", storage)["arrays_checked"] == count
    out = run("verify", damaged, status=1).out
    assert out.startswith("w/wave: ") and "chunk (2, 2)" in out and object_of(damaged, "w", "wave").name in out
    assert f"4 tasks checked, 1 problem\n{count - 1} arrays: every chunk has its checksum\n" in out
    report = run_json("verify", damaged, status=1)
    assert [p["task"] for p in report["problems"]] == ["wave"] and "chunk (2, 2)" in report["problems"][0]["what"]


def test_verify_says_what_it_can_not_check():
    files = sorted(str(p) for p in (GOLDEN / "dask_p4" / "bigdata").iterdir())
    out = run("verify", GOLDEN, "dask_p4").out
    assert f"\n{len(files)} arrays without checksums, as h5py writes them: read, not checked\n" in out
    report = run_json("verify", GOLDEN, "dask_p4", "--memory-limit", "16MB")
    assert report["arrays_without_checksums"] == files and report["arrays_checked"] == 0


def test_damage_is_seen_where_it_is_read(damaged, tmp_path):
    out = run("show", damaged, "w", "wave", status=1).out
    assert "checked by XXH3" in out and "chunk (2, 2)" in out and "mean" not in out
    assert "mean" in run("show", damaged, "w", "wave", "--slice", ":200").out
    assert "chunk (2, 2)" in run_json("show", damaged, "w", "wave", status=1)["persistent"]["problem"]
    for ending in ("npy", "h5", "png"):
        file = tmp_path / f"x.{ending}"
        assert "chunk (2, 2)" in failure("export", damaged, "w", "wave", "--to", file, status=1)
        assert [p.name for p in tmp_path.iterdir()] == ["damaged"]
        run("export", damaged, "w", "wave", "--to", file, "--slice", ":200")
        file.unlink()
    file = object_of(damaged, "w", "packed")
    file.write_bytes(file.read_bytes()[:5000])
    out = run("show", damaged, "w", "packed", status=1).out
    assert f"<kept by HDFSerializer in bigdata/{file.name}, 4.9 KiB>" in out and "mean" not in out
    run("ls", damaged, "w")


def test_a_chunk_beyond_the_limit_says_so(storage, tmp_path):
    out = run("show", storage, "w", "wave", "--memory-limit", "100kB", status=1).out
    assert "chunked array float64" in out and "(--memory-limit)" in out
    file = tmp_path / "x.npy"
    error = failure("export", storage, "w", "wave", "--memory-limit", "100kB", "--to", file, status=2)
    assert "(--memory-limit)" in error and not list(tmp_path.iterdir())


# --- the other commands --------------------------------------------------------------------------


def test_cp_rm_and_gc_know_arrays(tmp_path, storage):
    copy = tmp_path / "copy"
    assert "4 tasks copied" in run("cp", storage, copy).out
    for task in ("wave", "packed"):
        assert_equal(truth(copy, "w", task), truth(storage, "w", task))
        assert object_of(copy, "w", task).name != object_of(storage, "w", task).name
    assert run("verify", copy).out == run("verify", storage).out
    assert "checked by XXH3" in run("show", copy, "w", "nested").out
    count = len(list((copy / "w" / "bigdata").iterdir()))
    run("rm", copy, "w", "wave")
    assert len(list((copy / "w" / "bigdata").iterdir())) == count - 1
    (copy / "w" / "packed").unlink()
    assert "1 file" in run("gc", copy, "--grace", "0").out
    assert len(list((copy / "w" / "bigdata").iterdir())) == count - 2
    assert "all is well" in run("verify", copy).out


# --- arrays that are larger than the memory limit -------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "storage"
    subprocess.run([SAVE_ARRAYS, path, "w", "large", "300"], check=True)
    subprocess.run([SAVE_ARRAYS, path, "w", "columns", "40"], check=True)
    yield path
    shutil.rmtree(path)


def peak_of(*words):
    """(what a command prints, the most memory that it had in bytes)"""
    code = (
        "import resource, subprocess, sys; p = subprocess.run(sys.argv[1:], capture_output=True, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024); print(p.stdout.decode())"
    )
    words = ["/usr/bin/env", "python3", "-c", code, CLI, *map(str, words), "--memory-limit", "32MB"]
    done = subprocess.run(words, capture_output=True, env=ENVIRONMENT, check=True)
    peak, _, out = done.stdout.decode().partition("\n")
    return out, int(peak)


def test_arrays_beyond_the_memory_limit(tmp_path, large):
    most = math.inf if SANITIZED else 110 << 20
    out, peak = peak_of("show", large, "w", "large")
    assert "min 0, max 37499999, mean 1.875e+07" in out and peak < most
    out, peak = peak_of("verify", large)
    assert "2 arrays: every chunk has its checksum" in out and peak < most
    for task in ("large", "columns"):
        file = tmp_path / "x.npy"
        _, peak = peak_of("export", large, "w", task, "--to", file)
        assert peak < most
        array = np.load(file, mmap_mode="r")
        assert (array.ravel() == np.arange(array.size, dtype="u8")).all()
        file.unlink()
    _, peak = peak_of("export", large, "w", "large", "--to", tmp_path / "x.h5", "--chunks", "50,500")
    assert peak < most
    with h5py.File(tmp_path / "x.h5", "r") as file:
        assert file["dask_arrays"].chunks == (50, 500) and file["dask_arrays"][-1, -1] == 37499999
    out, peak = peak_of("export", large, "w", "large", "--to", tmp_path / "x.png")
    assert "each pixel the mean of" in out and peak < most


def test_a_slice_of_a_large_array(large):
    out = run("show", large, "w", "large", "--slice", "-1, ::250").out
    assert "[37499000, 37499250, 37499500, 37499750]" in out


def test_progress_is_shown_on_a_terminal_and_wiped(large):
    try:
        master, slave = pty.openpty()
    except OSError as error:  # a container without /dev/pts
        pytest.skip(str(error))
    with subprocess.Popen([CLI, "show", large, "w", "large"], stdout=subprocess.PIPE, stderr=slave) as process:
        os.close(slave)
        out = process.stdout.read().decode()
    try:
        said = os.read(master, 100_000).decode()
    except OSError:  # nothing was said: it took less than a second
        said = ""
    os.close(master)
    assert process.returncode == 0 and "mean 1.875e+07" in out and "\r" not in out
    assert said == "" or (said.startswith("\r\x1b[K") and said.endswith("\r\x1b[K") and " to go" in said)


def test_json_of_export_and_help(tmp_path, storage):
    report = json.loads(run("export", storage, "w", "wave", "--to", tmp_path / "x.png", "--json").out)
    assert report["shape"] == [300, 500] and report["has_nan"] and report["block"] == [1, 1]
    assert report["vmin"] == pytest.approx(-0.9999992, abs=1e-6)
    assert "functionfuse export PATH WORKFLOW TASK --to FILE" in run("export", "--help").out
    assert "  export  write an array" in run("--help").out
