"""Models: installed whole or not at all, resumed, checked, never outside their folder; and measured."""

import hashlib
import http.server
import io
import json
import re
import stat
import subprocess
import threading
import zipfile

import pytest
from typer.testing import CliRunner

from core.config import load_settings
from ops import models_cli
from transcription import models
from transcription.model_install import ModelNotInstalled, Source, install

NAME = "vosk-model-small-cn-9.9"


def packed(files, top=NAME):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name if name.startswith(("/", ".", "\\")) else f"{top}/{name}", content)
    return out.getvalue()


MODEL = packed({"am/final.mdl": b"m" * 300_000, "conf/model.conf": "x"})


class Official(http.server.BaseHTTPRequestHandler):
    """The publisher: ranges, a list with md5, and a line that breaks after `server.cut` bytes."""

    def do_GET(self):
        body = self.server.files.get(self.path.lstrip("/"))
        if body is None:
            self.send_error(404)
            return
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(asked[1]) if asked else 0
        self.server.asked.append((self.path, begin))
        if begin >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.end_headers()
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        self.wfile.write(body[begin : self.server.cut or None])

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def official():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Official)
    md5 = hashlib.md5(MODEL, usedforsecurity=False).hexdigest()
    server.files = {
        f"{NAME}.zip": MODEL,
        "model-list.json": json.dumps([{"name": NAME, "md5": md5}]).encode(),
    }
    server.asked, server.cut = [], 0
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    server.source = Source(f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(tmp_path):
    folder = tmp_path / "models"
    return load_settings(tmp_path, mode="production", transcription={"models_dir": str(folder)})


def hidden(settings):
    """What an installation left lying about."""
    return [file.name for file in settings.transcription.models_dir.iterdir() if file.name.startswith(".")]


def test_an_official_model_is_fetched_with_progress_checked_and_remembered(settings, official):
    said = []
    model = install(settings, NAME, said.append, official.source)
    assert (model.folder / "am/final.mdl").read_bytes() == b"m" * 300_000
    assert models.choose(settings).name == NAME
    assert models.choose(settings).language == "zh"
    assert sum("下载" in line for line in said) > 3
    assert any("md5 相符" in line for line in said)
    assert any(hashlib.sha256(MODEL).hexdigest() in line and "首次" in line for line in said)
    assert not hidden(settings)
    install(settings, NAME, said.append, official.source)
    assert any("sha256 相符" in line for line in said)


def test_a_broken_download_goes_on_where_it_stopped(settings, official):
    official.cut = 100_000
    with pytest.raises(ModelNotInstalled, match="没有装上"):
        install(settings, NAME, lambda _: None, official.source)
    assert hidden(settings) == [f".{NAME}.zip.part"]
    assert models.choose(settings) is None
    official.cut = 0
    install(settings, NAME, lambda _: None, official.source)
    begins = [begin for path, begin in official.asked if path.endswith(".zip")]
    assert begins[0] == 0
    assert 0 < begins[1] <= 100_000
    assert models.choose(settings).name == NAME
    assert not hidden(settings)


@pytest.mark.parametrize("have", [MODEL, MODEL + b"more"])
def test_a_download_that_was_whole_already_is_used_and_a_longer_one_is_thrown_away(settings, official, have):
    settings.transcription.models_dir.mkdir()
    (settings.transcription.models_dir / f".{NAME}.zip.part").write_bytes(have)
    if have == MODEL:
        install(settings, NAME, lambda _: None, official.source)
        assert models.choose(settings).name == NAME
    else:
        with pytest.raises(ModelNotInstalled):
            install(settings, NAME, lambda _: None, official.source)
    assert not hidden(settings)


def test_a_resumed_download_that_is_wrong_is_removed(settings, official):
    settings.transcription.models_dir.mkdir()
    (settings.transcription.models_dir / f".{NAME}.zip.part").write_bytes(b"x" * 1000)
    with pytest.raises(ModelNotInstalled) as refused:
        install(settings, NAME, lambda _: None, official.source)
    assert "md5" in str(refused.value)
    assert not hidden(settings)
    assert models.choose(settings) is None


def test_a_model_whose_successor_was_killed_between_two_renames_is_still_there(settings, tmp_path):
    file = tmp_path / f"{NAME}.zip"
    file.write_bytes(MODEL)
    folder = settings.transcription.models_dir
    install(settings, str(file), lambda _line: None)
    (folder / NAME).rename(folder / f".{NAME}.old")
    (kept,) = [one for one in models.installed(settings) if not one.stand_in]
    assert (kept.name, kept.language, kept.folder.name) == (NAME, "zh", f".{NAME}.old")
    install(settings, str(file), lambda _line: None)
    (model,) = [one for one in models.installed(settings) if not one.stand_in]
    assert model.folder == folder / NAME
    assert not (folder / f".{NAME}.old").exists()


def test_another_archive_than_before_is_refused_until_the_administrator_accepts_it(settings, tmp_path):
    first, other = tmp_path / "a.zip", tmp_path / "b.zip"
    first.write_bytes(MODEL)
    other.write_bytes(packed({"am/final.mdl": b"other"}))
    install(settings, str(first), lambda _: None)
    with pytest.raises(ModelNotInstalled) as refused:
        install(settings, str(other), lambda _: None)
    assert "accept-changed" in str(refused.value)
    kept = settings.transcription.models_dir / NAME / "am/final.mdl"
    assert kept.read_bytes() != b"other"
    with pytest.raises(ModelNotInstalled):
        install(settings, str(other), lambda _: None, Source(sha256="0" * 64, accept_changed=True))
    install(settings, str(other), lambda _: None, Source(accept_changed=True))
    assert kept.read_bytes() == b"other"


def link():
    entry = zipfile.ZipInfo(f"{NAME}/am")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(entry, "/etc")
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        packed({"am/final.mdl": b"m", "../../escaped": b"!"}),
        packed({"am/final.mdl": b"m", f"{NAME}/../../escaped": b"!"}, top="."),
        packed({"am/final.mdl": b"m", "/tmp/escaped": b"!"}),
        packed({"am/final.mdl": b"m", "..\\..\\escaped": b"!"}),
        link(),
        packed({"am/final.mdl": b"m"}, top="..hidden"),
        packed({"readme": b"no model"}),
        packed({"am/final.mdl": b"m"}, top="another-name"),
        MODEL[:-5000],
        MODEL.replace(b"mmmm", b"mmmn", 1),
        b"not a zip",
    ],
    ids=range(11),
)
def test_a_zip_that_would_escape_or_is_no_whole_model_is_refused(settings, tmp_path, content):
    given = tmp_path / "given.zip"
    given.write_bytes(content)
    with pytest.raises(ModelNotInstalled):
        install(settings, str(given), lambda _: None)
    assert given.exists(), "the administrator's own file is kept"
    assert list(settings.transcription.models_dir.iterdir()) == []
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("name", ["../evil", "vosk-model-../../x", "http://x/y", "nowhere.zip", ""])
def test_names_that_are_no_model_are_refused(settings, name):
    with pytest.raises(ModelNotInstalled):
        install(settings, name, lambda _: None)


def test_the_command_says_that_there_is_no_model(settings, tmp_path):
    (tmp_path / "settings.toml").write_text(
        f'mode = "production"\n[transcription]\nmodels_dir = "{tmp_path}/models"\n'
    )
    shown = CliRunner().invoke(models_cli.app, ["list", "--state-dir", str(tmp_path)])
    assert "没有安装模型；转写关闭" in shown.output


def test_check_measures_every_front_end_and_prints_a_table(tmp_path):
    wav = tmp_path / "speech.wav"
    subprocess.run(["espeak-ng", "-v", "ko", "-w", wav, "수돗물이 나오지 않습니다"], check=True)
    shown = CliRunner().invoke(models_cli.app, ["check", str(wav), "--texts", "--state-dir", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    for row in ("宽带原声", "仅升采样", "补噪声", "频谱折叠"):
        assert row in shown.output
    assert "（基准）" in shown.output
    assert len(re.findall(r"│ +\d\.\d{3} │", shown.output)) == 3
