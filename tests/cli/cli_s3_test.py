"""The command line on a bucket of a real S3 server: the tests of folders once more, and what only S3 has."""

import base64
import json
import os
import pathlib
import pickle
import re
import socket
import subprocess
import threading
import uuid

import numpy as np
import pytest
import zarr
from bucket import SETTINGS
from s3_path import S3Path, environment

import arrays_test
import cli_test
from cli_test import (  # noqa: F401  with the fixtures of this file
    failure,
    load,
    make_storage,
    persistent_pickle,
    run,
    run_json,
    save,
    storage,
    tasks,
    test_cp,
    test_cp_takes_the_record_of_the_result_that_it_copies,
    test_cp_takes_what_lies_beside_the_pickle,
    test_damaged_tasks,
    test_looking_creates_nothing,
    test_ls_lists_tasks,
    test_ls_lists_workflows,
    test_ls_says_what_results_are,
    test_names_like_options_and_commands,
    test_rm_asks_on_a_terminal,
    test_rm_leaves_folders_alone_that_are_no_workflow,
    test_rm_of_a_workflow_wants_a_yes,
    test_rm_removes_tasks,
    test_rm_takes_a_name_before_a_glob,
    test_show_says_what_made_a_result_and_cp_keeps_it,
    test_verify,
    test_wrong_words_say_what_was_probably_meant,
    write_pickle,
)

cli_test.ENVIRONMENT.update(environment())
for name in set(cli_test.ENVIRONMENT) - set(environment()) - {"TZ", "LC_ALL"}:
    del cli_test.ENVIRONMENT[name]

GOLDEN = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_DATA"]) / "golden" / "s3" / "golden"
SECRET = SETTINGS["secret_key"]


@pytest.fixture(scope="session")
def bucket():
    path = S3Path("cli-" + str(uuid.uuid4()))
    path.mkdir()
    return path


@pytest.fixture
def tmp_path(bucket):
    return bucket / "tests" / str(uuid.uuid4())


@pytest.fixture
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("folder")


@pytest.fixture
def settings(monkeypatch):
    """Changes the environment of the programs that are run."""

    def change(**values):
        for name, value in values.items():
            if value is None:
                monkeypatch.delitem(cli_test.ENVIRONMENT, name)
            else:
                monkeypatch.setitem(cli_test.ENVIRONMENT, name, value)

    return change


@pytest.fixture(scope="session")
def golden(bucket):
    """What IBM's Function Fuse wrote."""
    for path in GOLDEN.rglob("*"):
        if path.is_file():
            (bucket / path.relative_to(GOLDEN)).write_bytes(path.read_bytes())
    return bucket / "st"


class Relay:
    """Stands before the server and writes down what is asked."""

    def __init__(self):
        host, port = SETTINGS["endpoint"].removeprefix("http://").split(":")
        self.server = (host, int(port))
        self.seen = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(self.server)
            threading.Thread(target=self.pump, args=(client, upstream, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(upstream, client, False), daemon=True).start()

    def pump(self, source, target, note):
        try:
            while data := source.recv(65536):
                if note:
                    self.seen += data
                target.sendall(data)
        except OSError:
            pass
        finally:
            target.close()

    def requests(self):
        """["GET /bucket/key", ...], and forgets them."""
        seen, self.seen = self.seen, b""
        return [line.decode() for line in re.findall(rb"^((?:GET|HEAD|PUT|POST|DELETE) \S+) HTTP/1.1\r$", seen, re.M)]


@pytest.fixture
def relay(settings):
    relay = Relay()
    settings(AWS_ENDPOINT_URL_S3=relay.endpoint)
    yield relay
    relay.listener.close()


# --- Between folders and buckets -------------------------------------------------------------------


def test_cp_from_a_folder(folder, tmp_path):
    test_cp(make_storage(folder / "storage"), tmp_path)


def test_cp_to_a_folder(storage, folder):
    test_cp(storage, folder)


def test_cp_takes_records_along_both_ways(folder, tmp_path):
    program = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_PROGRAMS"]) / "save_with_record"
    subprocess.run([program, folder / "s", "w", "t"], check=True)
    run("cp", folder / "s", tmp_path / "s")
    run("cp", tmp_path / "s", folder / "back")
    for path in (tmp_path / "s", folder / "back"):
        assert "made by fit, version 2" in run("show", path, "w", "t").out


def test_cp_takes_arrays_both_ways(golden, folder, tmp_path):
    names = [task["name"] for task in run_json("ls", golden, "dask_p4")["tasks"]]
    assert run_json("cp", golden, folder / "copy")["copied"] == len(names) == 30
    assert run_json("cp", folder / "copy", tmp_path / "back")["copied"] == len(names)
    assert run_json("cp", tmp_path / "back", tmp_path / "again")["copied"] == len(names)
    for copy in (folder / "copy", tmp_path / "back", tmp_path / "again"):
        report = run_json("verify", copy)
        assert report["ok"] and report["arrays_checked"] == 43 and report["arrays_without_checksums"] == []
        for name in names:
            shown = run("show", copy, "dask_p4", name, "--json").out
            assert elements_of(shown) == elements_of(run("show", golden, "dask_p4", name, "--json").out), name


def test_cp_keeps_an_array_once_that_a_result_has_twice(folder, tmp_path):
    save_arrays(folder / "s", "wave")
    [name] = [path.name for path in (folder / "s" / "w" / "bigdata").iterdir() if "." not in path.name]
    write_pickle(folder / "s" / "w" / "wave", persistent_pickle(name, 2))
    run("cp", folder / "s", tmp_path / "s")
    assert "<the same array as ['x'][0]>" in run("show", tmp_path / "s", "w", "wave").out
    assert len(list((tmp_path / "s" / "w" / "bigdata" / "dask_arrays").iterdir())) == 2  # and .zgroup


def elements_of(text):
    """What a JSON says of its arrays, but for how they are kept."""
    arrays = re.findall(r'"array": (\{.*?"statistics": \{.*?\}\})', text) or re.findall(r'"shape": \[.*?\]', text)
    kept = ["stored_bytes", "stored_chunks", "format", "filters", "checksums"]
    return [re.sub(r'"(?:%s)": (?:null|\d+|\[[^\]]*\]|"[^"]*")(?:, )?' % "|".join(kept), "", a) for a in arrays]


def test_cp_takes_bytes_beside_the_pickle_both_ways(folder, tmp_path):
    name, content = str(uuid.uuid4()), os.urandom(100_000)
    write_pickle(folder / "s" / "w" / "bigdata" / name, content)  # bytes and their SHA-1, as a task has them
    alone = b"\x80\x04\x8c\x0fBytesSerializer\x8c\x050.0.0\x8c\x24" + name.encode() + b"\x86\x86Q."
    write_pickle(folder / "s" / "w" / "t", alone)
    run("cp", folder / "s", tmp_path / "s")
    assert "97.7 KiB" in run("show", tmp_path / "s", "w", "t").out
    assert run("verify", tmp_path / "s").out == "1 task checked, all is well\n"
    run("cp", tmp_path / "s", folder / "back")
    for path in (tmp_path / "s", folder / "back"):
        [kept] = (path / "w" / "bigdata").iterdir()
        assert kept.read_bytes()[:-20] == content
        kept.write_bytes(b"x" * 1000)
        assert [p["task"] for p in run_json("verify", path, status=1)["problems"]] == ["t"]


def test_cp_says_what_can_not_be_copied(tmp_path, folder):
    name = str(uuid.uuid4())
    mine = pickle.dumps(1)  # kept by a serializer that is not registered
    (folder / "s" / "w" / "bigdata").mkdir(parents=True)
    (folder / "s" / "w" / "bigdata" / name).write_bytes(mine)
    write_pickle(folder / "s" / "w" / "t", persistent_pickle(name).replace(b"HDFSerializer", b"HMeshSerializ"))
    done = run("cp", folder / "s", tmp_path / "s", status=1)
    assert "can't be copied to this storage" in done.err and "1 failed" in done.out
    assert not (tmp_path / "s").exists()


def test_cp_refuses_a_storage_onto_itself(storage):
    for to in (storage, f"{storage}/", str(storage).replace("/storage", "//storage")):
        assert "same storage" in failure("cp", storage, to, status=2)
    assert "within FROM" in failure("cp", storage, storage / "new", status=2)


def test_cp_again_after_damage(storage, folder):
    """What can be read is copied, what can't is named; once it is whole again the rest follows."""
    task = storage / "operations" / "model"
    whole = task.read_bytes()
    task.write_bytes(whole[:30] + b"x" + whole[31:])
    done = run("cp", storage, folder / "copy", status=1)
    assert "failed  operations/model" in done.out and "3 tasks copied, 1 failed" in done.out
    assert f"functionfuse rm {storage} operations model" in done.err
    task.write_bytes(whole)
    assert run_json("cp", storage, folder / "copy")["copied"] == 1


# --- Arrays ---------------------------------------------------------------------------------------


def golden_arrays():
    """Tasks that are one array, and its name."""
    for path in sorted((GOLDEN / "st" / "dask_p4").iterdir()):
        if path.is_file() and path.stat().st_size == 100:
            yield path.name, re.search(rb"\x8c\x24([0-9a-f-]{36})", path.read_bytes())[1].decode()


def truth(name):
    return zarr.open(str(GOLDEN / "st" / "dask_p4" / "bigdata" / "dask_arrays" / name), "r")


@pytest.mark.parametrize("task, name", golden_arrays())
def test_golden_arrays(golden, folder, task, name):
    array = truth(name)
    kept = json.loads(run("show", golden, "dask_p4", task, "--json").out)["persistent"]["array"]
    assert (kept["format"], kept["checksums"], kept["shape"]) == ("zarr", None, list(array.shape))
    assert kept["stored_chunks"] == list(array.chunks) and kept["stored_bytes"] > 0
    assert np.dtype(kept["dtype"]) == array.dtype or "descr" in kept
    codec = [] if array.compressor is None else ["blosc lz4 5, shuffle 1"]
    assert kept["filters"] == codec
    exported = arrays_test.exported(folder, golden, "dask_p4", task)
    arrays_test.assert_equal(exported, array[()])


def test_show_says_what_an_array_is(golden):
    text = run("show", golden, "dask_p4", "d2_f8").out
    name = dict(golden_arrays())["d2_f8"]
    head, _, body = text.partition("\n\n")
    assert re.fullmatch(rf"d2_f8  100 bytes  \d{{4}}-[\d: -]+  {golden}/dask_p4/d2_f8", head)
    assert body.startswith(
        "chunked array float64 (5, 7), 280 bytes:\n"
        "  chunks     ((2, 2, 1), (3, 3, 1)), 9 of up to 48 bytes\n"
        f"  stored     576 bytes in bigdata/dask_arrays/{name}, Zarr, blosc lz4 5, shuffle 1\n"
        "  checksums  none, as zarr-python writes it\n"
        "  [[ 0.,  1.,"
    )
    assert body.endswith("\n  min 0, max 34, mean 17\n")


def test_a_slice_reads_only_its_chunks(golden, relay):
    shown = run_json("show", golden, "dask_p4", "d2_f8", "--slice", "4, 6")
    assert np.frombuffer(base64.b64decode(shown["ndarray"]["data"]))[0] == 34
    chunks = [line for line in relay.requests() if re.search(r"/\d\.\d$", line)]
    assert [line.rpartition("/")[2] for line in chunks] == ["2.2"]


def save_arrays(path, task):
    program = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_PROGRAMS"]) / "save_arrays"
    subprocess.run([program, str(path), "w", task], check=True, env=cli_test.ENVIRONMENT)


def chunk_of(storage):
    """A chunk of the first array in a storage."""
    keys = (storage / "w" / "bigdata" / "dask_arrays").rglob()
    return next(key for key in keys if key.name == "1.1")


def test_verify_names_the_chunk_that_is_wrong(tmp_path):
    save_arrays(tmp_path / "s", "wave")
    assert "1 array: every chunk has its checksum" in run("verify", tmp_path / "s").out
    assert "checksums  checked by XXH3" in run("show", tmp_path / "s", "w", "wave").out
    chunk = chunk_of(tmp_path / "s")
    whole = chunk.read_bytes()
    chunk.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    report = run_json("verify", tmp_path / "s", status=1)
    assert [p["task"] for p in report["problems"]] == ["wave"] and "1.1" in report["problems"][0]["what"]
    assert report["arrays_checked"] == 0
    done = run("show", tmp_path / "s", "w", "wave", status=1)
    assert "1.1" in done.out
    assert "1.1" in failure("export", tmp_path / "s", "w", "wave", "--to", "/dev/shm/never.npy", status=1)
    assert not os.path.exists("/dev/shm/never.npy")
    chunk.unlink()
    assert "1.1" in run_json("verify", tmp_path / "s", status=1)["problems"][0]["what"]
    # Nothing of it is there any more.
    for key in (tmp_path / "s" / "w" / "bigdata").rglob():
        key.unlink()
    assert "missing" in run("show", tmp_path / "s", "w", "wave", status=1).out
    assert "problem" in run("show", tmp_path / "s", "w", "wave", "--json", status=1).out
    assert [p["task"] for p in run_json("verify", tmp_path / "s", status=1)["problems"]] == ["wave"]
    assert run("rm", tmp_path / "s", "w", "wave").out == "removed  w/wave\n"


def test_an_array_without_its_description_is_damaged(tmp_path):
    save_arrays(tmp_path / "s", "wave")
    (chunk_of(tmp_path / "s").parent / ".zarray").unlink()
    assert "lacks its .zarray" in run("show", tmp_path / "s", "w", "wave", status=1).out
    assert run_json("ls", tmp_path / "s", "w")["tasks"][0]["kind"].endswith("KiB")


def test_zarr_arrays_in_folders(folder, tmp_path):
    save_arrays(folder / "s", "folder")
    text = run("show", folder / "s", "w", "folder").out
    assert re.search(r"stored     [\d.]+ \w+ in bigdata/[0-9a-f-]{36}, Zarr, blosc lz4 5, shuffle 1\n", text)
    assert "checksums  checked by XXH3" in text
    assert "1 array: every chunk has its checksum" in run("verify", folder / "s").out
    exported = arrays_test.exported(folder, folder / "s", "w", "folder")
    run("cp", folder / "s", tmp_path / "s")
    arrays_test.assert_equal(arrays_test.exported(folder, tmp_path / "s", "w", "folder"), exported)
    name = next(p for p in (folder / "s" / "w" / "bigdata").iterdir() if p.is_dir())
    arrays_test.assert_equal(zarr.open(str(name), "r")[()], exported)
    (name / "1.1").unlink()
    assert "1.1" in run_json("verify", folder / "s", status=1)["problems"][0]["what"]


def test_export_of_other_formats(golden, folder):
    run("export", golden, "dask_p4", "d2_f8", "--to", folder / "x.h5")
    run("export", golden, "dask_p4", "d2_f8", "--to", folder / "x.png")
    assert (folder / "x.png").read_bytes().startswith(b"\x89PNG")
    arrays_test.assert_equal(arrays_test.h5py.File(folder / "x.h5")["dask_arrays"][()], truth(dict(golden_arrays())["d2_f8"])[()])


# --- gc, rm ---------------------------------------------------------------------------------------


def test_gc(storage):
    orphan = storage / "operations" / "bigdata" / "dask_arrays" / str(uuid.uuid4())
    for key in (".zarray", "0.0"):
        (orphan / key).write_bytes(b"x" * 1000)
    (orphan.parent / ".zgroup").write_bytes(b"{}")
    assert run("gc", storage).out == "nothing to remove\n"  # it may belong to a save
    out = run("gc", storage, "--dry-run", "--grace", "0").out
    assert str(orphan) in out and "1 file, 2.0 KiB would be removed" in out
    report = run_json("gc", storage, "operations", "--grace", "0")
    assert [entry["path"] for entry in report["leftovers"]] == [str(orphan)] and report["bytes"] == 2000
    assert not orphan.exists() and tasks(storage) == ["model", "train_0000", "train_0001"]


def test_rm_takes_all_of_a_workflow(tmp_path):
    save_arrays(tmp_path / "s", "wave")
    save(tmp_path / "s", "other", "t", 1)
    out = run("rm", tmp_path / "s", "w", "--dry-run").out
    assert re.fullmatch(r"would remove workflow w \(1 task, [\d.]+ KiB\)\n", out)
    run("rm", tmp_path / "s", "w", "--yes")
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["other"]


def test_rm_refuses_what_else_lies_there_however_far_down_the_list(tmp_path):
    save(tmp_path / "s", "w", "t", 1)
    task = (tmp_path / "s" / "w" / "t").read_bytes()
    for i in range(1010):
        (tmp_path / "s" / "w" / f"t{i:04}").write_bytes(task)
    (tmp_path / "s" / "w" / "zz-photos" / "img.jpg").write_bytes(b"a photo")
    done = run("rm", tmp_path / "s", "w", "--yes", status=1)
    assert "no workflow has" in done.err
    assert (tmp_path / "s" / "w" / "zz-photos" / "img.jpg").read_bytes() == b"a photo"


# --- Requests -------------------------------------------------------------------------------------


def test_ls_asks_once_for_a_task(tmp_path, relay):
    for i in range(40):
        save(tmp_path / "s", "w", f"t{i:02}", i)
    run("ls", tmp_path / "s", "w")
    requests = relay.requests()
    gets = [line for line in requests if "list-type=2" not in line]
    assert len({line for line in gets if "/w/t" in line}) == 40
    # To find out that it is a storage takes the start of one task.
    assert len(gets) <= 41 and len(requests) - len(gets) <= 3, requests


def test_ls_of_a_large_task_reads_its_start(tmp_path, relay):
    save(tmp_path / "s", "w", "big", np.zeros(1_000_000))
    save(tmp_path / "s", "w", "many", list(range(3_000_000)))
    kinds = {task["name"]: task["kind"] for task in run_json("ls", tmp_path / "s", "w")["tasks"]}
    assert kinds == {"big": "ndarray float64 (1000000,)", "many": "large list"}
    ranges = [tuple(map(int, r)) for r in re.findall(rb"\r\nrange: bytes=(\d+)-(\d+)\r\n", relay.seen, re.I)]
    assert ranges and sum(end + 1 - start for start, end in ranges) < 5_000_000
    assert sum(line.endswith("/w/big") for line in relay.requests()) <= 4


def test_many_pages_of_tasks(tmp_path):
    save(tmp_path / "s", "w", "t", 1)
    data = (tmp_path / "s" / "w" / "t").read_bytes()
    for i in range(1100):
        (tmp_path / "s" / "w" / f"t{i}").write_bytes(data)
    assert run_json("ls", tmp_path / "s")["workflows"][0]["tasks"] == 1101
    assert len(run_json("ls", tmp_path / "s", "w")["tasks"]) == 1101


# --- What goes wrong ------------------------------------------------------------------------------


def test_paths_that_are_no_storage(storage):
    assert "is an object" in failure("ls", storage / "operations" / "model", status=1)
    error = failure("ls", storage / "operations", status=1)
    assert "folder of a workflow" in error and f"{storage} operations" in error
    error = failure("ls", storage.parent, status=1)
    assert "is not a storage, and its folder storage is one: " + str(storage) in error
    (storage / "out.json").touch()
    assert [w["name"] for w in run_json("ls", storage)["workflows"]] == ["operations", "other"]
    other = storage.parent / "other"
    (other / "folder" / "file").write_text("no task")
    for words in (["ls"], ["verify"], ["gc"], ["cp", storage]):
        assert "not a storage" in failure(*words, other, status=1)
    assert "not a storage" in failure("rm", other, "folder", "--yes", status=1)
    assert (other / "folder" / "file").exists()


def test_a_prefix_with_nothing(storage):
    assert 'did you mean "storage"?' in failure("ls", str(storage)[:-1], status=1)
    error = failure("ls", storage.parent / "zzzzzzzz", status=1)
    assert f'there is nothing at "{storage.parent}/zzzzzzzz"; {storage.parent} holds "storage"' in error
    assert "names no bucket" in failure("ls", "s3://", status=2)
    assert "names no bucket" in failure("check", "s3:///", status=2)


def test_a_bucket_that_is_not_there(storage, folder):
    for words in (["ls"], ["verify"], ["gc"], ["cp", storage], ["show"], ["check"]):
        words += ["s3://cli-nothing-of-this-name/st"] + (["w", "t"] if words == ["show"] else [])
        done = run(*words, status=1)
        assert "NoSuchBucket" in done.out + done.err and "create the bucket" in done.out + done.err


def test_wrong_secret(storage, settings):
    settings(AWS_SECRET_ACCESS_KEY="topsecret0123456789", AWS_SESSION_TOKEN="token-that-is-secret")
    for words in (["ls", storage], ["check", storage], ["check", storage, "--json"], ["cp", storage, "/nowhere/x"]):
        done = run(*words, status=1)
        text = done.out + done.err
        assert "403" in text and ("AWS_ACCESS_KEY_ID" in text or "AWS_SECRET_ACCESS_KEY" in text)
        for secret in ("topsecret0123456789", "token-that-is-secret", SECRET, SETTINGS["access_key"]):
            assert secret not in text


def test_credentials_are_missing(storage, settings):
    settings(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    for words, status in ((["ls"], 2), (["check"], 1)):
        done = run(*words, storage, status=status)
        assert "there are no credentials for S3: set AWS_ACCESS_KEY_ID" in done.out + done.err
    assert SETTINGS["endpoint"] in done.out
    settings(AWS_NO_SIGN_REQUEST="YES")
    done = run("check", storage, status=1)
    assert re.search("credentials +none, requests are not signed +AWS_NO_SIGN_REQUEST\n", done.out)
    assert "AccessDenied" in done.out and "not public" in done.out


def test_the_endpoint_is_down(storage, settings):
    settings(AWS_ENDPOINT_URL_S3="http://127.0.0.1:1")
    assert "8 attempts" in failure("ls", storage, status=1)


# --- check ----------------------------------------------------------------------------------------


def test_check(storage, relay):
    out = run("check", storage).out
    assert len(relay.requests()) == 1
    lines = [line.split(None, 1) for line in out.splitlines()]
    assert out.startswith(f"{storage}\n") and out.endswith("\nread: yes, 2 folders in it\n")
    found = {name: " ".join(rest.split()) for name, rest in lines[1:-1]}
    assert found["bucket"] == storage.parts[0] and found["prefix"] == "/".join(storage.parts[1:]) + "/"
    assert found["endpoint"] == f"{relay.endpoint} AWS_ENDPOINT_URL_S3"
    assert found["region"] == "us-east-1 default" and found["addressing"].startswith("in the path ")
    assert found["credentials"] == "access key id test...6789 AWS_ACCESS_KEY_ID"
    assert found["profile"] == "default default"
    before = [str(path) for path in storage.rglob()]
    report = run_json("check", storage, "--write")
    assert report["url"] == str(storage) and report["ok"]
    assert [(trial["name"], trial["ok"]) for trial in report["trials"]] == [("read", True), ("write", True)]
    assert {"name": "endpoint", "value": relay.endpoint, "from": "AWS_ENDPOINT_URL_S3"} in report["settings"]
    assert sorted(line.split()[0] for line in relay.requests()) == ["DELETE", "GET", "PUT"]
    assert [str(path) for path in storage.rglob()] == before
    assert "nothing there yet" in run("check", storage / "new").out
    assert "test...6789" in run("check", storage).out and SECRET not in run("check", storage, "--json").out


def test_check_reads_profiles(storage, settings, folder):
    credentials = folder / "credentials"
    credentials.write_text(
        f"[lab]\naws_access_key_id = {SETTINGS['access_key']}\naws_secret_access_key = {SECRET}\n"
    )
    (folder / "config").write_text(f"[profile lab]\nregion = eu-west-1\nendpoint_url = {SETTINGS['endpoint']}\n")
    settings(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_ENDPOINT_URL_S3=None, AWS_PROFILE="lab",
             AWS_SHARED_CREDENTIALS_FILE=str(credentials), AWS_CONFIG_FILE=str(folder / "config"))
    report = run_json("check", storage)
    settings_of = {s["name"]: (s["value"], s["from"]) for s in report["settings"]}
    assert settings_of["profile"] == ("lab", "AWS_PROFILE")
    assert settings_of["region"][0] == "eu-west-1" and str(folder / "config") in settings_of["region"][1]
    assert str(credentials) in settings_of["credentials"][1]
    settings(AWS_PROFILE="lba")
    assert 'there is no profile "lba"' in run("check", storage, status=1).out


TLS = SETTINGS["tls_endpoint"]


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"AWS_ENDPOINT_URL_S3": "http://no.such.host.invalid"}, ["no.such.host.invalid", "no host of that name"]),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, ["can't be reached", "whether the server runs"]),
        ({"AWS_ENDPOINT_URL_S3": TLS, "AWS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"},
         ["certificate", "AWS_CA_BUNDLE"]),
        ({"AWS_ENDPOINT_URL_S3": SETTINGS["endpoint"].replace("http:", "https:")}, ["does the server speak https"]),
        ({"AWS_ENDPOINT_URL_S3": TLS.replace("https:", "http:")}, ["is it http or https there?"]),
        ({"AWS_ENDPOINT_URL_S3": "localhost:80"}, ["http[s]://host[:port]", "look at AWS_ENDPOINT_URL_S3"]),
        ({"AWS_ACCESS_KEY_ID": "nobody0123456789"}, ["403 InvalidAccessKeyId", "a key belongs to one server"]),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, ["403 SignatureDoesNotMatch", "check the secret access key"]),
    ],
)
def test_check_says_what_went_wrong(storage, settings, change, expected):
    settings(**change)
    for words in (["check", storage], ["check", storage, "--json"]):
        done = run(*words, status=1)
        assert done.err == ""
        for text in expected:
            assert text in done.out, done.out
        assert SECRET not in done.out
    assert not any(trial["name"] == "write" for trial in run_json("check", storage, "--write", status=1)["trials"])


@pytest.mark.parametrize(
    "status, headers, body, expected",
    [
        (403, {"Date": "Mon, 01 Jan 2024 00:00:00 GMT"}, "<Code>RequestTimeTooSkewed</Code>",
         ["this computer's clock says 20", "the server's Mon, 01 Jan 2024", "set the clock"]),
        (301, {"x-amz-bucket-region": "eu-north-1"}, "<Code>PermanentRedirect</Code>",
         ["the bucket is elsewhere", "set the region eu-north-1 (AWS_REGION)"]),
        (400, {}, "<Code>AuthorizationHeaderMalformed</Code><Region>eu-north-1</Region>",
         ["set the region eu-north-1 (AWS_REGION)"]),
        (403, {}, "<Code>AccessDenied</Code>", ["403 AccessDenied", "what they may do"]),
        (400, {}, "<Code>ExpiredToken</Code>", ["get new credentials (from AWS_ACCESS_KEY_ID)"]),
        (503, {}, "<Code>SlowDown</Code>", ["503 SlowDown", "try again later"]),
        (404, {}, "", ["is it a server of S3?"]),
        (200, {}, "hello", ["is it a server of S3?"]),
    ],
)
def test_check_of_what_the_server_here_never_says(settings, status, headers, body, expected):
    answer = f"<Error>{body}</Error>" if body.startswith("<") else body
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    reply = f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(answer)}\r\nConnection: close\r\n\r\n{answer}"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.recv(65536)
                    client.sendall(reply.encode())

        threading.Thread(target=serve, daemon=True).start()
        settings(AWS_ENDPOINT_URL_S3="http://127.0.0.1:%d" % listener.getsockname()[1])
        out = run("check", "s3://bucket/prefix", status=1).out
        listener.shutdown(socket.SHUT_RDWR)
    for text in expected:
        assert text in out, out


def test_check_of_one_who_may_only_read(storage, settings):
    """A public bucket, asked without credentials."""
    storage.client.put_bucket_acl(Bucket=storage.parts[0], ACL="public-read")
    try:
        settings(AWS_NO_SIGN_REQUEST="YES")
        assert run("check", storage).out.endswith("read: yes, 2 folders in it\n")
        done = run("check", storage, "--write", status=1)
        assert "read: yes" in done.out and "write: no" in done.out and "AccessDenied" in done.out
    finally:
        storage.client.put_bucket_acl(Bucket=storage.parts[0], ACL="private")
