"""What tf2onnx lacks of what the kit's latents choose codes by."""

from __future__ import annotations

from typing import Any

import numpy as np


def bucketize(graph: Any, node: Any, name: str, _: Any) -> None:
    """TensorFlow's `Bucketize`, of layers `Discretization`: how many boundaries a value reaches.

    graph, node: tf2onnx's, in which the operation is replaced.
    """
    from tf2onnx.graph_builder import GraphBuilder

    build = GraphBuilder(graph)
    edges = np.asarray(node.get_attr_value("boundaries"), "float32")
    boundaries = graph.make_const(f"{name}_boundaries", edges)
    values = build.make_unsqueeze({"data": node.input[0], "axes": [-1]})
    reached = graph.make_node("GreaterOrEqual", [values, boundaries.output[0]])
    counted = graph.make_node("Cast", reached.output, attr={"to": _INT32})
    total = build.make_reduce_sum({"data": counted.output[0], "axes": [-1], "keepdims": 0})
    shape = graph.get_shape(node.output[0])
    graph.set_shape(total, shape)
    graph.set_dtype(total, _INT32)
    graph.replace_all_inputs(node.output[0], total)
    graph.remove_node(node.name)


HANDLERS: dict[str, tuple[Any, list[Any]]] = {"Bucketize": (bucketize, [])}
_INT32 = 6  # onnx.TensorProto.INT32
