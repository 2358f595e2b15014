"""Real discovery, from distributions made of a module and a `.dist-info` folder, without pip."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

import vaekit
from vaekit.cli import main
from vaekit.errors import PluginError, UserError
from vaekit.plugins import discover, warn_of_broken

GOOD = """
    import vaekit

    @vaekit.hookimpl
    def register_encoders(register):
        register("good", "good_parts:encoder", summary="A good one.")

    @vaekit.hookimpl
    def register_losses(register):
        register("good", lambda: None)
        register("better", dict, summary="A class.")
"""


def parts_of(found, distribution):
    return {(p.kind, p.name): p for p in found.registry if p.distribution == distribution}


def test_the_kits_own_parts_come_through_the_same_door():
    found = discover()
    assert set(parts_of(found, "vaekit")) >= {
        ("encoder", "conv5"),
        ("decoder", "deconv4"),
        ("loss", "tutorial"),
        ("loss", "elbo"),
        ("loss", "beta"),
        ("dataset", "mnist"),
        ("dataset", "fashion_mnist"),
        ("dataset", "digits"),
    }
    assert all(p.summary for p in parts_of(found, "vaekit").values())
    assert all(p.version == vaekit.__version__ for p in parts_of(found, "vaekit").values())
    assert not [broken for broken in found.broken if broken.distribution == "vaekit"]


def test_discovery_happens_once_a_process(site):
    found = site.discover()
    site.install("late", GOOD)
    assert discover() is found


def test_a_good_plugin_is_found_with_its_distribution_and_version(site):
    site.install("good-plugin", GOOD, version="4.5")
    found = site.discover()
    parts = parts_of(found, "good-plugin")
    assert set(parts) == {("encoder", "good"), ("loss", "good"), ("loss", "better")}
    assert {p.version for p in parts.values()} == {"4.5"}
    assert parts["encoder", "good"].summary == "A good one."
    assert parts["loss", "better"].load() is dict
    assert found.registry.get("encoder", "good@good-plugin") is parts["encoder", "good"]


def test_finding_a_part_given_as_text_does_not_import_it(site):
    site.install("good-plugin", GOOD)
    (site.folder / "good_parts.py").write_text("def encoder(image_shape): pass\n")
    encoder = site.discover().registry.get("encoder", "good")
    assert "good_parts" not in sys.modules
    assert encoder.load().__name__ == "encoder"


def test_a_plugin_may_be_an_object(site):
    code = """
        import vaekit

        class Plugin:
            @vaekit.hookimpl
            def register_decoders(self, register):
                register("good", dict)

        plugin = Plugin()
    """
    site.install("as-object", code)
    (info,) = site.folder.glob("as_object-*")
    (info / "entry_points.txt").write_text("[vaekit]\nmain = as_object:plugin\n")
    assert set(parts_of(site.discover(), "as-object")) == {("decoder", "good")}


def hook(body, name="register_encoders", argument="register"):
    return f"import vaekit\n\n@vaekit.hookimpl\ndef {name}({argument}):\n    {body}\n"


BROKEN = {
    "import": ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_"),
    "syntax": ("def (", "SyntaxError: invalid syntax"),
    "exit": ("import sys; sys.exit('out of here')", "SystemExit: out of here"),
    "exit-code": ("raise SystemExit(3)", "SystemExit: 3"),
    "misspelled": (
        hook("pass", name="register_encoder"),
        "vaekit has no hook 'register_encoder'. Did you mean 'register_encoders'?",
    ),
    "signature": (
        hook("pass", argument="registry"),
        "its hook register_encoders takes (registry), and must take (register)",
    ),
    "raises": (hook("raise RuntimeError('boom')"), "RuntimeError: boom"),
    "raises-nothing": (hook("raise KeyError"), "KeyError"),
    "exit-in-hook": (hook("raise SystemExit('bye')"), "SystemExit: bye"),
    "taken": (hook("register('conv5', dict)"), "encoder 'conv5' is the kit's own"),
    "malformed": (hook("register('Not a name', dict)"), "'Not a name' is no name"),
    "twice": (
        hook("register('same', dict); register('same', list)"),
        "encoder 'same' is registered twice",
    ),
    "register": (hook("register('same')"), "TypeError: "),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_kept_with_its_reason_and_takes_nothing_down(site, kind):
    code, reason = BROKEN[kind]
    site.install("bad-one", code, version="0.9")
    site.install("a-good", GOOD)  # one is loaded before it, one after
    site.install("z-good", GOOD)
    found = site.discover()
    (broken,) = (b for b in found.broken if b.distribution == "bad-one")
    assert (broken.entry_point, broken.version) == ("bad-one-point", "0.9")
    assert broken.reason.startswith(reason)
    assert "Traceback" in broken.traceback
    assert len(parts_of(found, "a-good")) == len(parts_of(found, "z-good")) == 3
    assert found.registry.get("encoder", "conv5").distribution == "vaekit"


def test_several_broken_plugins_are_all_kept(site):
    for number, (code, _) in enumerate(BROKEN.values()):
        site.install(f"bad-{number:02d}", code)
    broken = [b.distribution for b in site.discover().broken if b.distribution.startswith("bad-")]
    assert broken == [f"bad-{number:02d}" for number in range(len(BROKEN))]


def test_a_distribution_without_metadata_takes_nothing_down(site):
    site.install("half-removed", GOOD)
    (info,) = site.folder.glob("half_removed-*")
    (info / "METADATA").unlink()
    found = site.discover()
    assert found.registry.get("encoder", "conv5").distribution == "vaekit"
    assert {p.version for p in parts_of(found, "half_removed").values()} == {"unknown"}


def test_a_plugin_that_raises_what_a_key_does_is_broken(site, tmp_path):
    site.install("bad-one", "raise KeyboardInterrupt")
    (plugin,) = site.discover().broken
    assert (plugin.distribution, plugin.reason) == ("bad-one", "KeyboardInterrupt")
    file = tmp_path / "bad.py"
    file.write_text("raise KeyboardInterrupt")
    with pytest.raises(PluginError, match=r"bad\.py is broken: in line 1, KeyboardInterrupt"):
        vaekit.load_plugin(file)


def test_a_name_that_two_plugins_offer_is_asked_for_in_full(site):
    site.install("b-good", GOOD)
    site.install("a-good", GOOD)
    found = site.discover()
    assert not [b for b in found.broken if b.distribution in ("a-good", "b-good")]
    with pytest.raises(UserError, match="good@a-good or good@b-good"):
        found.registry.get("encoder", "good")
    assert found.registry.get("encoder", "good@b-good").distribution == "b-good"


def test_broken_plugins_are_told_in_a_line_each(site, capsys):
    site.install("bad-one", BROKEN["raises"][0], version="0.9")
    site.discover()
    warn_of_broken()
    lines = capsys.readouterr().err.splitlines()
    expected = "vaekit: plugin bad-one-point of bad-one 0.9 is left out: RuntimeError: boom"
    assert expected in lines


@pytest.mark.parametrize("command", ["train", "bench"])
def test_broken_plugins_are_told_before_what_else_is_wrong(site, command):
    site.install("bad-one", BROKEN["raises"][0], version="0.9")
    site.discover()
    done = CliRunner().invoke(main, [command, "--data", "no/such.npz"], prog_name="vaekit")
    assert done.exit_code == 2
    *before, error = done.stderr.splitlines()
    assert "vaekit: plugin bad-one-point of bad-one 0.9 is left out: RuntimeError: boom" in before
    assert error.startswith("vaekit: There is no file or folder no/such.npz.")


def test_the_command_lists_parts_and_broken_plugins(site):
    site.install("good-plugin", GOOD, version="4.5")
    site.install("bad-one", BROKEN["raises"][0], version="0.9")
    site.discover()
    shown = CliRunner().invoke(main, ["plugins", "list", "--json"])
    assert shown.exit_code == 0
    listed = json.loads(shown.stdout)
    assert {
        "kind": "encoder",
        "name": "good",
        "distribution": "good-plugin",
        "version": "4.5",
        "summary": "A good one.",
    } in listed["parts"]
    (broken,) = (b for b in listed["broken"] if b["distribution"] == "bad-one")
    assert broken["reason"] == "RuntimeError: boom"
    table = CliRunner().invoke(main, ["plugins"])
    assert "broken: bad-one-point of bad-one 0.9: RuntimeError: boom" in table.stdout
    assert "A good one." in table.stdout


HEAVY = {"keras", "tensorflow", "jax", "torch", "good_plugin"}


@pytest.mark.parametrize(
    "code",
    [
        "import vaekit",
        "import vaekit.hookspecs",
        "import vaekit; dir(vaekit); vaekit.__version__; vaekit.hookimpl; vaekit.VAEOutput",
        "from vaekit.cli import main; main(['--help'], standalone_mode=False)",
        "from vaekit.cli import main; main(['train', '--help'], standalone_mode=False)",
    ],
)
def test_neither_keras_nor_a_plugin_is_imported_before_it_is_needed(site, code):
    site.install("good-plugin", GOOD)
    code += "\nimport json, sys; print(); print(json.dumps(list(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(site.folder)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
        timeout=60,
    )
    loaded = {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert "vaekit" in loaded
    assert loaded & {*HEAVY, "vaekit_resnet"} == set()


def test_listing_plugins_imports_them_but_no_keras(site):
    site.install("good-plugin", GOOD)
    code = "from vaekit.plugins import discover; discover()\n"
    code += "import json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(site.folder)},
        check=True,
        timeout=60,
    )
    loaded = {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert loaded & HEAVY == {"good_plugin"}


@pytest.mark.parametrize("name", vaekit.__all__)
def test_every_public_name_resolves_and_is_listed(name):
    assert getattr(vaekit, name) is not None
    assert name in dir(vaekit)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        vaekit.no_such_name  # noqa: B018
