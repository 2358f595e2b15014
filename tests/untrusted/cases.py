"""Hostile and broken files, each made by a function of the folder to put it into.

`CASES` has them by name. A function's last argument, `canary`, is a path that the file would
create if any of the code that it names were run.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import keras
import numpy as np
from keras import layers

Make = Callable[[Path, Path], Path]


class Case(NamedTuple):
    """door: what it is given to: `model`, `weights` or `data`. unsafe: Keras's switch is on."""

    make: Make
    door: str
    unsafe: bool = False


CASES: dict[str, Case] = {}


def case(door: str, name: str, make: Make, *, unsafe: bool = False) -> None:
    assert name not in CASES
    CASES[name] = Case(make, door, unsafe)


# a well-meant model


def small_model() -> keras.Model:
    """8x8 images -> z, of 2 latents, without a Lambda."""
    x = images = keras.Input((8, 8, 1), name="images")
    x = layers.Conv2D(2, 3, padding="same", activation="relu", name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(images, layers.Dense(2, name="dense")(x), name="small")


@cache
def saved(ending: str) -> bytes:
    """The file of `small_model`."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"small{ending}")
        model = small_model()
        model.save_weights(path) if "weights" in ending else model.save(path)
        return path.read_bytes()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


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


def put_zip(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


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


# weights


def weights_of(file: h5py.File) -> Any:
    """The group of the dense layer's weights, and the name of its kernel in it."""
    if "model_weights" in file:
        return file["model_weights/dense/dense"], "kernel"
    return file["layers/dense/vars"], "0"


def with_weights(folder: Path, ending: str, change: Callable[[Any, str, Path], None]) -> Path:
    """The small model's file with other weights; `.keras` is taken apart and put together."""
    path = put(folder, f"model{ending}", saved(ending))
    inner = path
    if ending == ".keras":
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        inner = put(folder, "inner.h5", members["model.weights.h5"])
    with h5py.File(inner, "a") as file:
        change(*weights_of(file), folder)
    if ending == ".keras":
        put_zip(path, {**members, "model.weights.h5": inner.read_bytes()})
        inner.unlink()
    return path


def weights_case(name: str, change: Callable[[Any, str, Path], None]) -> None:
    for ending in (".keras", ".h5", ".weights.h5"):

        def make(folder: Path, canary: Path, ending: str = ending) -> Path:
            return with_weights(folder, ending, change)

        case("weights" if "weights" in ending else "model", f"{name}{ending}", make)


def replace(make: Callable[[Any, str, np.ndarray, Path], Any]) -> Callable[[Any, str, Path], None]:
    def change(group: Any, name: str, folder: Path) -> None:
        old = group[name][()]
        del group[name]
        make(group, name, old, folder)

    return change


def stored(**options: Any) -> Callable[[Any, str, Path], None]:
    return replace(lambda group, name, old, folder: group.create_dataset(name, **options))


def values(change: Callable[[np.ndarray], Any]) -> Callable[[Any, str, Path], None]:
    return replace(lambda group, name, old, folder: group.create_dataset(name, data=change(old)))


def one(value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda old: np.where(np.arange(old.size).reshape(old.shape) == 3, value, old).astype(
        "f4"
    )


def elsewhere(folder: Path) -> Path:
    """A file beside, with a kernel that fits, and its values as bare bytes."""
    path = folder / "elsewhere.h5"
    with h5py.File(path, "w") as file:
        file["kernel"] = np.ones((128, 2), "f4")
    (folder / "elsewhere.raw").write_bytes(np.ones((128, 2), "f4").tobytes())
    return path


def virtual(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    layout = h5py.VirtualLayout(old.shape, "f4")
    layout[:] = h5py.VirtualSource(elsewhere(folder), "kernel", old.shape)
    group.create_virtual_dataset(name, layout)


def external(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    raw = elsewhere(folder).with_suffix(".raw")
    group.create_dataset(name, old.shape, "f4", external=[(str(raw), 0, old.nbytes)])


def soft_link(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    group.file["moved"] = old
    group[name] = h5py.SoftLink("/moved")


def external_link(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    group[name] = h5py.ExternalLink(str(elsewhere(folder)), "kernel")


def unfilled(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    group.create_dataset(name, (2**30, 2**10), "f4", chunks=(2**10, 2**10))


weights_case("nan", values(one(np.nan)))
weights_case("infinity", values(one(np.inf)))
weights_case("float64", values(lambda old: old.astype("f8")))
weights_case("whole-numbers", values(lambda old: old.astype("i4")))
weights_case("text", values(lambda old: np.full(old.shape, b"text")))
weights_case("text-of-any-length", values(lambda old: np.full(old.shape, "text", object)))
weights_case("references", stored(shape=(128, 2), dtype=h5py.ref_dtype))
weights_case("lists", stored(shape=(128, 2), dtype=h5py.vlen_dtype(np.float32)))
weights_case("transposed", values(lambda old: old.T))
weights_case("one-number", values(lambda old: old[0, 0]))
weights_case("no-values", stored(data=h5py.Empty("f4")))
weights_case("missing", replace(lambda group, name, old, folder: None))
weights_case("one-too-many", lambda group, name, folder: group.__setitem__("extra", np.ones(3)))
weights_case("soft-link", replace(soft_link))
weights_case("external-link", replace(external_link))
weights_case("external-storage", replace(external))
weights_case("virtual", replace(virtual))
weights_case("unfilled", replace(unfilled))


# archives


def keras_members() -> dict[str, bytes]:
    import io

    with zipfile.ZipFile(io.BytesIO(saved(".keras"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_case(name: str, change: Callable[[Path, dict[str, bytes]], Path]) -> None:
    case("model", name, lambda folder, canary: change(folder / "model.keras", keras_members()))


def with_member(name: str, data: bytes = b"x", **facts: Any) -> Callable[..., Path]:
    def change(path: Path, members: dict[str, bytes]) -> Path:
        put_zip(path, members)
        info = zipfile.ZipInfo(name)
        for fact, value in facts.items():
            setattr(info, fact, value)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(info, data)
        return path

    return change


def bomb(name: str) -> Callable[..., Path]:
    def change(path: Path, members: dict[str, bytes]) -> Path:
        return zeros_zip(path, name, 2**31, {n: d for n, d in members.items() if n != name})

    return change


def zeros(megabytes: int) -> bytes:
    """Raw deflate of zeros, made of one block again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(bytes(2**20))
    packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * megabytes + packer.flush()


def zeros_zip(path: Path, name: str, size: int, others: dict[str, bytes]) -> Path:
    """An archive whose member `name` unpacks to so many zeros."""
    raw = bytearray(put_zip(path, others | {name: zeros(size >> 20)}).read_bytes())
    entry = raw.rindex(b"PK\x01\x02")
    local = int.from_bytes(raw[entry + 42 : entry + 46], "little")
    for kind, length in ((entry + 10, entry + 24), (local + 8, local + 22)):
        raw[kind : kind + 2] = zipfile.ZIP_DEFLATED.to_bytes(2, "little")
        raw[length : length + 4] = size.to_bytes(4, "little")
    return put(path.parent, path.name, bytes(raw))


def doubled(path: Path, members: dict[str, bytes]) -> Path:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return with_member("config.json")(path, members)


def crowd(path: Path, members: dict[str, bytes]) -> Path:
    return put_zip(path, members | {f"{n}": b"" for n in range(5_000)})


def encrypted(path: Path, members: dict[str, bytes]) -> Path:
    raw = bytearray(put_zip(path, members).read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1
    return put(path.parent, path.name, bytes(raw))


def lying(path: Path, members: dict[str, bytes]) -> Path:
    """The list of members declares 3 GB where some bytes are stored."""
    raw = bytearray(put_zip(path, members).read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (3 * 2**30).to_bytes(4, "little")
    return put(path.parent, path.name, bytes(raw))


archive_case("zip-traversal", with_member("../../model.weights.h5"))
archive_case("zip-absolute", with_member("/tmp/model.weights.h5"))
archive_case("zip-backslash", with_member("..\\config.json"))
archive_case("zip-symlink", with_member("assets", b"/etc/passwd", external_attr=0o120777 << 16))
archive_case("zip-extra-member", with_member("payload.py"))
archive_case("zip-unusual-packing", with_member("assets", compress_type=zipfile.ZIP_BZIP2))
archive_case("zip-name-twice", doubled)
archive_case("zip-crowd", crowd)
archive_case("zip-encrypted", encrypted)
archive_case("zip-lying-size", lying)
archive_case("zip-bomb-config", bomb("config.json"))
archive_case("zip-bomb-weights", bomb("model.weights.h5"))
archive_case("zip-cut", lambda path, members: put(path.parent, path.name, saved(".keras")[:-300]))
archive_case("zip-empty", lambda path, members: put(path.parent, path.name, b""))
archive_case("zip-without-config", lambda path, m: put_zip(path, {"model.weights.h5": b"x"}))
archive_case("zip-weights-no-hdf5", lambda path, m: put_zip(path, m | {"model.weights.h5": b"no"}))


# kinds of files


def pipe(name: str) -> Make:
    def make(folder: Path, canary: Path) -> Path:
        os.mkfifo(folder / name)
        return folder / name

    return make


def device(name: str) -> Make:
    def make(folder: Path, canary: Path) -> Path:
        (folder / name).symlink_to("/dev/zero")
        return folder / name

    return make


for door, names in {
    "weights": ("a.weights.h5",),
    "data": ("a.h5", "a.npz", "a.png", "images-idx3-ubyte", "images-idx3-ubyte.gz"),
}.items():
    for name in names:
        case(door, f"pipe-{name}", pipe(name))
        case(door, f"device-{name}", device(name))
case("model", "weights-alone", lambda folder, canary: put(folder, "a.weights.h5", saved(".h5")))
case("model", "no-model", lambda folder, canary: put(folder, "a.txt", b"text"))
case(
    "model",
    "pickle",
    lambda folder, canary: put(folder, "a.keras", b"cos\nsystem\n(S'true'\ntR."),
)
