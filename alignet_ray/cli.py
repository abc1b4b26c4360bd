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
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import tyro
import yaml

from alignet_ray.config.flags import flags_of, refuse_unknown_flags, refuse_value
from alignet_ray.config.plain_yaml import load_yaml
from alignet_ray.errors import INTERNAL_EXIT_CODE, AlignetError, ConfigError, Interrupted, printable
from alignet_ray.final_summary import FLAG as SUMMARY_FLAG
from alignet_ray.final_summary import Facts, facts_of, take_place, write_summary
from alignet_ray.terminal import plain_output

Config = TypeVar("Config")

_PARSE_EXIT_CODE = 2
_INTERRUPTED_EXIT_CODE = 130
_FRAME = re.compile(r"[╭╮╰╯│─]+")
_FLAG = re.compile(r"--[a-z][a-z0-9.-]*")
_STRAY = "Unrecognized options:"
_EPILOGUE = (
    "--config FILE.yaml reads settings before the flags (repeat it to layer files); "
    "--print-config prints the resulting settings as YAML and stops; "
    f"{SUMMARY_FLAG} FILE writes what came of the job as one JSON object (- prints it)."
)
_HELP, _HELP_ALL = ("-h", "--help"), "--help-all"
_FOLDED = f"This help shows the usual flags; {_HELP_ALL} shows all of them."


def parse_config(
    config_class: type[Config],
    arguments: Sequence[str],
    *,
    example: str = "",
    more_examples: tuple[str, ...] = (),
    folded: tuple[str, ...] = (),
) -> Config:
    """The settings that YAML files and flags give. Raises ConfigError in one line.

    `example` is a command line that `--help` ends with, and so does the error for missing flags;
    `folded` are fields that are rarely given, such as `seed` or `downstream.source`: `--help`
    leaves them to `--help-all`.
    """
    rest, files = _take_config_files(list(arguments))
    from_files = [item for path in files for item in _yaml_arguments(path)]
    prints = "--print-config" in rest
    rest = [item for item in rest if item != "--print-config"]
    asked = [*from_files, *rest]
    if any(own in rest for own in (*_HELP, _HELP_ALL)):
        _print_help(config_class, (example, *more_examples), () if _HELP_ALL in rest else folded)
    config = _parse(asked, config_class, example)
    if prints:
        sys.stdout.write(yaml.safe_dump(_plain(config), sort_keys=False))
        raise SystemExit(0)
    return config


def run_job(
    config_class: type[Config],
    job: Callable[[Config], object],
    *,
    example: str = "",
    more_examples: tuple[str, ...] = (),
    folded: tuple[str, ...] = (),
) -> NoReturn:
    """Parse the command line, run the job, and leave with the right exit code.

    What the job returns, a dataclass or a mapping, are the facts of `--summary-json`.
    """
    started = time.monotonic()
    place: str | None = None
    error: str | None = None
    facts: Facts = {}
    try:
        arguments, place = take_place(sys.argv[1:])
        config = parse_config(
            config_class, arguments,
            example=example, more_examples=more_examples, folded=folded,
        )  # fmt: skip
        with plain_output():
            facts = facts_of(job(config))
        code = 0
    except Interrupted as stop:
        error, code = str(stop), stop.exit_code
    except AlignetError as fault:
        error, code = f"error: {fault}", fault.exit_code
    except BrokenPipeError:
        # The reader of a pipe went away: nothing to say, and nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        error, code = "stopped. Run the same command to go on.", _INTERRUPTED_EXIT_CODE
    except Exception as fault:
        path = _write_traceback(fault)
        summary = printable(" ".join(f"{type(fault).__name__}: {fault}".split())[:300])
        error = f"error: {summary}. This is a fault in alignet_ray; the traceback is in {path}"
        code = INTERNAL_EXIT_CODE
    if error is not None:
        _say(error)
    if place is not None:
        code = _tell(place, code, time.monotonic() - started, error, facts)
    _exit(code)


def _tell(place: str, code: int, seconds: float, error: str | None, facts: Facts) -> int:
    """Write the final summary; returns the exit code, the writing's own if nothing else failed."""
    job = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    try:
        write_summary(place, job=job, exit_code=code, seconds=seconds, error=error, facts=facts)
    except AlignetError as fault:
        _say(f"error: {fault}")
        return code or fault.exit_code
    return code


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


def _print_help(config_class: type, examples: Sequence[str], folded: Sequence[str]) -> NoReturn:
    """Print the flags by section, and examples where the eye rests: at the end."""
    told, shown = f"{inspect.getdoc(config_class)}\n\n{_EPILOGUE}", config_class
    if folded:
        from alignet_ray.short_help import without

        told, shown = f"{told} {_FOLDED}", without(config_class, folded)
    try:
        tyro.cli(shown, args=["--help"], description=told)
    finally:
        sys.stdout.writelines(f"Example: {own}\n" for own in examples if own)
    raise AssertionError("tyro leaves after its help")


def _parse(arguments: Sequence[str], config_class: type[Config], example: str) -> Config:
    """Tyro's result; its framed error as one ConfigError."""
    flags = flags_of(config_class)
    refuse_unknown_flags(arguments, flags)
    captured = io.StringIO()
    try:
        with contextlib.redirect_stderr(captured):
            return tyro.cli(config_class, args=arguments)
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
