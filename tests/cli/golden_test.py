"""The command line on the storages that IBM's Function Fuse wrote (tests/data/golden)."""

import os
import pathlib
import shutil

import pytest
from cli_test import assert_same, decoded, load, run, run_json, tasks

GOLDEN = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_DATA"]) / "golden" / "file"


def golden_tasks():
    return sorted(p for p in GOLDEN.glob("*/*") if p.is_file() and not p.name.startswith("."))


def load_golden(path, folder=None):
    try:
        return load(path, folder)
    except ImportError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("path", golden_tasks(), ids=lambda p: f"{p.parent.name}-{p.name}")
def test_show(path):
    run("show", GOLDEN, path.parent.name, path.name)
    text = run("show", GOLDEN, path.parent.name, path.name, "--json").out
    value = load_golden(path)
    json_value = decoded(text)
    if "pandas" in str(type(value)):
        assert value.equals(json_value)
    elif type(value).__name__ == "MaskedArray":
        assert repr(value) == repr(json_value)
    else:
        assert_same(json_value, value)


@pytest.mark.parametrize("workflow", sorted(p.name for p in GOLDEN.iterdir()))
def test_cp_and_ls(tmp_path, workflow):
    run("cp", GOLDEN, tmp_path / "copy", workflow)
    names = tasks(GOLDEN, workflow)
    assert tasks(tmp_path / "copy", workflow) == names
    assert [t["name"] for t in run_json("ls", tmp_path / "copy", workflow)["tasks"]] == names
    assert not [t for t in run_json("ls", GOLDEN, workflow)["tasks"] if "problem" in t]
    assert run_json("verify", tmp_path / "copy", workflow)["checked"] == len(names)
    run("verify", GOLDEN, workflow)
    for name in names:
        try:
            value = load(GOLDEN / workflow / name, GOLDEN / workflow)
        except ImportError:
            continue
        copied = load(tmp_path / "copy" / workflow / name, tmp_path / "copy" / workflow)
        if "pandas" in str(type(value)):
            assert value.equals(copied)
        elif type(value).__name__ == "MaskedArray":
            assert repr(value) == repr(copied)
        else:
            assert_same(copied, value)
    shutil.rmtree(tmp_path / "copy")
