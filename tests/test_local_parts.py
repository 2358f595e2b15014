"""Parts without a distribution: registered by a call, or by a file that `--plugin` names."""

from __future__ import annotations

import inspect
import json
import sys
import textwrap

import keras
import pytest
from click.testing import CliRunner

import vaekit
from tests import small_nets
from tests.installed import WIDE
from vaekit.cli import main
from vaekit.errors import PluginError, RunError, UserError
from vaekit.plugins import discovery
from vaekit.registry import KINDS

FEW = ("--data", "digits", "--epochs", "1", "--limit", "64")


@pytest.fixture
def clean(site, monkeypatch):
    """Nothing is registered by a call, before and after."""
    monkeypatch.setattr(discovery, "_local_parts", {})
    return site


def written(folder, code, name="mine.py"):
    path = folder / name
    path.write_text(textwrap.dedent(code))
    return path


def wide(image_shape, *, units: int = 4):
    inputs = keras.Input(image_shape)
    return keras.Model(inputs, keras.layers.Dense(units)(keras.layers.Flatten()(inputs)))


def command(*args):
    done = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    return done.exit_code, done.stdout, done.stderr


def get(kind, name):
    return discovery.discover().registry.get(kind, name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", [True, False])
def test_every_kind_has_a_call_that_works_before_and_after_discovery(clean, kind, before):
    call = getattr(vaekit, f"register_{kind}")
    assert call.__name__ in dir(vaekit)
    assert kind in inspect.getdoc(call)
    if not before:
        discovery.discover()
    call("mine", wide, summary="Mine.")
    part = get(kind, "mine")
    assert (part.load(), part.summary, part.full_name) == (wide, "Mine.", "mine@local")
    assert get(kind, "mine@local") is part
    clean.discover()
    assert get(kind, "mine") == part


def test_a_notebook_may_register_a_name_again(clean):
    vaekit.register_encoder("mine", wide)
    first = get("encoder", "mine").version
    vaekit.register_encoder("mine", "json:loads")
    assert get("encoder", "mine").load() is json.loads
    vaekit.register_encoder("mine", wide)
    assert get("encoder", "mine").version == first
    assert get("encoder", "mine").version not in ("unknown", "")


@pytest.mark.parametrize(
    ("name", "factory", "said"),
    [
        ("conv5", wide, "encoder 'conv5' is the kit's own"),
        ("Mine", wide, "'Mine' is no name for a part"),
        (3, wide, "the encoder name must be text, not 3"),
        ("mine", 3, "the factory of encoder 'mine' must be callable"),
    ],
)
def test_what_cannot_be_registered_is_refused_at_once(clean, name, factory, said):
    with pytest.raises(PluginError, match=said):
        vaekit.register_encoder(name, factory)
    clean.discover()
    assert "mine" not in discovery.discover().registry.names("encoder")


def test_there_is_no_call_for_what_is_no_kind():
    assert not hasattr(vaekit, "register_nothing")


def test_a_name_that_a_distribution_offers_too_is_asked_for_in_full(clean):
    code = "import vaekit\nvaekit.register_encoder('mine', dict)\n"
    clean.install("vaekit-mine", code)
    clean.discover()
    vaekit.register_encoder("mine", wide)
    with pytest.raises(UserError, match="say mine@local or mine@vaekit-mine"):
        get("encoder", "mine")
    assert get("encoder", "mine@vaekit-mine").load() is dict


@pytest.mark.parametrize("call", [False, True])
def test_a_file_is_loaded_and_loaded_again(clean, tmp_path, call):
    code = textwrap.dedent(WIDE)
    if call:
        code = code[: code.index("@")] + "vaekit.register_encoder('wide', wide)\n"
    file = written(tmp_path, code)
    vaekit.load_plugin(file)
    first = get("encoder", "wide")
    assert (first.distribution, first.source) == ("local", str(file))
    assert first.load()((8, 8, 1)).output_shape == (None, 4)
    file.write_text(code.replace("= 4", "= 7"))
    vaekit.load_plugin(file)
    second = get("encoder", "wide")
    assert second.load()((8, 8, 1)).output_shape == (None, 7)
    assert first.version != second.version
    assert not list(tmp_path.glob("__pycache__"))
    with pytest.raises(PluginError, match=r"'wide' is registered by .*mine\.py already"):
        vaekit.register_encoder("wide", wide)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import no_such_module_at_all", "in line 1, ModuleNotFoundError: No module named"),
        ("x = 1\n\nraise SystemExit('bye')", "in line 3, SystemExit: bye"),
        ("def (", "SyntaxError: invalid syntax"),
        (WIDE.replace("encoders", "encoder"), "vaekit has no hook 'register_encoder'. Did you"),
        (WIDE.replace('"wide"', '"conv5"'), "encoder 'conv5' is the kit's own"),
        ("x = 1", "it offers nothing: no function of it is marked @vaekit.hookimpl"),
        ("VAEKIT_API_VERSION = 3", "it was written for version 3 of the plugin API"),
    ],
)
def test_a_broken_file_is_a_sentence(clean, tmp_path, code, said):
    file = written(tmp_path, code)
    for words in (("plugins", "list", "--plugin", file), ("--plugin", file, "plugins")):
        status, out, err = command(*words)
        assert (status, out) == (2, "")
        assert err.startswith("vaekit: ")
        assert said in err
        assert str(file) in err
        assert len(err.splitlines()) == 1
    assert not [m for m in sys.modules.values() if getattr(m, "__file__", None) == str(file)]


def test_a_file_that_hangs(clean, tmp_path, monkeypatch):
    monkeypatch.setenv("VAEKIT_PLUGIN_TIMEOUT", "0.5")
    file = written(tmp_path, "import time\nwhile True: time.sleep(0.01)\n")
    with pytest.raises(PluginError, match=r"is broken: it was not loaded after 0\.5 s"):
        vaekit.load_plugin(file)


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.py", "There is no plugin file none.py."), ("mine.txt", "is not a Python file")],
)
def test_what_is_no_plugin_file(clean, tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").touch()
    status, out, err = command("train", "--plugin", name)
    assert (status, out) == (2, "")
    assert err.startswith("vaekit: ")
    assert said in err


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of a part that comes from a file."""
    folder = tmp_path_factory.mktemp("local")
    file = written(folder, WIDE)
    run = folder / "run"
    words = ("train", "--encoder", "wide", *FEW, "--plugin", file, "--out", run)
    status, _, err = command(*words)
    assert status == 0, err
    return run, file


def test_a_run_records_the_file_and_a_digest_of_its_content(made):
    run, file = made
    part = json.loads((run / "run.json").read_text())["parts"]["encoder"]
    assert (part["name"], part["distribution"], part["source"]) == ("wide", "local", str(file))
    assert part["version"] not in ("unknown", "")


def test_a_run_of_a_file_goes_on_with_the_file_and_says_so_without(clean, made):
    run, file = made
    status, out, err = command("--plugin", file, "evaluate", run, "--limit", "16")
    assert (status, err) == (0, "")
    assert "elbo" in out
    status, out, err = command("resume", run, "--epochs", "2", "--plugin", file)
    assert (status, err.count("Traceback")) == (0, 0), err
    status, out, err = command("evaluate", run)
    assert (status, out) == (2, "")
    assert err == (
        f"vaekit: The run was made with the encoder 'wide', which is not loaded: --plugin {file}\n"
    )
    with pytest.raises(RunError, match=r"is not loaded: vaekit\.load_plugin"):
        vaekit.load(run)
    vaekit.load_plugin(file)
    assert vaekit.load(run).config.encoder == "wide"


def test_a_file_that_has_changed_is_told(clean, made, tmp_path):
    run, _ = made
    file = written(tmp_path, "# new\n" + textwrap.dedent(WIDE))
    status, _, err = command("evaluate", run, "--limit", "16", "--plugin", file)
    said = f"The content of {file} has changed since the run was made."
    assert (status, err) == (0, f"vaekit: {said}\n")
    file.write_text(textwrap.dedent(WIDE).replace("Dense(units)", "Dense(2 * units)"))
    status, _, err = command("evaluate", run, "--plugin", file)
    assert status == 2
    assert err.startswith("vaekit: The checkpoint ")
    assert err.endswith(f"{said}\n")


def test_a_run_of_a_call_says_what_to_call(clean, tmp_path):
    vaekit.register_encoder("called", wide)
    vaekit.register_decoder("small", small_nets.decoder)
    out = str(tmp_path / "run")
    few = {"epochs": 1, "limit": 16, "batch_size": 8, "progress": False}
    vaekit.train("called", "small", data="digits", out=out, **few)
    assert vaekit.load(out).config.encoder == "called"
    discovery._local_parts.clear()
    clean.discover()
    with pytest.raises(RunError, match=r"call vaekit\.register_encoder\('called', \.\.\.\)"):
        vaekit.load(out)
