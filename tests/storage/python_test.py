"""Python reads what C++ saved as IBM's Function Fuse does, and the other way round."""

import glob
import hashlib
import io
import os
import pickle
import subprocess

import numpy as np
import pytest

PROBE = os.path.join(os.environ["FUNCTIONFUSE_BUILD"], "tests", "programs", "storage_probe")


def probe(*args, code=0):
    done = subprocess.run([PROBE, *map(str, args)], capture_output=True, text=True)
    assert done.returncode == code, done
    return done.stdout.strip()


def read(path, persistent_load=None):
    """As the original reads a task."""
    content = path.read_bytes()
    assert hashlib.sha1(content[:-20]).digest() == content[-20:]

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid):
            return persistent_load(pid)

    return Unpickler(io.BytesIO(content[:-20])).load()


def save(path, result):
    """As the original saves a task: into the file that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = pickle.dumps(result, protocol=4)
    with open(path, "wb") as file:
        file.write(content + hashlib.sha1(content).digest())


@pytest.fixture
def saved(tmp_path):
    probe(tmp_path, "save")
    return tmp_path / "cpp"


def test_python_reads_what_cpp_saved(saved):
    assert read(saved / "none") is None
    assert read(saved / "number") == 1.5
    assert read(saved / "text") == "größer"
    assert read(saved / "dict") == {"a": 1, "b": 2}
    np.testing.assert_array_equal(read(saved / "array"), [1.0, 2.0, 3.0])
    large = read(saved / "large")
    assert large.dtype == np.float64 and (large == 0.5).all() and large.shape == (1_000_000,)
    assert read(saved / "list") == ["some text"] * 200_000
    assert read(saved / "glob[1]*") == 1


def test_python_follows_a_persistent_id(saved):
    def load(pid):
        name, (version, filename) = pid
        assert (name, version) == ("BytesSerializer", "0.0.0")
        content = (saved / "bigdata" / filename).read_bytes()
        assert hashlib.sha1(content[:-20]).digest() == content[-20:]
        return content[:-20]

    assert read(saved / "bytes", load) == b"b" * 5000


def test_the_original_lists_tasks_and_nothing_of_ours(saved):
    names = {os.path.basename(f) for f in glob.glob(str(saved / "*"))} - {"bigdata"}
    assert names == {"none", "number", "text", "dict", "array", "large", "list", "bytes", "glob[1]*"}


@pytest.mark.parametrize(
    "result", [None, 1.5, "größer", {"a": [1, (2, 3)]}, np.arange(6.0).reshape(2, 3), b"bytes", 2**100, {1, 2}]
)
def test_cpp_reads_what_python_saved(tmp_path, result):
    save(tmp_path / "py" / "task", result)
    shown = probe(tmp_path, "show", "py", "task")
    if isinstance(result, np.ndarray):
        assert "array" in shown
    else:
        assert eval(shown) == result
    assert probe(tmp_path, "record", "py", "task") == "none"


def test_every_protocol(tmp_path):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        content = pickle.dumps({"a": [1, 2.5, "x", b"y"]}, protocol=protocol)
        path = tmp_path / "w" / str(protocol)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content + hashlib.sha1(content).digest())
        assert eval(probe(tmp_path, "show", "w", protocol)) == {"a": [1, 2.5, "x", b"y"]}


def test_a_task_that_python_saved_over_has_no_record(saved):
    assert probe(saved.parent, "record", "cpp", "number") == "probe"
    save(saved / "number", 2.5)
    assert probe(saved.parent, "record", "cpp", "number") == "none"
    assert probe(saved.parent, "show", "cpp", "number") == "2.5"
    assert probe(saved.parent, "record", "cpp", "text") == "probe"
    assert probe(saved.parent, "record", "cpp", "nothing") == "absent"


def test_what_a_killed_python_leaves_is_an_error_that_says_so(tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "task").touch()
    text = probe(tmp_path, "show", "w", "task", code=3)
    assert "empty" in text and "run the workflow again" in text and str(tmp_path / "w" / "task") in text


def test_python_code_in_a_result_never_runs(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    save(tmp_path / "w" / "task", Evil())
    assert "system" in probe(tmp_path, "show", "w", "task")
    assert not (tmp_path / "ran").exists()
