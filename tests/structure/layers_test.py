"""Data flows one way, down: a file includes what is below it, never what is above (CONTRIBUTING.md, "Layout")."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A layer -> the layers that its files may include, besides their own.
BELOW = {
    "workflow": {"backends", "storage", "serializers", "pickle", "arrays", "formats", "io"},
    "backends": {"storage", "serializers", "pickle", "arrays", "formats", "io"},
    "storage": {"serializers", "pickle", "arrays", "formats", "io"},
    "serializers": {"pickle", "arrays", "formats", "io"},
    "pickle": {"arrays", "io"},
    "formats": {"arrays", "io"},
    "arrays": {"io"},
    "io": set(),
}
# Files of the root folder: anyone may include a leaf, which includes only leaves; nobody the top, which includes all.
LEAVES = {"error.hpp", "version.hpp", "error.cpp", "version.cpp"}
TOP = "functionfuse.hpp"

# Public headers name none of these, so that a user's program needs none of their headers.
LIBRARIES = re.compile(
    r"^(hdf5|H5|highfive/|blosc|zlib|zstd|lz4|curl/|pugixml|yaml-cpp|nlohmann/|openssl/|tbb/|oneapi/|CLI/|fmt/|xxh|"
    r"pybind11/|Python\.h|cereal/|Eigen/|eigen3/|xtensor/)"
)
# Adapters to libraries, for those who have them: nothing else includes an adapter.
ADAPTERS = {
    Path("include/functionfuse/pickle/cereal.hpp"): ("cereal/",),
    Path("include/functionfuse/arrays/eigen.hpp"): ("Eigen/", "eigen3/"),
    Path("include/functionfuse/arrays/xtensor.hpp"): ("xtensor/",),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def sources(root, folder):
    files = (root / folder).rglob("*")
    return sorted(f.relative_to(root) for f in files if f.suffix in (".hpp", ".cpp", ".h", ".ipp"))


def includes(root, file):
    """The includes of `file`: (as written, the project's file that it names or None)."""
    for quote, name in INCLUDE.findall((root / file).read_text(encoding="utf-8")):
        folders = [root / "include"]
        if quote == '"':
            folders[:0] = [(root / file).parent]
        if file.parts[0] != "include":
            folders.append(root / "src")
        found = ((folder / name).resolve() for folder in folders if (folder / name).is_file())
        target = next((f.relative_to(root) for f in found if f.is_relative_to(root)), None)
        yield name, target


def layer(file):
    """The layer of include/functionfuse/<layer>/... or src/<layer>/...; for a file of the root folder its name."""
    parts = file.parts[2:] if file.parts[0] == "include" else file.parts[1:]
    return parts[0]


def may_include(user, used):
    if used == TOP:
        return False
    if user == TOP or used == user or used in LEAVES:
        return True
    return used in BELOW.get(user, ())


def violations(root):
    found = []
    for file in sources(root, "include") + sources(root, "src"):
        user = layer(file)
        if user not in BELOW and user not in LEAVES and user != TOP:
            found.append(f"{file}: belongs to no layer")
            continue
        public = file.parts[0] == "include"
        for name, target in includes(root, file):
            if target is None:
                if name.startswith("functionfuse/") or (public and name.split("/")[0] in BELOW):
                    found.append(f"{file}: includes {name}, which is not there")
                elif public and LIBRARIES.match(name):
                    if not name.startswith(ADAPTERS.get(file, ())):
                        found.append(f"{file}: a public header must not include {name}")
            elif target in ADAPTERS:
                found.append(f"{file}: includes {name}, which is for programs that use that library")
            elif target.parts[0] not in ("include", "src") or (public and target.parts[0] != "include"):
                found.append(f"{file}: includes {name}, a file outside {file.parts[0]}/")
            elif not may_include(user, layer(target)):
                found.append(f"{file}: includes {name}, which is above it")
    return found


def test_no_file_includes_what_is_above_it():
    assert not (found := violations(ROOT)), "\n" + "\n".join(found)


def test_functionfuse_hpp_includes_every_public_header():
    top = Path("include/functionfuse") / TOP
    reached, todo = set(), [top]
    while todo:
        file = todo.pop()
        if file not in reached:
            reached.add(file)
            todo += [target for _, target in includes(ROOT, file) if target]
    missing = set(sources(ROOT, "include")) - reached - set(ADAPTERS)
    assert not missing, f"{top} does not include: " + ", ".join(sorted(map(str, missing)))


@pytest.mark.parametrize(
    "file, line, expected",
    [
        ("src/io/a.cpp", "#include <functionfuse/io/a.hpp>", None),
        ("src/io/a.cpp", '#include "functionfuse/error.hpp"', None),
        ("src/io/a.cpp", "#include <fmt/format.h>", None),
        ("src/io/a.cpp", "// #include <functionfuse/storage/s.hpp>", None),
        ("src/io/a.cpp", "#include <functionfuse/storage/s.hpp>", "above"),
        ("src/io/a.cpp", '#  include "../storage/private.hpp"', "above"),
        ("src/io/a.cpp", '#include "storage/private.hpp"', "above"),
        ("src/io/a.cpp", "#include <functionfuse/functionfuse.hpp>", "above"),
        ("src/pickle/a.cpp", "#include <functionfuse/arrays/nd.hpp>", None),
        ("src/arrays/a.cpp", "#include <functionfuse/pickle/p.hpp>", "above"),
        ("src/formats/a.cpp", "#include <functionfuse/pickle/p.hpp>", "above"),
        ("src/error.cpp", "#include <functionfuse/io/a.hpp>", "above"),
        ("src/other/a.cpp", "#include <vector>", "no layer"),
        ("include/functionfuse/storage/b.hpp", "#include <functionfuse/io/a.hpp>", None),
        ("include/functionfuse/storage/b.hpp", "#include <functionfuse/io/none.hpp>", "not there"),
        ("include/functionfuse/storage/b.hpp", '#include "storage/private.hpp"', "not there"),
        ("include/functionfuse/storage/b.hpp", '#include "../../../src/storage/private.hpp"', "outside"),
        ("include/functionfuse/storage/b.hpp", "#include <nlohmann/json_fwd.hpp>", "public"),
        ("include/functionfuse/storage/b.hpp", "#include <xxhash.h>", "public"),
        ("include/functionfuse/pickle/cereal.hpp", "#include <cereal/cereal.hpp>", None),
        ("include/functionfuse/pickle/b.hpp", "#include <cereal/cereal.hpp>", "public"),
    ],
)
def test_the_check_itself(tmp_path, file, line, expected):
    there = ["error.hpp", "functionfuse.hpp", "io/a.hpp", "storage/s.hpp", "arrays/nd.hpp", "pickle/p.hpp"]
    for name in [f"include/functionfuse/{name}" for name in there] + ["src/storage/private.hpp", file]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / file).write_text(line + "\n")
    found = violations(tmp_path)
    assert (expected is None) == (not found), found
    if expected:
        assert len(found) == 1 and expected in found[0] and file in found[0]
