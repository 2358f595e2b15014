"""What a plugin is told that misses the contract: hooks, API version, names and factories."""

from __future__ import annotations

import pytest

import vaekit
from vaekit import hookspecs
from vaekit.plugins import discover

FINE = "\n@vaekit.hookimpl\ndef register_losses(register):\n    register('fine', dict)\n"


def reasons(site, code, **more):
    site.install("bad-one", code, **more)
    found = site.discover()
    offered = [part.name for part in found.registry if part.distribution == "bad-one"]
    return [b.reason for b in found.broken if b.distribution == "bad-one"], offered


def hook(signature, body="pass", marker="@vaekit.hookimpl", define="def"):
    return f"import vaekit\n\n{marker}\n{define} {signature}:\n    {body}\n"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (hook("register_losses()"), "its hook register_losses takes (), and must take (register)"),
        (
            hook("register_losses(register, more)"),
            "its hook register_losses takes (register, more), and must take (register)",
        ),
        (
            hook("register_losses(b, a, c)"),
            "its hook register_losses takes (b, a, c), and must take (register)",
        ),
        (
            hook("register_losses(register=None)"),
            "its hook register_losses takes (register=None), and must take (register)",
        ),
        (
            hook("register_losses(*, register) -> None"),
            "its hook register_losses takes (*, register), and must take (register)",
        ),
        (
            hook("register_losses(register)", "yield"),
            "its hook register_losses must be a plain function, without yield or async",
        ),
        (
            hook("register_losses(register)", define="async def"),
            "its hook register_losses must be a plain function, without yield or async",
        ),
        (
            hook("register_losses(register)", "yield", "@vaekit.hookimpl(wrapper=True)"),
            "its hook register_losses must be a plain function, without yield or async",
        ),
        (
            hook("mine(register)", marker="@vaekit.hookimpl(specname='register_loss')"),
            "vaekit has no hook 'register_loss'. Did you mean 'register_losses'?",
        ),
        (
            hook("register_encoders(register)", marker="") + FINE,
            "its register_encoders is not marked with @vaekit.hookimpl",
        ),
        ("x = 1", "it offers nothing: no function of it is marked @vaekit.hookimpl"),
        (
            "from vaekit.plugins import discover\ndiscover()\n",
            "it asks for other parts while it is loaded; a factory may, a plugin not",
        ),
    ],
)
def test_a_hook_that_is_not_as_specified(site, code, reason):
    assert reasons(site, code) == ([reason], [])


@pytest.mark.parametrize(
    "code",
    [
        hook("register_losses(register, *, more=1)", "register('fine', dict)"),
        hook(
            "anything(register)",
            "register('fine', dict)",
            "@vaekit.hookimpl(specname='register_losses')",
        ),
        hook("register_futures(later)", marker="@vaekit.hookimpl(optionalhook=True)") + FINE,
        "import vaekit\nvaekit.register_loss('fine', dict)\n",
    ],
)
def test_a_hook_that_is_as_specified_in_its_own_way(site, code):
    assert reasons(site, code) == ([], ["fine"])


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("register(3, dict)", "the loss name must be text, not 3"),
        ("register([], dict)", "the loss name must be text, not []"),
        (
            "register('bad', 3)",
            "the factory of loss 'bad' must be callable, or a text like 'module:attribute', not 3",
        ),
        (
            "register('bad', 'no_colon')",
            "the factory of loss 'bad' must be callable, or a text like 'module:attribute', "
            "not 'no_colon'",
        ),
        ("register('bad', dict, summary=None)", "the summary of loss 'bad' must be text"),
        ("register('tutorial', dict)", "loss 'tutorial' is the kit's own; choose another name"),
        ("vaekit.register_loss('two words', dict)", "'two words' is no name for a part: use lower"),
    ],
)
def test_one_wrong_offer_takes_back_the_others(site, call, reason):
    code = hook("register_losses(register)", f"register('first', dict); {call}")
    (said,), offered = reasons(site, code)
    assert said.startswith(reason)
    assert offered == []


def test_the_second_entry_point_that_offers_a_name_is_broken(site):
    code = hook("register_losses(register)", "register('same', dict)")
    site.install("two-doors", code, points="b = two_doors\na = two_doors")
    found = site.discover()
    assert found.registry.get("loss", "same").distribution == "two-doors"
    (broken,) = (b for b in found.broken if b.distribution == "two-doors")
    assert (broken.entry_point, broken.reason) == ("b", "loss 'same' is registered twice")


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (
            "3",
            "it was written for version 3 of the plugin API, and this vaekit has version 2: "
            "pip install --upgrade vaekit",
        ),
        (
            "0",
            "it was written for version 0 of the plugin API, and the oldest that this vaekit "
            "takes is 1: upgrade the plugin",
        ),
        ("'1'", "its VAEKIT_API_VERSION is '1', and must be a whole number such as 2"),
        ("True", "its VAEKIT_API_VERSION is True, and must be a whole number such as 2"),
        ("1.0", "its VAEKIT_API_VERSION is 1.0, and must be a whole number such as 2"),
    ],
)
def test_another_api_version_is_named_whatever_else_is_wrong(site, stated, reason):
    assert vaekit.API_VERSION == 2
    version = f"VAEKIT_API_VERSION = {stated}\n"
    assert reasons(site, version + "import vaekit\n" + FINE) == ([reason], [])
    site.install("fails-first", version + "import vaekit\nvaekit.of_the_future\n")
    site.install("misspells", version + hook("register_futures(register)"))
    code = f"class Plugin:\n    VAEKIT_API_VERSION = {stated}\nplugin = Plugin()\n"
    site.install("an-object", code, points="x = an_object:plugin")
    broken = {b.distribution: b.reason for b in site.discover().broken}
    assert {broken[name] for name in ("fails-first", "misspells", "an-object")} == {reason}


def test_the_present_api_version_is_taken_and_so_is_none(site):
    code = f"VAEKIT_API_VERSION = {hookspecs.API_VERSION}\nimport vaekit\n" + FINE
    assert reasons(site, code) == ([], ["fine"])
    assert [p.name for p in discover().registry if p.distribution == "vaekit"]


def test_a_distribution_cannot_call_itself_local(site):
    site.install("local", "import vaekit\n" + FINE)
    (broken,) = (b for b in site.discover().broken if b.distribution == "local")
    assert broken.reason == "the name 'local' is kept for parts without a distribution"


def test_damaged_entry_points_take_nothing_down(site):
    info = site.install("bad-one", "import vaekit\n" + FINE)
    (info / "entry_points.txt").write_text("[vaekit]\nno equals sign here\n")
    site.install("z-good", "import vaekit\n" + FINE)
    found = site.discover()
    assert found.registry.get("loss", "fine").distribution == "z-good"
    (broken,) = (b for b in found.broken if b.distribution == "bad-one")
    assert broken.reason.startswith("its entry_points.txt can't be read")
