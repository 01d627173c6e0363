"""Harmful input, made here: nothing is written outside, nothing runs for ever, nothing is executed."""

import gzip
import io
import json
import os
import pickle
import re
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from dotbench.config import inputs
from dotbench.datasets.catalogue import load_dataset
from dotbench.datasets.definition import Member
from dotbench.datasets.fetch import fetch
from dotbench.datasets.unpack import ALWAYS, unpack
from dotbench.errors import DotbenchError
from dotbench.files import read_arrays
from dotbench.reporting.formats import Column, render_page
from dotbench.site.build import script_json
from dotbench.solvers.checkpoint import load
from dotbench.yaml_lines import read_yaml

Define = Callable[..., Path]
FORMAT = {"columns": {"user": 0, "item": 1}}
LEAVING = ["../../../x", "/etc/passwd", "a/../../x", "..", "", "a\\..\\x", "a\0b"]


def zipped(**content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in content.items():
            bundle.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize("path", LEAVING)
@pytest.mark.parametrize("key", ["member", "folder"])
def test_a_definition_cannot_name_what_lies_outside(define: Define, path: str, key: str) -> None:
    source: dict[str, Any] = {"urls": ["http://127.0.0.1:9/x.zip"], "members": [{"path": "in/side.csv"}]}
    source |= {"members": [{"path": path}]} if key == "member" else {"folder": path}
    define("own", source=source, format=FORMAT)
    with pytest.raises(DotbenchError, match=r"own\.yaml, line \d+: .*allowed is a relative path"):
        load_dataset("own")


@pytest.mark.parametrize("end", ["%2e%2e", "a%2f%2e%2e", "%00", "..", ".", "%2e", "", "a%2fb", "%0a"])
def test_an_address_names_no_file_outside(
    define: Define, workdir: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dotbench.datasets.download.TRIES", 1)
    define("own", source={"urls": [f"http://127.0.0.1:9/{end}"]}, format=FORMAT)
    with pytest.raises(DotbenchError, match="own"):
        fetch("own", workdir / "resources" / "own", lambda text: None)
    inside = workdir / "resources" / "own"
    assert all(path == inside or inside in path.parents for path in (workdir / "resources").rglob("*"))


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_an_archive_does_not_unpack_to_a_thousand_times_its_size(workdir: Path, kind: str) -> None:
    zeros = bytes(ALWAYS + 1)
    archive = Path(f"bomb.{kind}")
    archive.write_bytes(zipped(zeros=zeros) if kind == "zip" else gzip.compress(zeros, 1))
    assert archive.stat().st_size * 100 < ALWAYS
    with pytest.raises(DotbenchError, match=r"bomb.*'zeros' is larger than 100,000,000 bytes, .*state 'bytes'"):
        unpack(archive, Member(path="zeros"), Path("out"), lambda path: True)
    assert not Path("out").exists()
    assert [path.name for path in Path().iterdir()] == [archive.name]
    assert unpack(archive, Member(path="zeros", bytes=len(zeros)), Path("out"), lambda path: True)
    with pytest.raises(DotbenchError, match="larger than 5 bytes, the size that the definition states"):
        unpack(archive, Member(path="zeros", bytes=5), Path("out"), lambda path: True)


def test_a_link_in_an_archive_is_a_file(workdir: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile("links.zip", "w") as bundle:
        bundle.writestr(info, "/etc/passwd")
    assert unpack(Path("links.zip"), Member(path="link"), Path("out"), lambda path: True)
    assert not Path("out").is_symlink()
    assert Path("out").read_text() == "/etc/passwd"


def test_aliases_of_aliases_are_refused_at_once(workdir: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    Path("bomb.yaml").write_text("\n".join(lines))
    with pytest.raises(DotbenchError, match=r"bomb\.yaml: its aliases expand to more than 100,000 values"):
        read_yaml("bomb.yaml")
    Path("few.yaml").write_text("\n".join(lines[:3]))
    assert len(read_yaml("few.yaml")["a2"]) == 9


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system [touch harmed]", "!!python/name:os.system ''", "!x y"]
)
def test_a_tag_of_yaml_makes_no_object(workdir: Path, tag: str) -> None:
    Path("tag.yaml").write_text(f"name: {tag}\n")
    with pytest.raises(DotbenchError, match=r"tag\.yaml, line 1: not valid YAML"):
        read_yaml("tag.yaml")
    assert not Path("harmed").exists()


class Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("harmed",)


def test_a_checkpoint_holds_arrays_alone(workdir: Path) -> None:
    for write in (lambda: torch.save(Harm(), "fit.pt"), lambda: Path("fit.pt").write_bytes(pickle.dumps(Harm()))):
        write()
        said: list[str] = []
        assert load(Path("fit.pt"), "key", "cpu", said.append) is None
        assert "not used, because it cannot be read" in said[0]
        assert not Path("harmed").exists()


def test_arrays_of_objects_are_refused(workdir: Path) -> None:
    import numpy as np

    np.save("objects.npy", np.array([Harm()], dtype=object), allow_pickle=True)
    with pytest.raises(DotbenchError, match=r"objects\.npy"):
        read_arrays("objects.npy")
    assert not Path("harmed").exists()


HARMFUL = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a | b",
    "a\n| b |",
    "`x` & *y* _z_",
    "]]>",
]


@pytest.mark.parametrize("text", HARMFUL)
def test_a_label_stays_in_its_cell(text: str) -> None:
    page = render_page({"Part": ([{"m": text}, {"m": "other"}], [Column("Method", lambda row: row["m"])])}, [])
    assert "<script" not in page["html"].replace("&lt;script", "")
    assert "<img" not in page["html"]
    rows = [line for line in page["md"].splitlines() if line.startswith("|")]
    assert len(rows) == 4  # head, rule, two methods
    assert all(len(line.replace("\\|", "").strip("|").split("|")) == 1 for line in rows)


@pytest.mark.parametrize("text", [*HARMFUL, "\u2028", "<!--"])
def test_a_label_does_not_end_the_script_of_the_page(text: str) -> None:
    assert not {"<", "\u2028"} & set(script_json({"label": text}))


SAFE = {"folder", "data", "manifest", "side", "files"}  # paths of results, whose parts are names of a few letters
QUOTED = {"options"}  # in the place where they are made
RULES = Path(__file__).parents[2] / "rules"


def test_what_users_write_is_quoted_in_every_command() -> None:
    """Labels, settings and definitions reach a shell as parameters: quoted, all but paths that rules constrain."""
    shells = [shell for file in RULES.glob("*.smk") for shell in file.read_text().split("    shell:\n")[1:]]
    commands = [found for shell in shells for found in re.findall(r"{params\.(\w+)(:q)?}", shell.split("\n\n\n")[0])]
    assert len(commands) > 20
    assert {name for name, quoted in commands if not quoted} == SAFE | QUOTED


def test_settings_of_features_are_one_word_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    harmful = "'; touch hacked; echo '$(touch hacked)`touch hacked`"
    chosen = SimpleNamespace(name="aspects", settings=SimpleNamespace(model_dump=lambda **_: {"word": harmful}))
    monkeypatch.setattr(inputs, "from_label", lambda label: chosen)
    words = shlex.split(inputs.Inputs.feature_options(None, SimpleNamespace(features="aspects")))  # type: ignore[arg-type]
    assert words[:3] == ["--features", "aspects", "--settings"]
    assert [json.loads(word) for word in words[3:]] == [{"word": harmful}]
