"""C++ reads pickles of Python's and writes them again: Python must find the same objects in both.

The probe (programs/pickle_probe.cpp) does what is asked of it for a whole list of files at once.
"""

import base64
import hashlib
import io
import json
import os
import pathlib
import pickle
import pickletools
import re
import subprocess
import sys

import numpy as np
import pytest

import zoo
from same import check_same

DATA = pathlib.Path(os.environ.get("FUNCTIONFUSE_TEST_DATA", pathlib.Path(__file__).parent.parent / "data"))
GOLDEN = DATA / "golden"
PROBE = pathlib.Path(os.environ["FUNCTIONFUSE_BUILD"]) / "tests" / "programs" / "pickle_probe"

sys.setrecursionlimit(20000)


def probe(command, folder, pickles):
    """{name: bytes} -> {name: what the probe wrote}; one run for all."""
    names = {name: str(i) for i, name in enumerate(pickles)}
    for name, data in pickles.items():
        (folder / names[name]).write_bytes(data)
    lines = "".join(f"{command} {folder / f} {folder / f}.out\n" for f in names.values())
    run = subprocess.run([PROBE], input=lines, capture_output=True, text=True)
    answers = run.stdout.splitlines()
    assert run.returncode == 0 and len(answers) == len(names), run.stderr
    failed = {name: answer for name, answer in zip(names, answers) if answer != "ok"}
    assert not failed
    return {name: (folder / f"{f}.out").read_bytes() for name, f in names.items()}


class Unpickler(pickle.Unpickler):
    """Keeps persistent ids as what they are."""

    def persistent_load(self, persistent_id):
        return zoo.Plain(persistent_id=persistent_id)


def loads(data, **options):
    return Unpickler(io.BytesIO(data), **options).load()


def check_all_same(folder, pickles, original=loads):
    resaved = probe("resave", folder, pickles)
    for name, data in pickles.items():
        try:
            check_same(original(data), loads(resaved[name]))
        except Exception as error:
            raise AssertionError(f"{name}: {error}") from error


# The golden storages.


def entries():
    return json.loads((GOLDEN / "manifest.json").read_text())["entries"]


def task_path(entry):
    root = GOLDEN / "file" if entry["storage"] == "file" else GOLDEN / "s3" / "golden" / "st"
    return root / entry["workflow"] / entry["task"]


def task_name(entry):
    return "{storage}/{workflow}/{task}".format(**entry)


def golden_pickles():
    pickles = {}
    for entry in entries():
        data = task_path(entry).read_bytes()
        assert len(data) == entry["size"]
        assert hashlib.sha1(data[:-20]).digest() == data[-20:] == bytes.fromhex(entry["sha1_trailer"])
        pickles[task_name(entry)] = data[:-20]
    return pickles


def importable(names):
    for name in names:
        try:
            __import__(re.split(r"[. ]", name)[0])
        except ImportError:
            return False
    return True


def test_golden_storages_resaved(tmp_path):
    pickles = golden_pickles()
    for entry in entries():
        if not importable(entry["globals"]):
            del pickles[task_name(entry)]
    assert len(pickles) > 250
    check_all_same(tmp_path, pickles)


def test_golden_storages_described(tmp_path):
    described = probe("describe", tmp_path, golden_pickles())
    for entry in entries():
        name = task_name(entry)
        try:
            Matcher(entry).match(entry["expected"], json.loads(described[name]), name)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


class Matcher:
    """Compares an `expected` of the manifest with what the probe says."""

    def __init__(self, entry):
        self.entry = entry
        self.objects = {}  # of the probe, by its ids
        self.ids = {}  # of the manifest: ids of the probe

    def index(self, found):
        todo = [found]
        while todo:
            x = todo.pop()
            if isinstance(x, dict):
                if "id" in x:
                    self.objects[x["id"]] = x
                todo.extend(x.values())
            elif isinstance(x, list):
                todo.extend(x)

    def match(self, expected, found, place):
        if not self.objects:
            self.index(found)
        found_id = found.get("ref", found.get("id"))
        if "ref" in expected:
            assert found_id == self.ids[expected["ref"]], place
            return
        if "id" in expected:
            assert found_id is not None, place
            # Where the object is first in both; short texts and empty tuples are one in Python.
            known = self.ids.setdefault(expected["id"], found_id)
            assert known == found_id, place
        if "ref" in found:
            found = self.objects[found["ref"]]
        getattr(self, "match_" + expected["t"].replace(".", "_"))(expected, found, place)

    def match_None(self, expected, found, place):
        assert found["t"] == "None", place

    def match_bool(self, expected, found, place):
        assert found["t"] == "bool" and found["v"] == expected["v"], place

    def match_int(self, expected, found, place):
        assert found["t"] == "int", place
        text = found["v"]
        if "v" in expected:
            assert text == expected["v"], place
        else:
            assert int(text, 16 if "0x" in text else 10) == int(expected["hex"], 16), place

    def match_float(self, expected, found, place):
        assert found["t"] == "float" and found["bits"] == expected["bits"], place

    def match_complex(self, expected, found, place):
        assert found["t"] == "complex", place
        assert found["bits"] == [expected["re"]["bits"], expected["im"]["bits"]], place

    def match_str(self, expected, found, place):
        assert found["t"] == "str", place
        data = bytes.fromhex(found["hex"])
        assert len(data.decode("utf-8", "surrogatepass")) == expected["len"], place
        assert hashlib.sha256(data).hexdigest() == expected["utf8_sha256"], place

    def match_bytes(self, expected, found, place):
        assert found["t"] == expected["t"], place
        data = bytes.fromhex(found["hex"])
        assert len(data) == expected["len"], place
        assert hashlib.sha256(data).hexdigest() == expected["sha256"], place

    match_bytearray = match_bytes

    def match_list(self, expected, found, place):
        assert found["t"] == expected["t"], place
        items = found["items"]
        if "rule" in expected:
            assert len(items) == expected["len"], place
            self.match_rule(expected["rule"], items, place)
            for i, item in enumerate(expected["first"]):
                self.match(item, items[i], f"{place}[{i}]")
            for i, item in enumerate(reversed(expected["last"])):
                if "ref" not in item or item["ref"] in self.ids:
                    self.match(item, items[-1 - i], f"{place}[-{i + 1}]")
            return
        assert len(items) == len(expected["items"]), place
        for i, (x, y) in enumerate(zip(expected["items"], items)):
            self.match(x, y, f"{place}[{i}]")

    match_tuple = match_list

    def match_set(self, expected, found, place):
        assert found["t"] == expected["t"], place
        items = found["items"]
        if "rule" in expected:
            assert len(items) == expected["len"], place
            self.match_rule(expected["rule"], items, place)
            return
        assert len(items) == len(expected["unordered"]), place
        left = list(items)
        for x in expected["unordered"]:
            for y in left:
                ids = dict(self.ids)
                try:
                    self.match(x, y, place)
                except AssertionError:
                    self.ids = ids
                    continue
                left.remove(y)
                break
            else:
                raise AssertionError(f"{place}: no {x}")

    match_frozenset = match_set

    def match_dict(self, expected, found, place):
        assert found["t"] == "dict", place
        items = found["items"]
        if "rule" in expected:
            assert len(items) == expected["len"], place
            keys, values = expected["rule"].split(" -> ")
            self.match_rule(keys, [k for k, _ in items], place)
            self.match_rule(values, [v for _, v in items], place)
            return
        assert len(items) == len(expected["items"]), place
        for x, y in zip(expected["items"], items):
            self.match(x[0], y[0], place + " key")
            self.match(x[1], y[1], f"{place}[{bytes.fromhex(self.resolved(y[0]).get('hex', ''))}]")

    def resolved(self, found):
        return self.objects[found["ref"]] if "ref" in found else found

    def match_rule(self, rule, items, place):
        rule_re = r"(sorted: )?(\d+) x (\[.*\]), sha256 of '\\n'.join\(repr\(x\)\) = ([0-9a-f]{64})"
        is_sorted, count, types, digest = re.fullmatch(rule_re, rule).groups()
        objects = [self.built(x) for x in items]
        if is_sorted:
            objects.sort()
        assert len(objects) == int(count), place
        assert repr(sorted({type(x).__name__ for x in objects})) == types, place
        text = "\n".join(repr(x) for x in objects)
        assert hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() == digest, place

    def built(self, found):
        found = self.resolved(found)
        kind = found["t"]
        if kind == "int":
            return int(found["v"])
        if kind == "float":
            return np.uint64(int(found["bits"], 16)).view("f8").item()
        if kind == "str":
            return bytes.fromhex(found["hex"]).decode("utf-8", "surrogatepass")
        if kind == "list":
            return [self.built(x) for x in found["items"]]
        if kind == "tuple":
            return tuple(self.built(x) for x in found["items"])
        raise AssertionError(kind)

    def match_ndarray(self, expected, found, place):
        if "items" in expected:  # of Python objects: opaque
            assert (found["t"], bytes.fromhex(found["class"])) == ("object", b"numpy.ndarray"), place
            return
        assert found["t"] == "ndarray", place
        assert bytes.fromhex(found["dtype"]).decode() == expected["dtype"], place
        assert found["shape"] == expected["shape"], place
        if expected["c_contiguous"] or expected["f_contiguous"]:
            for key in ("c_contiguous", "f_contiguous"):
                assert found[key] == expected[key], f"{place}: {key}"
        else:  # what was saved was a part of an array
            assert found["c_contiguous"], place
        data = bytes.fromhex(found["hex"])
        assert len(data) == expected["nbytes"], place
        assert hashlib.sha256(data).hexdigest() == expected["c_order_sha256"], place

    def match_npscalar(self, expected, found, place):
        assert found["t"] == "npscalar", place
        assert bytes.fromhex(found["dtype"]).decode() == expected["dtype"], place
        assert bytes.fromhex(found["hex"]) == base64.b64decode(expected["b64"]), place
        assert bytes.fromhex(found["repr"]).decode() == expected["repr"], place

    def match_npdtype(self, expected, found, place):
        if expected["str"] == "|O":  # of Python objects: opaque
            assert (found["t"], bytes.fromhex(found["class"])) == ("object", b"numpy.dtype"), place
            return
        assert found["t"] == "npdtype", place
        assert bytes.fromhex(found["str"]).decode() == expected["str"], place

    def match_global(self, expected, found, place):
        if found["t"] == "object":  # type(None) and str.upper are pickled as calls
            assert bytes.fromhex(found["class"]) in (b"builtins.type", b"builtins.getattr"), place
            return
        assert bytes.fromhex(found["module"]).decode() == expected["module"], place
        assert bytes.fromhex(found["qualname"]).decode() == expected["qualname"], place

    def match_Ellipsis(self, expected, found, place):
        assert bytes.fromhex(found["qualname"]).decode() == expected["t"], place

    match_NotImplemented = match_Ellipsis

    def match_object(self, expected, found, place):
        assert found["t"] == "object", place
        name = bytes.fromhex(found["class"]).decode()
        if name == "tblib.pickling_support.unpickle_exception":  # as dask has exceptions pickled
            assert expected["class"] == "builtins.ValueError", place
            return
        assert name == expected["class"], place

    def match_dask_array(self, expected, found, place):
        assert found["t"] == "persistent", place
        names = [bytes.fromhex(found[key]).decode() for key in ("name", "version", "filename")]
        assert names[:2] == ["HDFSerializer", "0.0.0"], place
        assert ["HDFSerializer", ["0.0.0", names[2]]] in self.entry["persistent_ids"], place


# Objects of every sort, in every protocol.


def unframed(data):
    """Without the FRAME opcodes."""
    frames = [at for op, _, at in pickletools.genops(data) if op.name == "FRAME"]
    for at in reversed(frames):
        data = data[:at] + data[at + 9 :]
    return data


def python_dumps(x, protocol):
    """By the pickler that is written in Python."""
    file = io.BytesIO()
    pickle._Pickler(file, protocol).dump(x)
    return file.getvalue()


def pickled(x):
    """Every pickle of x that Python can make: {how: bytes}. Not all can in the old protocols."""
    for protocol in range(6):
        for name, dumps in (("C", pickle.dumps), ("Python", python_dumps)):
            try:
                data = dumps(x, protocol)
                check_same(pickle.loads(data), pickle.loads(data))
            except Exception:
                assert protocol < 4 or name == "Python", (protocol, name)
                continue
            yield f"{name}-{protocol}", data
            if protocol >= 4 and name == "C":
                yield f"unframed-{protocol}", unframed(data)
                yield f"optimized-{protocol}", pickletools.optimize(data)


@pytest.mark.parametrize("group", zoo.GROUPS)
def test_python_objects_resaved(group, tmp_path):
    pickles = {}
    for name, x in zoo.GROUPS[group]():
        for how, data in pickled(x):
            pickles[f"{name} {how}"] = data
    # numpy keeps another byte order in protocol 5, and makes it the machine's in protocol 4.
    check_all_same(tmp_path, pickles, lambda data: pickle.loads(pickle.dumps(pickle.loads(data), 4)))


def test_resaved_pickles_are_read_by_the_pickler_written_in_python(tmp_path):
    """It is the stricter one: no opcode may lie in two frames."""
    pickles = {f"{group} {name}": pickle.dumps(x, 4) for group in zoo.GROUPS for name, x in zoo.GROUPS[group]()}
    resaved = probe("resave", tmp_path, pickles)
    for name, data in resaved.items():
        list(pickletools.genops(data))
        if name.startswith("cycles"):  # slow or not possible there
            continue
        pickle._Unpickler(io.BytesIO(data)).load()


def test_resaved_again_and_again_gives_the_same_bytes(tmp_path):
    """From the second time on: at first, what only an array's pickle refers to still counts as shared."""
    pickles = {f"{group} {name}": pickle.dumps(x, 4) for group in zoo.GROUPS for name, x in zoo.GROUPS[group]()}
    twice = probe("resave", tmp_path, probe("resave", tmp_path, pickles))
    assert probe("resave", tmp_path, twice) == twice


def test_numpy_2_names(tmp_path):
    pickles, originals = {}, {}
    for name, x in [*zoo.numpy_arrays(), *zoo.numpy_others()]:
        for protocol in (0, 2, 4, 5):
            data = unframed(pickle.dumps(x, protocol)) if protocol > 3 else pickle.dumps(x, protocol)
            data = data.replace(b"cnumpy.core.", b"cnumpy._core.")
            for module in (b"numpy.core.multiarray", b"numpy.core.numeric"):
                spelled = module.replace(b"core", b"_core")
                data = data.replace(b"\x8c" + bytes([len(module)]) + module, b"\x8c" + bytes([len(spelled)]) + spelled)
            if b"numpy._core" in data:
                pickles[f"{name} {protocol}"], originals[f"{name} {protocol}"] = data, x
    assert len(pickles) > 200
    resaved = probe("resave", tmp_path, pickles)
    for name, data in resaved.items():
        if b"numpy._core" in data:  # of an opaque object, which stays as it is
            assert re.match("objects|object_field|subclass|matrix|recarray|masked|random|rank_32_O|many|scalar|ufunc", name), name
        else:
            check_same(pickle.loads(pickle.dumps(originals[name])), pickle.loads(data))


# What only Python 2 wrote.

PYTHON_2 = {
    "ints": (b"(I1\nI-5\nL12345678901234567890L\nL-1L\nI00\nI01\nt.", (1, -5, 12345678901234567890, -1, False, True)),
    "floats": (b"(F1.5\nF-inf\nFnan\nF1e-400\nF0.1\nt.", (1.5, -np.inf, np.nan, 0.0, 0.1)),
    "string": (b"(S'a'\nS\"it's\"\nS'\\x41\\n\\\\\\''\nS''\nt.", ("a", "it's", "A\n\\'", "")),
    "octal": (b"S'\\101\\7\\60'\n.", "A\x070"),
    "not ascii": (b"(S'\\xff'\nU\x02\xc3\xa9T\x01\x00\x00\x00\x80t.", (b"\xff", b"\xc3\xa9", b"\x80")),
    "binstring": (b"\x80\x02(U\x03abcT\x04\x00\x00\x00defgU\x00t.", ("abc", "defg", "")),
    "unicode": (b"(Va\\u00e9\nV\\u005c\nV\\\\\nV\xe9\nV\\U0001f600\nt.", ("aé", "\\", "\\\\", "é", "\U0001f600")),
    "containers": (b"(lp0\n(dp1\nI1\n(I2\ntsag0\na.", None),
    "inst": (b"(S'a'\nI1\nizoo\nReduce\n.", zoo.Reduce("a", 1)),
    "inst bare": (b"(izoo\nPlain\np0\n(dp1\nS'x'\np2\nI5\nsb.", zoo.Plain(x=5)),
    "obj": (b"(czoo\nReduce\nK\x01K\x02o.", zoo.Reduce(1, 2)),
    "obj bare": (b"(czoo\nPlain\no}U\x01xK\x07sb.", zoo.Plain(x=7)),
    "set": (b"c__builtin__\nset\n((lI1\naI2\natR.", {1, 2}),
    "frozenset": (b"\x80\x02c__builtin__\nfrozenset\n]K\x01a\x85R.", frozenset([1])),
    "complex": (b"c__builtin__\ncomplex\n(F1\nF2\ntR.", 1 + 2j),
    "range": (b"c__builtin__\nxrange\n(I0\nI5\nI1\ntR.", range(5)),
    "unicode class": (b"(c__builtin__\nunicode\nc__builtin__\nlong\nc__builtin__\nunichr\nt.", (str, int, chr)),
    "exception": (b"cexceptions\nStandardError\n(S'x'\ntR.", None),
    "reconstructor": (b"ccopy_reg\n_reconstructor\n(czoo\nPlain\nc__builtin__\nobject\nNtR(dS'x'\nI1\nsb.", zoo.Plain(x=1)),
    "newobj": (b"ccopy_reg\n__newobj__\n(czoo\nPlain\ntR(dS'x'\nI1\nsb.", zoo.Plain(x=1)),
    "dict subclass": (b"\x80\x02ccollections\nOrderedDict\n]](U\x01aK\x01ea\x85R.", None),
    "bytearray": (b"\x80\x02c__builtin__\nbytearray\nX\x04\x00\x00\x00a\xc3\xa9bU\x07latin-1\x86R.", bytearray(b"a\xe9b")),
    "itertools": (b"citertools\nizip\n.", zip),
    "string io": (b"ccStringIO\nStringIO\n.", io.StringIO),
    "user dict": (b"cUserDict\nIterableUserDict\n.", None),
}


def test_python_2(tmp_path):
    def original(data):
        return loads(data) if data in ascii_only else dict(PYTHON_2.values())[data]

    ascii_only = {data for name, (data, _) in PYTHON_2.items() if name != "not ascii"}
    check_all_same(tmp_path, {name: data for name, (data, _) in PYTHON_2.items()}, original)
    for name, (data, expected) in PYTHON_2.items():
        if expected is not None and data in ascii_only:
            check_same(loads(pickle.dumps(expected, 4)), loads(pickle.dumps(loads(data), 4)))


def test_names_of_python_2_are_those_of_python_3(tmp_path):
    """The whole of the table by which pickle.loads translates them."""
    import _compat_pickle

    names = list(_compat_pickle.NAME_MAPPING)
    names += [(module, "some_name") for module in _compat_pickle.IMPORT_MAPPING]
    pickles = {f"{module} {name}": f"c{module}\n{name}\n.".encode() for module, name in names}
    described = probe("describe", tmp_path, pickles)
    for module, name in names:
        found = json.loads(described[f"{module} {name}"])
        if (module, name) in _compat_pickle.NAME_MAPPING:
            expected = _compat_pickle.NAME_MAPPING[module, name]
        else:
            expected = _compat_pickle.IMPORT_MAPPING[module], name
        assert (bytes.fromhex(found["module"]).decode(), bytes.fromhex(found["qualname"]).decode()) == expected
