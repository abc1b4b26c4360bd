"""From YAML and flags to a frozen dataclass, and from any error to one line and an exit code.

YAML is read as arguments that came earlier on the line, so that one parser has one error voice:
`--config a.yaml --config b.yaml --seed 3`. `--print-config` shows what a job would run with.
"""

import contextlib
import dataclasses
import inspect
import io
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import tyro
import yaml

from alignet_ray.config.flags import flags_of, refuse_unknown_flags, refuse_value
from alignet_ray.config.plain_yaml import load_yaml
from alignet_ray.errors import INTERNAL_EXIT_CODE, AlignetError, ConfigError, Interrupted, printable
from alignet_ray.terminal import plain_output

Config = TypeVar("Config")

_PARSE_EXIT_CODE = 2
_INTERRUPTED_EXIT_CODE = 130
_FRAME = re.compile(r"[╭╮╰╯│─]+")
_FLAG = re.compile(r"--[a-z][a-z0-9.-]*")
_STRAY = "Unrecognized options:"
_EPILOGUE = (
    "--config FILE.yaml reads settings before the flags (repeat it to layer files); "
    "--print-config prints the resulting settings as YAML and stops."
)


def parse_config(
    config_class: type[Config], arguments: Sequence[str], *, example: str = ""
) -> Config:
    """The settings that YAML files and flags give. Raises ConfigError in one line.

    `example` is a command line that `--help` shows, and so does the error for missing flags.
    """
    rest, files = _take_config_files(list(arguments))
    from_files = [item for path in files for item in _yaml_arguments(path)]
    prints = "--print-config" in rest
    rest = [item for item in rest if item != "--print-config"]
    config = _parse([*from_files, *rest], config_class, example)
    if prints:
        sys.stdout.write(yaml.safe_dump(_plain(config), sort_keys=False))
        raise SystemExit(0)
    return config


def run_job(
    config_class: type[Config], job: Callable[[Config], None], *, example: str = ""
) -> NoReturn:
    """Parse the command line, run the job, and leave with the right exit code."""
    try:
        config = parse_config(config_class, sys.argv[1:], example=example)
        with plain_output():
            job(config)
    except Interrupted as stop:
        _say(str(stop))
        _exit(stop.exit_code)
    except AlignetError as error:
        _say(f"error: {error}")
        _exit(error.exit_code)
    except BrokenPipeError:
        # The reader of a pipe went away: nothing to say, and nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _exit(0)
    except KeyboardInterrupt:
        _say("stopped. Run the same command to go on.")
        _exit(_INTERRUPTED_EXIT_CODE)
    except Exception as error:
        path = _write_traceback(error)
        summary = printable(" ".join(f"{type(error).__name__}: {error}".split())[:300])
        _say(f"error: {summary}. This is a fault in alignet_ray; the traceback is in {path}")
        _exit(INTERNAL_EXIT_CODE)
    _exit(0)


def _exit(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    raise SystemExit(code)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _write_traceback(error: Exception) -> str:
    descriptor, path = tempfile.mkstemp(prefix="alignet_ray_", suffix=".log")
    with os.fdopen(descriptor, "w") as stream:
        stream.writelines(traceback.format_exception(error))
    return path


def _take_config_files(arguments: list[str]) -> tuple[list[str], list[str]]:
    rest: list[str] = []
    files: list[str] = []
    items = iter(arguments)
    for item in items:
        if item == "--config":
            path = next(items, None)
            if path is None:
                raise ConfigError("no file given", "--config FILE.yaml", "--config")
            files.append(path)
        elif item.startswith("--config="):
            files.append(item.removeprefix("--config="))
        else:
            rest.append(item)
    return rest, files


def _yaml_arguments(path: str) -> Iterator[str]:
    try:
        with open(path, encoding="utf-8") as stream:
            document = load_yaml(stream.read()) or {}
    except OSError as error:
        raise ConfigError(error.strerror or str(error), "a readable file", path) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(str(error), "YAML", path) from error
    if not isinstance(document, dict):
        raise ConfigError(type(document).__name__, "a mapping of settings", path)
    yield from _as_arguments(document, "")


def _as_arguments(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, value in settings.items():
        name = f"{prefix}{str(key).replace('_', '-')}"
        if isinstance(value, dict):
            yield from _as_arguments(value, f"{name}.")
        elif isinstance(value, bool):
            section, _, last = name.rpartition(".")
            negative = f"{section}.no-{last}" if section else f"no-{last}"
            yield f"--{name}" if value else f"--{negative}"
        elif isinstance(value, list):
            yield f"--{name}"
            yield from map(str, value)
        else:
            yield f"--{name}={value}"


def _parse(arguments: Sequence[str], config_class: type[Config], example: str) -> Config:
    """Tyro's result; its framed error as one ConfigError."""
    flags = flags_of(config_class)
    refuse_unknown_flags(arguments, flags)
    captured = io.StringIO()
    try:
        with contextlib.redirect_stderr(captured):
            shown = f"Example: {example}\n\n" if example else ""
            description = f"{inspect.getdoc(config_class)}\n\n{shown}{_EPILOGUE}"
            return tyro.cli(config_class, args=arguments, description=description)
    except SystemExit as stop:
        if stop.code != _PARSE_EXIT_CODE:
            raise
        own = _own_error(stop)
        if own is not None:
            raise own from None
        raise _as_config_error(_one_line(captured.getvalue()), flags, arguments, example) from None


def _own_error(error: BaseException) -> ConfigError | None:
    """The ConfigError of a dataclass's own checks that tyro turned into its exit, if any."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ConfigError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _as_config_error(
    text: str, flags: Mapping[str, Any], arguments: Sequence[str], example: str
) -> ConfigError:
    """The parser's line in our words, where it speaks of a flag's value or of a stray word."""
    named = next((flag for flag in _FLAG.findall(text) if flag in flags), None)
    if named is not None and not text.startswith("missing"):
        return refuse_value(named, flags[named], arguments)
    if text.startswith(_STRAY):
        stray = text.removeprefix(_STRAY).strip()
        return ConfigError(f"{stray}: belongs to no flag", "flags and their values", "",
                           "See --help.")  # fmt: skip
    such_as = f"Such as: {example} " if example and text.startswith("missing") else ""
    return ConfigError(text, remedy=f"{such_as}(see --help)" if such_as else "See --help.")


def _one_line(frame: str) -> str:
    body: list[str] = []
    for line in frame.splitlines():
        text = _FRAME.sub(" ", line).strip()
        if "full helptext" in text or (not text and body and "──" in line):
            break
        if text and not line.lstrip().startswith("╭"):
            body.append(text)
    text = " ".join(" ".join(body).split()).rstrip(".")
    if text.startswith("Missing from"):
        return f"missing {', '.join(_FLAG.findall(text))}"
    return text


def _plain(config: Any) -> Any:
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        return {f.name: _plain(getattr(config, f.name)) for f in dataclasses.fields(config)}
    if isinstance(config, list | tuple):
        return [_plain(item) for item in config]
    return config
