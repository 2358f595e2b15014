"""Names to parts: whose they are, who may take them, and what a wrong one is told."""

from __future__ import annotations

import sys

import pytest

from vaekit.errors import BuildError, PluginError, UnknownNameError, UserError
from vaekit.registry import KINDS, KIT, Component, Registry

pytestmark = pytest.mark.quick


def part(name="wide", distribution="one", kind="encoder", factory=dict, version="1.0"):
    return Component(kind, name, f"{name} of {distribution}", factory, distribution, version)


def registry_of(*parts):
    registry = Registry()
    for each in parts:
        registry.add(each)
    return registry


def test_a_part_is_got_by_its_name_and_by_its_full_name():
    wide, deep = part("wide"), part("deep", "two")
    registry = registry_of(wide, deep)
    assert registry.get("encoder", "wide") is wide
    assert registry.get("encoder", "wide@one") is wide
    assert registry.get("encoder", "deep@two") is deep
    assert wide.full_name == "wide@one"


def test_kinds_are_apart():
    encoder, decoder = part(), part(kind="decoder")
    registry = registry_of(encoder, decoder)
    assert registry.get("encoder", "wide") is encoder
    assert registry.get("decoder", "wide") is decoder
    assert registry.names("loss") == []
    with pytest.raises(UnknownNameError, match=r"There is no loss 'wide'\. There are none"):
        registry.get("loss", "wide")


def test_names_are_sorted_and_each_is_there_once():
    registry = registry_of(part("b"), part("a"), part("b", "two"), part("c"))
    assert registry.names("encoder") == ["a", "b", "c"]


def test_iteration_goes_by_kind_then_name_then_distribution():
    parts = [
        part("z", "one", "dataset"),
        part("b", "two"),
        part("a", "two", "decoder"),
        part("b", "one"),
        part("a", "two"),
        part("m", "one", "loss"),
    ]
    listed = [(p.kind, p.name, p.distribution) for p in registry_of(*parts)]
    assert listed == [
        ("encoder", "a", "two"),
        ("encoder", "b", "one"),
        ("encoder", "b", "two"),
        ("decoder", "a", "two"),
        ("loss", "m", "one"),
        ("dataset", "z", "one"),
    ]
    backwards = [(p.kind, p.name, p.distribution) for p in registry_of(*parts[::-1])]
    assert backwards == listed


def test_every_kind_has_a_hook_that_plugins_may_implement():
    from vaekit import hookspecs

    hooks = {kind.hook for kind in KINDS.values()}
    assert hooks == {name for name in dir(hookspecs) if name.startswith("register_")}
    assert [kind.name for kind in KINDS.values()] == list(KINDS)


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_a_name_that_two_offer_belongs_to_neither(order):
    offers = {distribution: part(distribution=distribution) for distribution in order}
    registry = registry_of(*(offers[distribution] for distribution in order))
    with pytest.raises(UserError, match=r"wide@one or wide@two") as caught:
        registry.get("encoder", "wide")
    assert not isinstance(caught.value, UnknownNameError)
    assert caught.value.exit_code == 2
    assert "encoder 'wide'" in str(caught.value)
    for distribution in order:
        assert registry.get("encoder", f"wide@{distribution}") is offers[distribution]


def test_a_clash_leaves_other_kinds_alone():
    registry = registry_of(part(), part(distribution="two"), part(kind="decoder"))
    assert registry.get("decoder", "wide").distribution == "one"


def test_the_kits_own_names_cannot_be_taken():
    own = part("conv5", KIT)
    registry = registry_of(own)
    with pytest.raises(PluginError, match=r"encoder 'conv5' is the kit's own"):
        registry.add(part("conv5", "stranger"))
    assert registry.get("encoder", "conv5") is own
    assert list(registry) == [own]
    registry.add(part("conv5", "stranger", "decoder"))  # another kind is another name


def test_one_distribution_cannot_offer_a_name_twice():
    first = part()
    registry = registry_of(first)
    with pytest.raises(PluginError, match=r"encoder 'wide' is registered twice"):
        registry.add(part())
    assert registry.get("encoder", "wide") is first


@pytest.mark.parametrize("name", ["a", "3d", "conv5", "res-net_2", "a" * 60])
def test_well_formed_names_are_taken(name):
    assert registry_of(part(name)).names("encoder") == [name]


@pytest.mark.parametrize(
    "name", ["", "Wide", "wi de", "wide@one", "-wide", "_wide", "wide\n", "größe", "a/b", "a.b"]
)
def test_malformed_names_are_refused(name):
    registry = Registry()
    with pytest.raises(PluginError, match="is no name for a part"):
        registry.add(part(name))
    assert list(registry) == []


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("conv", "Did you mean 'conv5'?"),
        ("dconv4", "Did you mean 'deconv4'?"),
        ("xyzzy", "Choose from: conv5, deconv4."),
        ("conv5@nobody", "Did you mean 'conv5'?"),
    ],
)
def test_an_unknown_name_is_told_the_closest(name, end):
    registry = registry_of(part("conv5"), part("deconv4"))
    with pytest.raises(UnknownNameError) as caught:
        registry.get("encoder", name)
    assert str(caught.value) == f"There is no encoder {name!r}. {end}"
    assert caught.value.exit_code == 2


def test_a_callable_is_its_own_factory():
    def factory():
        pass

    assert part(factory=factory).load() is factory


def test_a_text_is_imported_only_once_it_is_needed(tmp_path, monkeypatch):
    (tmp_path / "lazily_made.py").write_text("def wide(): return 'made'\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        wide = part(factory="lazily_made:wide")
        assert registry_of(wide).get("encoder", "wide") is wide
        assert "lazily_made" not in sys.modules
        assert wide.load()() == "made"
        assert wide.load() is sys.modules["lazily_made"].wide
    finally:
        sys.modules.pop("lazily_made", None)


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("no_such_module_at_all:wide", "No module named 'no_such_module_at_all'"),
        ("json:no_such_attribute", "no_such_attribute"),
        ("json", "json"),
        ("broken_inside:wide", "boom"),
    ],
)
def test_what_cannot_be_imported_names_the_part_the_plugin_and_the_reason(
    tmp_path, monkeypatch, factory, reason
):
    (tmp_path / "broken_inside.py").write_text("raise RuntimeError('boom')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BuildError, match=reason) as caught:
        part(factory=factory, version="2.3").load()
    begin = f"The encoder 'wide' of one 2.3 can't be imported from {factory}: "
    assert str(caught.value).startswith(begin)
    assert isinstance(caught.value.__cause__, Exception)
