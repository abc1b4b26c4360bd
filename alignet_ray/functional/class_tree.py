"""A hierarchy of classes as it matters here: levels, ancestors, the classes below a node.

Levels count from the root; a node's is the longest way to it, as BREEDS counts. Only nodes that
lead to a class and are reached from the root are in the tree; classes that are not reached are
`outside`. In BREEDS's modified hierarchy of ImageNet these are 110 of the 1,000.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ClassTree:
    """Children and parents, sorted, and level of every node below the root.

    A class may stand above others.
    """

    root: str
    classes: tuple[str, ...]
    children: Mapping[str, tuple[str, ...]]
    parents: Mapping[str, tuple[str, ...]]
    levels: Mapping[str, int]
    outside: tuple[str, ...]

    def classes_below(self, node: str) -> tuple[str, ...]:
        """The classes under a node, sorted; a class ends its branch, and is below itself."""
        own = frozenset(self.classes)
        found = {node} & own
        todo = list(self.children.get(node, ()))
        while todo:
            below = todo.pop()
            if below in own:
                found.add(below)
            else:
                todo.extend(self.children.get(below, ()))
        return tuple(sorted(found))

    def nodes_at(self, level: int, ancestor: str | None = None) -> tuple[str, ...]:
        """Nodes of a level, sorted; those at or below an ancestor where one is given."""
        nodes = (node for node, own in self.levels.items() if own == level)
        if ancestor is None:
            return tuple(sorted(nodes))
        below = self._below(ancestor)
        return tuple(sorted(node for node in nodes if node in below))

    def ancestor_at(self, name: str, level: int) -> str | None:
        """The ancestor of a class at a level, or itself; where several, the first by name."""
        found = {name}
        todo = [name]
        while todo:
            above = [node for node in self.parents.get(todo.pop(), ()) if node not in found]
            found.update(above)
            todo.extend(above)
        return min((node for node in found if self.levels.get(node) == level), default=None)

    def _below(self, node: str) -> frozenset[str]:
        found, todo = {node}, [node]
        while todo:
            below = [child for child in self.children.get(todo.pop(), ()) if child not in found]
            found.update(below)
            todo.extend(below)
        return frozenset(found)


def class_tree(edges: Iterable[tuple[str, str]], classes: Sequence[str], root: str) -> ClassTree:
    """The tree of (parent, child) edges above the classes.

    Raises ValueError where the edges go in a circle or no class is below the root.
    """
    parents: dict[str, set[str]] = {}
    for parent, child in edges:
        parents.setdefault(child, set()).add(parent)
    children = _children_above(parents, classes)
    levels = _levels(children, root)
    reached = {name for name in classes if name in levels}
    if not reached:
        raise ValueError(f"no class is below the root {root!r}; expected some")
    kept = {node: below for node, below in children.items() if node in levels}
    return ClassTree(
        root=root,
        classes=tuple(name for name in classes if name in reached),
        children={node: tuple(sorted(below)) for node, below in sorted(kept.items())},
        parents={
            node: tuple(sorted(own & levels.keys()))
            for node, own in sorted(parents.items())
            if node in levels
        },
        levels=dict(sorted(levels.items())),
        outside=tuple(name for name in classes if name not in reached),
    )


def _children_above(parents: Mapping[str, set[str]], classes: Sequence[str]) -> dict[str, set[str]]:
    """Children of every node from which a class is reached."""
    children: dict[str, set[str]] = {}
    seen: set[str] = set()
    todo = list(classes)
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        for parent in parents.get(node, ()):
            children.setdefault(parent, set()).add(node)
            todo.append(parent)
    return children


def _levels(children: Mapping[str, set[str]], root: str) -> dict[str, int]:
    """Longest way from the root to each node, taken as soon as all its parents are."""
    reached = _reached(children, root)
    num_waiting = dict.fromkeys(reached, 0)
    for node in reached:
        for child in children.get(node, ()):
            num_waiting[child] += 1
    levels, todo = {root: 0}, [root] if not num_waiting[root] else []
    done = 0
    while todo:
        node = todo.pop()
        done += 1
        for child in children.get(node, ()):
            levels[child] = max(levels.get(child, 0), levels[node] + 1)
            num_waiting[child] -= 1
            if not num_waiting[child]:
                todo.append(child)
    if done < len(reached):
        stuck = sorted(node for node in reached if num_waiting[node])
        raise ValueError(f"a circle through {stuck[0]!r}; expected parents above their children")
    return levels


def _reached(children: Mapping[str, set[str]], root: str) -> set[str]:
    found, todo = {root}, [root]
    while todo:
        for child in children.get(todo.pop(), ()):
            if child not in found:
                found.add(child)
                todo.append(child)
    return found
