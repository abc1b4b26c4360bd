"""Paths and URLs: absolute where they are local, because workers have folders of their own."""

import os
import re

from alignet_ray.errors import ConfigError

_SECRETS = re.compile(
    r"(?P<user>://[^/@]*:)[^/@]+(?=@)"
    r"|(?P<key>[?&](?:X-Goog-Signature|X-Amz-Signature|X-Amz-Security-Token|Signature|sig"
    r"|access_token)=)[^&]+",
    re.IGNORECASE,
)


def absolute_url(url: str) -> str:
    """The URL itself, or an absolute path where it is local: workers change directory.

    Raises ConfigError for a URL that holds a password or a signature: URLs are written to records.
    """
    if "://" in url and not url.startswith("file://"):
        _refuse_secrets(url)
        return url.rstrip("/")
    return os.path.abspath(os.path.expanduser(url.removeprefix("file://")))


def _refuse_secrets(url: str) -> None:
    without = _SECRETS.sub(lambda found: f"{found['user'] or found['key']}***", url)
    if without != url:
        raise ConfigError(
            "a password or signature in a URL", "a URL that may stand in records", without,
            "Give credentials as the store's own client reads them, from the environment.",
        )  # fmt: skip


def absolute_plugins(plugins: tuple[str, ...]) -> tuple[str, ...]:
    """Plug-ins with the paths of files made absolute; dotted names stay."""
    return tuple(absolute_url(p) if p.endswith(".py") else p for p in plugins)
