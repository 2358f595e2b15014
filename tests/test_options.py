"""Options are read from signatures and docstrings, and values are checked by them."""

from __future__ import annotations

import tomllib
from functools import partial
from typing import Annotated, Literal, Optional

import pytest
import tomli_w
from annotated_types import Ge, Gt, Le
from hypothesis import given, settings
from hypothesis import strategies as st

from vaekit.config import TrainConfig
from vaekit.config_files import read_config, write_config
from vaekit.errors import BuildError, OptionError
from vaekit.options import check_options, options_of
from vaekit.plugins import discover
from vaekit.registry import Component

pytestmark = pytest.mark.quick


def part(factory, kind="encoder"):
    return Component(kind, "mine", "", factory, "some-dist", "1.0")


def factory(
    image_shape: tuple[int, int, int],
    *,
    width: Annotated[int, Ge(2), Le(512)] = 64,
    rate: Annotated[float, Gt(0)] = 0.5,
    norm: bool = True,
    mode: Literal["same", "valid"] = "same",
    base: Literal[8, 16] = 8,
    title: str = "a",
    depths: list[int] = [1, 2],  # noqa: B006
    size: tuple[int, int] = (3, 3),
    strides: tuple[int, ...] = (1,),
    names: list[str] = [],  # noqa: B006
    limit: Optional[int] = None,  # noqa: UP045
    drop: Annotated[float, Ge(0)] | None = None,
    steps: list[int] | None = None,
    bare=3,
    unsaid=None,
    **more: int,
):
    """One of each.

    Args:
        width: filters of
            the last layer.
        rate: how fast.
        nothing: no such option.
    """


def test_options_come_in_the_signatures_order_with_type_default_and_meaning():
    options = options_of(part(factory))
    assert {name: (o.name, o.type_name, o.default) for name, o in options.items()} == {
        "width": ("width", "int", 64),
        "rate": ("rate", "float", 0.5),
        "norm": ("norm", "bool", True),
        "mode": ("mode", "same|valid", "same"),
        "base": ("base", "8|16", 8),
        "title": ("title", "str", "a"),
        "depths": ("depths", "list[int]", [1, 2]),
        "size": ("size", "tuple[int, int]", (3, 3)),
        "strides": ("strides", "tuple[int, ...]", (1,)),
        "names": ("names", "list[str]", []),
        "limit": ("limit", "int or none", None),
        "drop": ("drop", "float or none", None),
        "steps": ("steps", "list[int] or none", None),
        "bare": ("bare", "int", 3),
        "unsaid": ("unsaid", "Any", None),
    }
    assert list(options)[:3] == ["width", "rate", "norm"]
    assert options["width"].meaning == "filters of the last layer."
    assert options["rate"].meaning == "how fast."
    assert options["norm"].meaning == ""


def test_what_the_kit_fills_in_is_no_option():
    def decoder(latent_dim, image_shape, *, width=3):
        pass

    assert list(options_of(part(decoder, "decoder"))) == ["width"]
    with pytest.raises(OptionError, match="'latent_dim' has no default"):
        options_of(part(decoder, "encoder"))


def test_a_required_parameter_is_the_authors_mistake():
    def loss(*, weight: float):
        pass

    for ask in (options_of, lambda p: check_options(p, {"weight": 3})):
        with pytest.raises(OptionError) as caught:
            ask(part(loss, "loss"))
        assert str(caught.value) == (
            "The loss 'mine' of some-dist can't be built: its option 'weight' has no default. "
            "Tell its author."
        )


def test_a_factory_that_cannot_be_imported_is_said():
    with pytest.raises(BuildError, match="no_such_module"):
        options_of(part("no_such_module:wide"))


class Wide:
    """A class is a factory, too."""

    def __init__(self, image_shape, *, width: Annotated[int, Ge(2)] = 3, rate: float | None = None):
        self.width = width

    def __call__(self, *, width: Annotated[int, Ge(2)] = 4, rate: float | None = None):
        pass


@pytest.mark.parametrize(
    "made", [Wide, Wide(None), partial(Wide, rate=0.5)], ids=["class", "instance", "partial"]
)
def test_classes_instances_and_partials_are_factories(made):
    options = options_of(part(made))
    assert {name: o.type_name for name, o in options.items()} == {
        "width": "int",
        "rate": "float or none",
    }
    assert check_options(part(made), {"width": "8", "rate": "none"}) == {"width": 8, "rate": None}
    with pytest.raises(OptionError, match="greater than or equal to 2"):
        check_options(part(made), {"width": 1})


GOOD = [
    ("width", "16", 16),
    ("width", 16, 16),
    ("rate", "0.25", 0.25),
    ("rate", "1e-3", 1e-3),
    ("rate", 2, 2.0),
    ("norm", "false", False),
    ("norm", "yes", True),
    ("norm", "0", False),
    ("norm", False, False),
    ("mode", "valid", "valid"),
    ("base", "16", 16),
    ("base", 16, 16),
    ("title", "3", "3"),
    ("title", "none", "none"),
    ("title", "a,b", "a,b"),
    ("depths", "1,2,3", [1, 2, 3]),
    ("depths", "1, 2", [1, 2]),
    ("depths", "7", [7]),
    ("depths", "", []),
    ("depths", [4, 5], [4, 5]),
    ("size", "5,7", (5, 7)),
    ("size", [5, 7], (5, 7)),
    ("strides", "1,2,2", (1, 2, 2)),
    ("names", "a, b", ["a", "b"]),
    ("limit", "none", None),
    ("limit", "None", None),
    ("limit", None, None),
    ("limit", "3", 3),
    ("drop", "none", None),
    ("drop", "0.5", 0.5),
    ("steps", "1,2", [1, 2]),
    ("steps", "none", None),
    ("bare", "5", 5),
    ("unsaid", "text", "text"),
]


@pytest.mark.parametrize(("name", "value", "expected"), GOOD)
def test_values_become_what_the_signature_says(name, value, expected):
    (given_value,) = check_options(part(factory), {name: value}).values()
    assert given_value == expected
    assert type(given_value) is type(expected)


BAD = [
    ("width", "many", "int", "valid integer"),
    ("width", "1.5", "int", "valid integer"),
    ("width", 1.5, "int", "valid integer"),
    ("width", "", "int", "valid integer"),
    ("width", "none", "int", "valid integer"),
    ("width", None, "int", "valid integer"),
    ("width", [1], "int", "valid integer"),
    ("width", 1, "int", "greater than or equal to 2"),
    ("width", "513", "int", "less than or equal to 512"),
    ("rate", 0, "float", "greater than 0"),
    ("rate", "nan", "float", "."),
    ("rate", "fast", "float", "valid number"),
    ("norm", "perhaps", "bool", "valid boolean"),
    ("norm", 2, "bool", "valid boolean"),
    ("mode", "full", r"same\|valid", "'same' or 'valid'"),
    ("mode", "Same", r"same\|valid", "'same' or 'valid'"),
    ("base", "9", r"8\|16", "8 or 16"),
    ("title", 3, "str", "valid string"),
    ("depths", "1,x", r"list\[int\]", "valid integer"),
    ("depths", 3, r"list\[int\]", "valid list"),
    ("size", "5", r"tuple\[int, int\]", "."),
    ("size", "5,6,7", r"tuple\[int, int\]", "."),
    ("limit", "some", "int or none", "valid integer"),
    ("drop", -0.5, "float or none", "greater than or equal to 0"),
    ("bare", "x", "int", "valid integer"),
]


@pytest.mark.parametrize(("name", "value", "type_name", "reason"), BAD)
def test_values_that_do_not_fit_are_refused_with_the_type(name, value, type_name, reason):
    with pytest.raises(OptionError, match=rf"takes {name}={type_name}, not .*{reason}") as caught:
        check_options(part(factory), {name: value})
    assert str(caught.value).startswith(f"The encoder 'mine' takes {name}=")
    assert repr(value) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "near"), [("widht", "width"), ("norms", "norm"), ("image_shape", None), ("more", None)]
)
def test_an_unknown_option_is_refused_with_the_valid_ones(name, near):
    with pytest.raises(OptionError, match=rf"The encoder 'mine' has no option '{name}'") as caught:
        check_options(part(factory), {name: 3})
    text = str(caught.value)
    assert all(option in text for option in options_of(part(factory)))
    assert near is None or f"Did you mean {near!r}?" in text


def test_a_part_without_options_says_so():
    with pytest.raises(OptionError, match=r"'mine' has no option 'width'.* none"):
        check_options(part(lambda image_shape: None), {"width": 3})


def test_nothing_given_is_nothing_checked():
    assert check_options(part(factory), {}) == {}


def test_only_what_was_given_comes_back_in_its_order():
    checked = check_options(part(factory), {"rate": "1", "width": "3"})
    assert list(checked.items()) == [("rate", 1.0), ("width", 3)]


def test_what_was_checked_checks_again_to_itself():
    values = {name: value for name, value, _ in GOOD}
    once = check_options(part(factory), values)
    assert check_options(part(factory), once) == once


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "width": st.integers(2, 512),
        "rate": st.floats(1e-6, 1e6),
        "norm": st.booleans(),
        "mode": st.sampled_from(["same", "valid"]),
        "base": st.sampled_from([8, 16]),
        "title": st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])),
        "depths": st.lists(st.integers(-5, 5), max_size=4),
        "size": st.tuples(st.integers(), st.integers()).filter(
            lambda pair: all(abs(n) < 2**63 for n in pair)
        ),
        "limit": st.integers(-9, 9),
    },
)


@settings(max_examples=50, deadline=None)
@given(VALUES)
def test_values_survive_a_config_file(values):
    typed = tomllib.loads(tomli_w.dumps(values))
    assert check_options(part(factory), typed) == values


@settings(max_examples=50, deadline=None)
@given(VALUES)
def test_values_survive_the_command_line(values):
    def text(value):
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

    texts = {name: text(value) for name, value in values.items()}
    assert check_options(part(factory), texts) == values


def test_none_survives_a_config_file(tmp_path):
    write_config(TrainConfig(encoder_opt={"limit": None}), tmp_path / "c.toml")
    options = read_config(tmp_path / "c.toml")["encoder_opt"]
    assert check_options(part(factory), options) == {"limit": None}


@pytest.mark.backend
@pytest.mark.parametrize(("kind", "name"), [("encoder", "conv5"), ("decoder", "deconv4")])
def test_the_kits_nets_have_a_width(kind, name):
    found = discover().registry.get(kind, name)
    (width,) = options_of(found).values()
    assert (width.name, width.type_name, width.default) == ("width", "int", 64)
    assert width.meaning.startswith("filters of ")
    assert check_options(found, {"width": "32"}) == {"width": 32}
    with pytest.raises(OptionError, match=rf"The {kind} '{name}' takes width=int, not 0"):
        check_options(found, {"width": 0})


@pytest.mark.backend
def test_every_option_of_every_part_of_the_kit_is_explained_and_takes_its_default():
    parts = [p for p in discover().registry if p.distribution == "vaekit"]
    assert len(parts) >= 8
    for each in parts:
        for option in options_of(each).values():
            assert option.meaning, f"{each.full_name} {option.name}"
            checked = check_options(each, {option.name: option.default})
            assert checked == {option.name: option.default}
