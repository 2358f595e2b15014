"""Which plugins count: those left out, those that clash, those that are there twice."""

from __future__ import annotations

import itertools
import json
import sys

import pytest
from click.testing import CliRunner

from vaekit.cli import main
from vaekit.errors import UnknownNameError, UserError
from vaekit.plugins import discover, selected

OFFER = "import vaekit\n\n@vaekit.hookimpl\ndef register_losses(register):\n    "


@pytest.fixture
def two(site):
    site.install("vaekit-wide", OFFER + "register('wide', dict)\n")
    site.install("Vaekit_Deep", OFFER + "register('deep', dict)\n")
    return site


def listed(*args, **env):
    done = CliRunner().invoke(main, [*args], env=env, prog_name="vaekit")
    assert done.exit_code == 0, done.stderr
    return {row["distribution"] for row in json.loads(done.stdout)["parts"]}


LIST = ("plugins", "list", "--json")


@pytest.mark.parametrize("value", ["1", "true", "Yes", "on"])
def test_one_variable_leaves_only_the_kits_own(two, value):
    discover.cache_clear()
    assert listed(*LIST, VAEKIT_DISABLE_PLUGINS=value) - {"local"} == {"vaekit"}
    assert not {"vaekit_wide", "vaekit_deep"} & set(sys.modules)


@pytest.mark.parametrize("value", ["", "0", "false", "No", "off", " "])
def test_the_variable_can_say_no(two, value):
    discover.cache_clear()
    left = listed(*LIST, VAEKIT_DISABLE_PLUGINS=value)
    assert left >= {"vaekit", "vaekit-wide", "Vaekit_Deep"}


@pytest.mark.parametrize("name", ["vaekit-wide", "vaekit_wide", "Vaekit.Wide", "vaekit-wide-point"])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_plugin_is_left_out_by_either_name_wherever_the_option_stands(two, name, before):
    words = [*LIST]
    words[before:before] = ["--no-plugin", name]
    left = listed(*words)
    assert "Vaekit_Deep" in left
    assert "vaekit-wide" not in left
    assert "vaekit_wide" not in sys.modules
    assert listed(*LIST) >= {"vaekit-wide", "Vaekit_Deep"}  # for that command only


def test_several_plugins_are_left_out(two):
    left = listed("--no-plugin", "vaekit-wide", *LIST, "--no-plugin", "vaekit-deep")
    assert not {"vaekit-wide", "Vaekit_Deep"} & left


@pytest.mark.parametrize("command", [("train",), ("data", "info", "digits"), ("evaluate", "run")])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("vaekit", "'vaekit' is vaekit's own plugin, which can't be left out."),
        ("default", "'default' is vaekit's own plugin, which can't be left out."),
        (
            "vaekit-wid",
            "There is no plugin 'vaekit-wid' to leave out. Did you mean 'vaekit-wide'?",
        ),
    ],
)
def test_a_plugin_that_cannot_be_left_out(two, command, name, said):
    done = CliRunner().invoke(main, [*command, "--no-plugin", name], prog_name="vaekit")
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"vaekit: {said}\n")


@pytest.mark.parametrize("place", [0, 2])
def test_a_choice_ends_with_its_command_even_if_another_option_is_wrong(two, place):
    words = ["plugins", "list"]
    words[place:place] = ["--no-plugin", "vaekit-wide", "--no-plugin", "no-such"]
    assert CliRunner().invoke(main, words).exit_code == 2
    words[place:] = ["--no-plugin", "vaekit-wide", "--plugin", "no-such.py"]
    assert CliRunner().invoke(main, words).exit_code == 2
    assert listed(*LIST) >= {"vaekit-wide", "Vaekit_Deep"}


def test_a_name_that_is_missing_may_be_of_what_was_left_out(two):
    with selected(without=["vaekit-wide"]), pytest.raises(UnknownNameError) as caught:
        discover().registry.get("loss", "wide")
    expected = "Left out by --no-plugin or VAEKIT_DISABLE_PLUGINS: vaekit-wide."
    assert str(caught.value).splitlines()[0].endswith(expected)


def test_a_name_that_is_missing_may_be_of_what_is_broken(site):
    site.install("bad-one", "raise RuntimeError('boom')")
    site.install("bad-two", "import sys; sys.exit('bye')")
    registry = site.discover().registry
    with pytest.raises(UnknownNameError) as caught:
        registry.get("encoder", "conv")
    first, *rest = str(caught.value).splitlines()
    assert first == (
        "There is no encoder 'conv'. Did you mean 'conv5'? It may be of a plugin that is broken:"
    )
    assert rest[-2:] == [
        "  bad-one-point of bad-one 1.2.3: RuntimeError: boom",
        "  bad-two-point of bad-two 1.2.3: SystemExit: bye",
    ]
    with pytest.raises(UserError) as caught:
        registry.get("encoder", "conv@bad_one")
    assert str(caught.value) == (
        "The encoder 'conv@bad_one' can't be had, because the plugin bad-one-point of "
        "bad-one 1.2.3 is broken: RuntimeError: boom"
    )
    for name in ("no-such", "no-such@bad-one"):
        done = CliRunner().invoke(main, ["data", "info", name], prog_name="vaekit")
        assert done.exit_code == 2
        assert "bad-one-point of bad-one 1.2.3" in done.stderr
        assert "RuntimeError: boom" in done.stderr


def test_a_clash_reads_the_same_whatever_the_order_of_installation(site):
    names = ("vaekit-wide", "Vaekit_Also", "another")
    said = set()
    for number, order in enumerate(itertools.permutations(names)):
        folder = site.folder / str(number)
        folder.mkdir()
        fresh = type(site)(folder)
        sys.path.insert(0, str(folder))
        try:
            for name in order:
                fresh.install(name, OFFER + "register('wide', dict)\n")
            found = fresh.discover()
            with pytest.raises(UserError) as caught:
                found.registry.get("loss", "wide")
            said.add(str(caught.value))
            for name in names:
                part = found.registry.get("loss", f"wide@{name.lower().replace('_', '-')}")
                assert part.distribution == name
        finally:
            fresh.forget()
            sys.path.remove(str(folder))
    assert said == {
        "Several plugins offer the loss 'wide': say wide@Vaekit_Also or wide@another or "
        "wide@vaekit-wide."
    }


def test_a_distribution_that_is_on_the_path_twice_clashes_with_nobody(two, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(two.folder)])
    other = two.folder / "other"
    other.mkdir()
    type(two)(other).install("vaekit-wide", OFFER + "register('wide', list)\n", version="0.1")
    monkeypatch.setattr(sys, "path", [*sys.path, str(other)])
    found = two.discover()
    part = found.registry.get("loss", "wide")
    assert (part.version, part.load()) == ("1.2.3", dict)
    assert "vaekit-wide" not in [broken.distribution for broken in found.broken]
