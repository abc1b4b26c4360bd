"""YAML from files that others may have written: plain values, of bounded depth and size.

`yaml.safe_load` makes no objects, but a few lines of it can stand for more than any memory holds
(aliases of aliases), and brackets in brackets take it minutes.
"""

from typing import Any

import yaml

DEEPEST = 50
MOST_NODES = 1_000_000
"""Values in all, each counted as often as aliases repeat it."""


def load_yaml(text: str | bytes) -> Any:
    """The one document. Raises yaml.YAMLError for what is no YAML, too deep or too large."""
    loader = _BoundedLoader(text)
    try:
        return loader.get_single_data()
    except (ValueError, RecursionError) as error:  # 2020-99-99 is a date to PyYAML, but no day
        raise yaml.YAMLError(str(error)) from error
    finally:
        loader.dispose()


class _BoundedLoader(yaml.SafeLoader):
    def __init__(self, text: str | bytes) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.YAMLError(f"nested more than {DEEPEST} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _num_nodes(node, {}) > MOST_NODES:
            raise yaml.YAMLError(f"aliases that stand for more than {MOST_NODES:,} values")
        return node


def _num_nodes(node: yaml.Node, counted: dict[int, int]) -> int:
    """Values below a node and itself, with those that aliases repeat."""
    if id(node) not in counted:
        counted[id(node)] = MOST_NODES + 1  # met again below itself, it has no end
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        counted[id(node)] = 1 + sum(_num_nodes(child, counted) for child in children)
    return counted[id(node)]
