"""A rebuilt model beside the order in which its file lists layers, which decides where weights are.

The order of a model's layers in Keras follows its graph, and the graph changes where a `Lambda` is
replaced. So the order is kept from the config.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Leaf:
    """A layer. kind: its class, as the file names it. layer: None where sampling took its place."""

    name: str
    kind: str
    layer: Any

    def calls(self) -> int:
        """How many layers a call of this one runs."""
        return 1

    def trainable(self) -> list[Any]:
        """The weights that training changes."""
        return [] if self.layer is None else list(self.layer.trainable_weights)

    def frozen(self) -> list[Any]:
        """The other weights, without the states of random generators."""
        return [] if self.layer is None else list(self.layer.non_trainable_weights)


@dataclass(frozen=True)
class Branch:
    """A model and what it holds."""

    name: str
    kind: str
    model: Any
    nodes: list[Leaf | Branch]

    @property
    def layer(self) -> Any:
        """The model, which is a layer of the one around it."""
        return self.model

    def calls(self) -> int:
        """How many layers a call of this model runs."""
        return sum(node.calls() for node in self.nodes)

    def trainable(self) -> list[Any]:
        """The weights that training changes, in the order of the file."""
        return [weight for node in self.nodes for weight in node.trainable()]

    def frozen(self) -> list[Any]:
        """The other weights, in the order of the file."""
        return [weight for node in self.nodes for weight in node.frozen()]


Node = Leaf | Branch


def tree_of(model: Any) -> Branch | None:
    """The tree of a model that is there already; None if it isn't made of layers alone."""
    if not isinstance(model, keras.Model) or not hasattr(model, "layers"):
        return None
    kind = "Sequential" if isinstance(model, keras.Sequential) else "Functional"
    if not model.built or (kind == "Functional" and not getattr(model, "inputs", None)):
        return None
    nodes: list[Node] = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            inner = tree_of(layer)
            if inner is None:
                return None
            nodes.append(inner)
        else:
            nodes.append(Leaf(layer.name, type(layer).__name__, layer))
    return Branch(model.name, kind, model, nodes)
