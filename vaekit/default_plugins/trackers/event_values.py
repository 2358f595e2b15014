"""Values of TensorBoard's events: what each of its dashboards shows, as it reads it."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from typing import Any

SESSION_ENDS = "_hparams_/session_end_info"


def scalar(tag: str, number: float) -> Any:
    """A number, in single precision: TensorBoard's fast loader overlooks others."""
    from tensorboard.compat.proto import summary_pb2

    return summary_pb2.Summary.Value(tag=tag, simple_value=number)


def picture(tag: str, content: bytes) -> Any:
    """A PNG or GIF file."""
    from PIL import Image
    from tensorboard.plugins.image import metadata

    with Image.open(io.BytesIO(content)) as image:
        size = [str(side).encode() for side in image.size]
    about = metadata.create_summary_metadata(None, None)
    return _texts(tag, about, [*size, content])


def text(tag: str, markdown: str) -> Any:
    """A text."""
    from tensorboard.plugins.text import metadata

    return _texts(tag, metadata.create_summary_metadata(None, None), [markdown.encode()])


def session_start(options: Mapping[str, Any], group: str) -> Any:
    """The options of a run, for the table of hyperparameters."""
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    info = plugin_data_pb2.SessionStartInfo(group_name=group, start_time_secs=time.time())
    for name, value in options.items():
        if isinstance(value, bool):
            info.hparams[name].bool_value = value
        elif isinstance(value, int | float):
            info.hparams[name].number_value = value
        else:
            info.hparams[name].string_value = "" if value is None else value
    data = plugin_data_pb2.HParamsPluginData(session_start_info=info)
    return _session(metadata.SESSION_START_INFO_TAG, data)


def session_end(status: str) -> Any:
    """How a run ended."""
    from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

    codes = {"complete": api_pb2.STATUS_SUCCESS, "failed": api_pb2.STATUS_FAILURE}
    info = plugin_data_pb2.SessionEndInfo(
        status=codes.get(status, api_pb2.STATUS_UNKNOWN), end_time_secs=time.time()
    )
    return _session(SESSION_ENDS, plugin_data_pb2.HParamsPluginData(session_end_info=info))


def _session(tag: str, data: Any) -> Any:
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.hparams import metadata

    return summary_pb2.Summary.Value(
        tag=tag, metadata=metadata.create_summary_metadata(data), tensor=metadata.NULL_TENSOR
    )


def _texts(tag: str, about: Any, texts: Sequence[bytes]) -> Any:
    from tensorboard.compat.proto import summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2

    dim = tensor_shape_pb2.TensorShapeProto.Dim(size=len(texts))
    tensor = tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING,
        string_val=texts,
        tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[dim]),
    )
    return summary_pb2.Summary.Value(tag=tag, metadata=about, tensor=tensor)
