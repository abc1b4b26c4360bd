"""Paths and URLs: absolute where they are local, because workers have folders of their own."""

import os


def absolute_url(url: str) -> str:
    """The URL itself, or an absolute path where it is local: workers change directory."""
    if "://" in url and not url.startswith("file://"):
        return url.rstrip("/")
    return os.path.abspath(os.path.expanduser(url.removeprefix("file://")))


def absolute_plugins(plugins: tuple[str, ...]) -> tuple[str, ...]:
    """Plug-ins with the paths of files made absolute; dotted names stay."""
    return tuple(absolute_url(p) if p.endswith(".py") else p for p in plugins)
