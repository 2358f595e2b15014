"""Models whose config names code, or says what no model can be: cases of both formats."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
from keras import layers

from tests.untrusted.cases import Make, case, put, put_zip, saved


def with_config(folder: Path, ending: str, change: Callable[[dict[str, Any]], Any]) -> Path:
    """The small model's file with another config; `change` alters it, or gives a text instead."""

    def changed(text: str | bytes) -> str:
        config = json.loads(text)
        given = change(config)
        return given if isinstance(given, str) else json.dumps(config)

    path = put(folder, f"model{ending}", saved(ending))
    if ending == ".h5":
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = changed(file.attrs["model_config"]).encode()
        return path
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = changed(members["config.json"]).encode()
    return put_zip(path, members)


def layer(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in config["config"]["layers"] if item["name"] == name)


def config_case(
    name: str, change: Callable[[dict[str, Any], Path], Any], *, unsafe: bool = False
) -> None:
    """A case in both formats."""
    for ending in (".keras", ".h5"):

        def make(folder: Path, canary: Path, ending: str = ending) -> Path:
            return with_config(folder, ending, lambda config: change(config, canary))

        case("model", f"{name}{ending}", make, unsafe=unsafe)


# code in a config


def lambda_file(ending: str) -> Make:
    def make(folder: Path, canary: Path) -> Path:
        target = str(canary)
        inputs = keras.Input((8, 8, 1))
        code = layers.Lambda(
            lambda x: (__import__("pathlib").Path(target).touch(), x)[1], output_shape=(8, 8, 1)
        )
        model = keras.Model(inputs, code(inputs))
        canary.unlink(missing_ok=True)  # building it ran the code, which is ours
        model.save(folder / f"model{ending}")
        return folder / f"model{ending}"

    return make


for unsafe in (False, True):
    for end in (".keras", ".h5"):
        case("model", f"lambda{'-unsafe' if unsafe else ''}{end}", lambda_file(end), unsafe=unsafe)


def download(canary: Path) -> dict[str, Any]:
    """A config that has Keras fetch a file to where the canary is."""
    source = canary.with_name("source")
    source.write_text("fetched")
    arguments = {"fname": str(canary), "origin": source.as_uri()}
    return {
        "module": "keras.utils",
        "class_name": "get_file",
        "config": arguments,
        "registered_name": None,
    }


def set_layer(**entries: Any) -> Callable[[dict[str, Any], Path], None]:
    def change(config: dict[str, Any], canary: Path) -> None:
        layer(config, "dense").update(entries)

    return change


def set_argument(of: str, **arguments: Any) -> Callable[[dict[str, Any], Path], None]:
    def change(config: dict[str, Any], canary: Path) -> None:
        layer(config, of)["config"].update(arguments)

    return change


def named(module: str, kind: str, config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def call_of(canary: Path) -> dict[str, Any]:
    return named("keras.utils", "get_file", download(canary)["config"])


config_case(
    "public-function-as-layer",
    lambda config, canary: layer(config, "dense").update(download(canary)),
)
config_case(
    "public-function-as-layer-unsafe",
    lambda config, canary: layer(config, "dense").update(download(canary)),
    unsafe=True,
)
for argument in ("activation", "kernel_initializer", "kernel_regularizer", "bias_constraint"):
    config_case(
        f"public-function-as-{argument}",
        lambda config, canary, a=argument: layer(config, "dense")["config"].update(
            {a: download(canary)}
        ),
    )
config_case("function-by-name", set_argument("dense", activation="get_file"))
config_case(
    "function-of-utils",
    set_argument("dense", activation=named("keras.utils", "function", "get_file")),
)
config_case(
    "lambda-as-activation",
    set_argument(
        "dense",
        activation={"class_name": "__lambda__", "config": {"code": "4wAAAA==", "defaults": None}},
    ),
)
config_case(
    "builtin-exec",
    set_argument("dense", kernel_regularizer=named("builtins", "exec", "open('x', 'w')")),
)
config_case("os-system", set_layer(module="os", class_name="system", config={"command": "true"}))
config_case("load-model", set_layer(module="keras.models", class_name="load_model"))
config_case("ops-function", set_layer(module="keras.ops", class_name="function", config="exp"))
config_case("registered-name", set_layer(registered_name="package>Dense"))
config_case("other-module", set_layer(module="evil.layers"))
config_case("custom-class", set_layer(module=None, class_name="Custom", registered_name="a>Custom"))
config_case(
    "saved-model-layer",
    set_layer(class_name="TFSMLayer", config={"name": "dense", "filepath": "/tmp"}),
)
config_case(
    "torch-module",
    set_layer(class_name="TorchModuleWrapper", config={"name": "dense", "module": "gASVAA=="}),
)
config_case(
    "reads-a-file",
    set_layer(class_name="StringLookup", config={"name": "dense", "vocabulary": "/etc/passwd"}),
)
config_case("dtype-policy", set_argument("dense", dtype=named("evil", "Policy2", {"name": "x"})))
config_case("unknown-model", lambda config, canary: config.update(class_name="Subclassed"))
config_case("model-of-others", lambda config, canary: config.update(module="evil.models"))


# arguments and graphs

config_case("huge-units", set_argument("dense", units=2**40))
config_case("more-weights-than-stored", set_argument("dense", units=2**19))
config_case("negative-units", set_argument("dense", units=-1))
config_case("units-true", set_argument("dense", units=True))
config_case("units-text", set_argument("dense", units="2"))
config_case("units-list", set_argument("dense", units=[2] * 1000))
config_case("huge-kernel", set_argument("conv", kernel_size=[10**9, 10**9]))
config_case("huge-input", set_argument("images", batch_shape=[None, 2**20, 2**20, 2**20]))
config_case("open-input", set_argument("images", batch_shape=[None, None, None, 1]))
config_case(
    "huge-reshape",
    set_layer(class_name="Reshape", config={"name": "dense", "target_shape": [2**19, 2**19]}),
)
config_case(
    "bins-that-fall",
    set_layer(class_name="Discretization", config={"name": "dense", "bin_boundaries": [1.0, 0.0]}),
)
config_case(
    "bins-without-end",
    set_layer(
        class_name="Discretization",
        config={"name": "dense", "bin_boundaries": list(range(2**17)), "output_mode": "one_hot"},
    ),
)
config_case("whole-weights", set_argument("dense", dtype="uint8"))
config_case("no-groups", set_argument("conv", groups=0))
config_case("unknown-argument", set_argument("dense", evil=1))
config_case("name-that-is-a-path", lambda config, canary: set_name(config, "../../dense"))
config_case("ring", lambda config, canary: reconnect(config, "norm", "flat"))
config_case("dangling", lambda config, canary: reconnect(config, "norm", "nowhere"))
config_case(
    "unknown-call",
    lambda config, canary: layer(config, "norm")["inbound_nodes"][0].update(kwargs={"evil": 1}),
)
config_case(
    "call-of-a-call",
    lambda config, canary: layer(config, "norm")["inbound_nodes"][0].update(
        args=[download(canary)]
    ),
)
config_case("no-layers", lambda config, canary: config["config"].update(layers=[]))
config_case("layers-text", lambda config, canary: config["config"].update(layers="all"))
config_case(
    "too-many-layers",
    lambda config, canary: config["config"].update(layers=config["config"]["layers"] * 2000),
)
config_case(
    "same-name-twice",
    lambda config, canary: config["config"].update(layers=config["config"]["layers"] * 2),
)
config_case("not-json", lambda config, canary: "import os")
config_case("deep-json", lambda config, canary: "[" * 100_000 + "]" * 100_000)
config_case("rather-deep-json", lambda config, canary: "[" * 500 + "]" * 500)
config_case("key-twice", lambda config, canary: '{"class_name": 1, "class_name": 2}')
config_case("nan-in-json", set_argument("norm", epsilon=float("nan")))
config_case("infinite-number", set_argument("norm", epsilon=float("inf")))
config_case("long-number", lambda config, canary: "1" * 100_000)
config_case("json-of-a-list", lambda config, canary: "[1, 2]")


def set_name(config: dict[str, Any], name: str) -> None:
    item = layer(config, "dense")
    item["name"] = item["config"]["name"] = name
    config["config"]["output_layers"][0] = name


def reconnect(config: dict[str, Any], of: str, to: str) -> None:
    tensor = layer(config, of)["inbound_nodes"][0]["args"][0]["config"]
    tensor["keras_history"][0] = to


def many_models(config: dict[str, Any], canary: Path) -> None:
    """Models within models, each called twice: four levels of 2 x 30 calls."""
    inner = json.loads(json.dumps(config))
    for level in range(4):
        start = {"class_name": "InputLayer", "name": f"i{level}", "inbound_nodes": []}
        start["config"] = {"name": f"i{level}", "batch_shape": [None, 8, 8, 1]}
        model = {**inner, "name": f"m{level}"}
        model["config"] = {**inner["config"], "name": f"m{level}"}
        ref = {"shape": [None, 8, 8, 1], "dtype": "float32", "keras_history": [f"i{level}", 0, 0]}
        node = {"args": [{"class_name": "__keras_tensor__", "config": ref}], "kwargs": {}}
        model["inbound_nodes"] = [node] * 30
        inner = {
            "class_name": "Functional",
            "config": {
                "name": "outer",
                "layers": [start, model],
                "input_layers": [[f"i{level}", 0, 0]],
                "output_layers": [[f"m{level}", n + 1, 0] for n in range(30)],
            },
        }
    config.clear()
    config.update(inner)


config_case("models-within-models", many_models)
