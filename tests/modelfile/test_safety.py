"""Nothing in a model file runs, no other file is opened as one, and a file is written whole or not at all."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
import pickle
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.files import DiskWriteError
from forecasting.modelfile import container
from forecasting.modelfile.writing import write_whole


@pytest.fixture
def fitted():
    y = pd.Series([3.0, 5, 4, 6, 5, 7], index=pd.date_range("2024-01-01", periods=6, freq="D"))
    return fc.SES().fit(y)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "it.model"


class Payload:
    """A pickle of it makes a folder when it is loaded."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


# --- other kinds of file -----------------------------------------------------------------------------------


def test_X01_a_pickle_is_not_opened(path, tmp_path):  # noqa: N802 - the id of its case
    trap = tmp_path / "ran"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Payload(trap), protocol=protocol))
        with pytest.raises(
            fc.UnsafeModelFileError, match=r"a pickle: .*not opened.*save"
        ) as caught:
            fc.load(path)
        assert caught.value.code == "MODEL_FILE_UNSAFE"
    assert not trap.exists()


def test_X06_archives_are_not_unpacked(path, tmp_path):  # noqa: N802
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(1 << 22))
    files = [path.read_bytes(), gzip.compress(bytes(1 << 22))]
    for compress in (0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3)):
        joblib.dump(Payload(tmp_path / "ran"), path, compress=compress)
        files.append(path.read_bytes())
    np.save(path.with_suffix(".npy"), np.zeros(3))
    files.append(path.with_suffix(".npy").read_bytes())
    for data in files:
        path.write_bytes(data)
        with pytest.raises(fc.UnsafeModelFileError):
            fc.load(path)
        with pytest.raises(fc.UnsafeModelFileError):
            fc.read_signature(path)


def test_what_is_no_model_file_says_so(path, tmp_path):
    for data in (b"", b"{}", b"unique_id,ds,y\n", b"\x93forecasting", bytes(1000)):
        path.write_bytes(data)
        with pytest.raises(
            fc.CorruptModelFileError, match=r"save\(path\)|save the forecaster again"
        ):
            fc.load(path)
    with pytest.raises(fc.ModelFileError, match=r"Backtest\.load"):
        fc.load(tmp_path)
    with pytest.raises(fc.ModelFileError, match="No such file"):
        fc.load(tmp_path / "none")
    with pytest.raises(fc.ModelFileError, match="cannot read"):
        fc.load("nul\0")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(fc.ModelFileError, match="no regular file"):
        fc.load(tmp_path / "pipe")


def test_X09_a_module_named_by_a_file_is_not_imported(path, fitted, tmp_path, monkeypatch):  # noqa: N802
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    for heading in ("$class", "$own", "$object"):
        for name in ("trap.Trap", "os.system", "subprocess.Popen", "builtins.eval"):
            recipe = {heading: name, "with": {"alpha": 0.5}}
            content = {"signature": {}, "recipe": recipe, "fitted": None}
            path.write_bytes(b"".join(container.pack(content)))
            with pytest.raises(fc.ModelFileError, match=r"no class is imported|does not have"):
                fc.load(path)
    assert "trap" not in sys.modules


# --- while it loads ------------------------------------------------------------------------------------------

WATCHED = """
    import sys, warnings
    warnings.simplefilter("ignore")
    import forecasting as fc

    files = sys.argv[1:]
    for file in files:  # once before, because libraries import and compile lazily what is theirs
        fc.load(file)

    FORBIDDEN = ("exec", "compile", "import", "os.system", "os.exec", "os.fork", "os.posix_spawn",
                 "os.remove", "os.rename", "os.mkdir", "subprocess.Popen", "socket", "pickle.find_class",
                 "marshal", "shutil", "ctypes.dlopen", "sys.addaudithook", "code.__new__")
    seen, armed = [], False

    def hook(event, args):
        if not armed:
            return
        writes = event == "open" and (set(str(args[1] or "")) & set("wax+") or (args[2] or 0) & 0b11)
        if event.startswith(FORBIDDEN) or writes:
            seen.append((event, repr(args)[:200]))

    sys.addaudithook(hook)
    armed = True
    loaded = [fc.load(file) for file in files]
    armed = False
    assert not seen, seen
    armed = True
    eval("1 + 1")
    armed = False
    assert [event for event, _ in seen] == ["compile", "exec"], seen  # the hook does see
    print(len(loaded))
"""


def test_G13_nothing_runs_is_imported_or_written_during_load(tmp_path):  # noqa: N802
    from sklearn.linear_model import Ridge

    from forecasting.testing import contract_panel

    data = contract_panel(48, 2)
    zoned = data.assign(ds=data["ds"].dt.tz_localize("Europe/Zurich"))
    forecasters = [
        fc.Naive(),
        fc.AutoETS(12),
        fc.Ensemble((fc.DynamicOptimizedTheta(12), fc.Calibrated(fc.Croston()))),
        fc.Fallback((fc.Transformed(fc.SES(), fc.BoxCox()), fc.SeasonalNaive(12))),
        fc.LagRegression(Ridge(), lags=(1, 2)),
        fc.STLForecaster(12, fc.Holt()),
    ]
    files = [
        str(f.fit(zoned if i % 2 else data).save(tmp_path / f"{i}.model"))
        for i, f in enumerate(forecasters)
    ]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WATCHED), *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, f"{len(files)}\n", "") == (done.returncode, done.stdout, done.stderr)


# --- versions and bounds -------------------------------------------------------------------------------------


def signed(data):
    front = data[: container.UNSIGNED]
    digest = hashlib.sha256(front + data[container.PROLOGUE.size :]).digest()
    return front + digest + data[container.PROLOGUE.size :]


def test_X03_a_later_format_is_told_from_damage(path, fitted):  # noqa: N802
    data = bytearray(fitted.save(path).read_bytes())
    data[16:20] = (container.FORMAT + 1).to_bytes(4, "little")
    path.write_bytes(signed(bytes(data)))
    with pytest.raises(fc.VersionMismatchError, match=r"has format 2, .* formats up to 1; install"):
        fc.load(path)
    path.write_bytes(data)  # the digest is that of another number
    with pytest.raises(fc.CorruptModelFileError, match="SHA-256"):
        fc.load(path)


def hostile(header):
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    front = container.PROLOGUE.pack(container.MAGIC, 1, 0, len(text), bytes(32))
    return signed(front + text + bytes(-len(text) % 64))


def test_X06_headers_that_would_not_end_are_refused(path):  # noqa: N802
    place = {"dtype": "<f8", "shape": [0], "offset": 0}
    content = {"signature": {}, "recipe": {"$class": "Naive", "with": {}}, "fitted": None}
    deep: object = 1
    for _ in range(60):
        deep = [deep]
    headers = [
        {"arrays": [place] * (container.MAX_ARRAYS + 1), "content": content},
        {"arrays": [{**place, "shape": [2**62, 2**62]}], "content": content},
        {
            "arrays": [{**place, "shape": [2**40, 0, 2**40]}],
            "content": {**content, "recipe": {"$array": 0}},
        },
        {"arrays": [{**place, "shape": [-8]}], "content": content},
        {"arrays": [{**place, "shape": [64], "offset": 2**63}], "content": content},
        {"arrays": [{**place, "dtype": "|O"}], "content": content},
        {"arrays": [{**place, "dtype": "<U9999999"}], "content": content},
        {"arrays": [], "content": {**content, "recipe": {"$array": -1}}},
        {"arrays": [], "content": {**content, "recipe": deep}},
        b"[" * 100_000,
        b'{"arrays":[],"content":NaN}',
        b'{"arrays":[],"content":' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b" " * (container.MAX_HEADER + 64),
    ]
    for header in headers:
        path.write_bytes(hostile(header))
        with pytest.raises(fc.CorruptModelFileError):
            fc.load(path)


def test_a_file_that_is_larger_than_any_is_not_read(path):
    with path.open("wb") as file:
        file.truncate(container.MAX_FILE + 1)  # a hole: it takes no room
    with pytest.raises(fc.CorruptModelFileError, match="at most"):
        fc.load(path)


def test_an_array_that_overlaps_another_is_refused(path):
    parts = container.pack({"a": np.arange(8.0), "b": np.arange(8.0) + 1})
    data = b"".join(parts)
    twisted = data.replace(b'"offset":64', b'"offset":00')
    assert data != twisted
    with pytest.raises(fc.CorruptModelFileError):
        container.unpack(signed(twisted), "it")
    twisted = data.replace(b'"offset":64', b'"offset":32')
    with pytest.raises(fc.CorruptModelFileError, match="an array lies elsewhere"):
        container.unpack(signed(twisted), "it")


def test_messages_speak_to_a_person(path, fitted):
    data = fitted.save(path).read_bytes()
    at = data.index(b'"$class":"SES"')
    path.write_bytes(signed(data[:at] + b'"$class":"XYZ"' + data[at + 14 :]))
    with pytest.raises(
        fc.ModelFileError, match=r"'XYZ', which this version .* install the version"
    ):
        fc.load(path)
    at = data.index(b'"alpha":null')
    path.write_bytes(signed(data[:at] + b'"alpha": {} ' + data[at + 12 :]))
    with pytest.raises(fc.CorruptModelFileError) as caught:
        fc.load(path)
    assert not any(word in str(caught.value) for word in ("Error", " dict", "ndarray", "None"))


# --- writing -------------------------------------------------------------------------------------------------


def test_the_same_fit_gives_the_same_bytes(tmp_path):
    from forecasting.testing import contract_panel

    data = contract_panel(40)
    data.loc[data["unique_id"] == "s1", "y"] = np.nan  # its record is not filled in by the kernel
    files = []
    for name in ("one", "two"):
        with pytest.warns(fc.FailureWarning):
            fitted = fc.Ensemble((fc.AutoETS(12), fc.Theta(12))).fit(data)
        files.append(fitted.save(tmp_path / name).read_bytes())
    assert files[0] == files[1]


def test_X07_a_link_is_replaced_and_not_written_through(path, fitted, tmp_path):  # noqa: N802
    (tmp_path / "precious").write_text("precious")
    path.symlink_to(tmp_path / "precious")
    fitted.save(path)
    assert "precious" == (tmp_path / "precious").read_text()
    assert not path.is_symlink()
    fc.load(path)


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(("where", "call"), [(os, "open"), (os, "fsync"), (Path, "replace")])
def test_a_call_that_fails_leaves_the_earlier_file_and_nothing_else(
    path, fitted, monkeypatch, where, call
):
    before = fitted.save(path).read_bytes()
    monkeypatch.setattr(where, call, full)
    with pytest.raises(
        DiskWriteError, match="No space left on device; what was there before is intact"
    ):
        fitted.save(path)
    monkeypatch.undo()
    assert [path] == list(path.parent.iterdir())
    assert before == path.read_bytes()


def test_a_disk_that_fills_up_leaves_the_earlier_file_and_nothing_else(path, fitted):
    before = fitted.save(path).read_bytes()
    parts = (b"half" if part == 0 else full() for part in range(2))
    with pytest.raises(DiskWriteError, match="No space left"):
        write_whole(path, parts)
    assert [path] == list(path.parent.iterdir())
    assert before == path.read_bytes()


def test_a_folder_or_an_impossible_name_is_refused(tmp_path, fitted):
    with pytest.raises(DiskWriteError, match="is a folder"):
        fitted.save(tmp_path)
    with pytest.raises(DiskWriteError):
        fitted.save(tmp_path / "nul\0")
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskWriteError):
        fitted.save(tmp_path / "file" / "it.model")
    fitted.save(tmp_path / "new" / "folder" / "it.model")
    fitted.save(tmp_path / ("é" * 120))
