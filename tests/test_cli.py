"""YAML and flags give one frozen config; every fault is one line and an exit code."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.cli import parse_config, run_job
from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.generate import (
    UNTRANSFORMED,
    ClusterConfig,
    EmbeddingConfig,
    GenerateConfig,
    ShardConfig,
    StoredConfig,
)
from alignet_ray.config.resources import Resources
from alignet_ray.errors import (
    ConfigError,
    InputError,
    Interrupted,
    LockedError,
    MismatchError,
    RecordError,
    ResourceError,
    StorageError,
)

REPOSITORY = Path(__file__).resolve().parents[1]
JOBS = sorted(path.name for path in (REPOSITORY / "jobs").glob("[a-z]*.py"))
REQUIRED = ("--images", "in", "--output", "out", "--teacher", UNTRANSFORMED)


def write(path, text):
    path.write_text(text)
    return str(path)


def parse(*arguments):
    return parse_config(GenerateConfig, [*REQUIRED, *arguments])


def error_line(*arguments):
    with pytest.raises(ConfigError) as caught:
        parse_config(GenerateConfig, list(arguments))
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    return line


def test_flags_give_a_frozen_config():
    config = parse("--seed", "7", "--shards.group", "triplet", "--plugins", "a", "/b.py")
    assert (config.seed, config.shards.blocks, config.plugins) == (7, (2, 1), ("a", "/b.py"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 8


def test_yaml_gives_what_flags_give(tmp_path):
    path = write(
        tmp_path / "a.yaml",
        """
        seed: 7
        num_groups: null
        plugins: [a, b.py]
        shards: {shared_images: true, group: 2x2, teacher_temperature: 1.0e-1}
        stored: {original: false}
        backbone: {preprocessing: {mean: [0.5, 0.25, 0]}}
        """,
    )
    flags = parse(
        "--seed", "7", "--plugins", "a", "b.py", "--shards.shared-images", "--shards.group", "2x2",
        "--shards.teacher-temperature", "0.1", "--backbone.preprocessing.mean", "0.5", "0.25", "0",
    )  # fmt: skip
    assert parse("--config", path) == flags


def test_later_files_win_over_earlier_ones_and_flags_over_files(tmp_path):
    first = write(tmp_path / "a.yaml", "seed: 1\nshards: {pool_rows: 11, shared_images: true}\n")
    second = write(tmp_path / "b.yaml", "seed: 2\nshards: {shared_images: false}\n")
    layered = parse("--config", first, f"--config={second}", "--shards.pool-rows", "33")
    assert (layered.seed, layered.shards.pool_rows, layered.shards.shared_images) == (2, 33, False)
    assert parse("--seed", "9", "--config", first).seed == 9


def test_yaml_gives_required_settings_too(tmp_path):
    path = write(tmp_path / "a.yaml", "images: in\noutput: out\nteacher: untransformed\n")
    assert parse_config(GenerateConfig, ["--config", path]) == parse()


COUNTS = st.none() | st.integers(1, 10**9)
CONFIGS = st.builds(
    GenerateConfig,
    images=st.text("abc/.:-_ 01", min_size=1).map(lambda name: (f"gs://{name}",)),
    output=st.just("null"),
    teacher=st.just(UNTRANSFORMED),
    plugins=st.lists(st.sampled_from(["a.py", "b.c", "true"])).map(tuple),
    num_groups=COUNTS,
    seed=st.integers(0, 1 << 40),
    backbone=st.builds(
        BackboneConfig,
        checkpoint=st.none() | st.just("/x y.safetensors"),
        name=st.sampled_from(["vit", "open_clip:ViT-B-32/openai"]),
        model_args=st.lists(st.sampled_from(["pad_type=same", "num_classes=10"])).map(tuple),
        preprocessing=st.builds(
            PreprocessingConfig,
            resolution=st.none() | st.integers(8, 512),
            resize=st.none() | st.sampled_from(["crop", "squash"]),
            mean=st.none() | st.tuples(*[st.floats(-1, 1)] * 3),
        ),
    ),
    stored=st.builds(StoredConfig, original=st.booleans(), quality=st.integers(1, 100)),
    embedding=st.builds(
        EmbeddingConfig, max_rejected_fraction=st.floats(0, 1), batch_size=st.integers(1, 99)
    ),
    clusters=st.builds(ClusterConfig, num_clusters=st.none() | st.integers(2, 10**9)),
    shards=st.builds(
        ShardConfig,
        strategy=st.sampled_from(["cluster_border", "class_border"]),
        group=st.none() | st.sampled_from(["triplet", "48x4"]),
        shared_images=st.booleans(),
        teacher_temperature=st.floats(1e-12, 1e12),
    ),
    resources=st.builds(Resources, address=st.none() | st.just("auto"), num_cpus=COUNTS),
)


@given(config=CONFIGS)
def test_a_printed_config_is_read_back_as_it_was(config, tmp_path_factory):
    path = tmp_path_factory.mktemp("printed") / "config.yaml"
    path.write_text(yaml.safe_dump(_plain(config), sort_keys=False))
    assert parse_config(GenerateConfig, ["--config", str(path)]) == config


def _plain(value):
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _plain(dataclasses.asdict(value)) if dataclasses.is_dataclass(value) else value


def test_print_config_prints_yaml_that_gives_the_same_config(tmp_path, capsys):
    flags = ["--seed", "3", "--plugins", "/a.py", "--backbone.preprocessing.std", "1", "2", "3"]
    with pytest.raises(SystemExit) as stop:
        parse(*flags, "--print-config")
    assert stop.value.code == 0
    path = write(tmp_path / "printed.yaml", capsys.readouterr().out)
    assert parse_config(GenerateConfig, ["--config", path]) == parse(*flags)


def test_an_unknown_flag_is_named():
    assert "--sed" in error_line(*REQUIRED, "--sed", "3")


def test_an_unknown_setting_in_yaml_is_named(tmp_path):
    path = write(tmp_path / "a.yaml", "shards: {grup: triplet}\n")
    assert "--shards.grup" in error_line(*REQUIRED, "--config", path)


def test_a_bad_choice_is_named_with_the_choices():
    line = error_line(*REQUIRED, "--shards.strategy", "nearest")
    assert "nearest" in line
    assert "cluster_border" in line


def test_a_bad_number_is_named():
    assert "--seed" in error_line(*REQUIRED, "--seed", "many")


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--num-groups", "ten"], "--num-groups: 'ten'; expected a whole number. See --help."),
        (["--seed"], "--seed: no value; expected a whole number. See --help."),
        (
            ["--clusters.num-clusters=many"],
            "--clusters.num-clusters: 'many'; expected a whole number or `auto`. See --help.",
        ),
        (
            ["--backbone.preprocessing.mean", "0.5", "1"],
            "--backbone.preprocessing.mean: '0.5' '1'; expected 3 numbers. See --help.",
        ),
        (
            ["--seed", "1", "stray"],
            "stray: belongs to no flag; expected flags and their values. See --help.",
        ),
        (["--sede", "3"], "--sede: no such flag. Did you mean --seed? See --help."),
    ],
)
def test_what_the_parser_says_is_said_in_our_words(flags, line):
    assert error_line(*REQUIRED, *flags) == line


def test_a_typo_in_a_required_flag_is_named_before_what_is_missing():
    line = error_line("--imges", "in", "--output", "out")
    assert line.startswith("--imges: no such flag. Did you mean --images?")


def test_what_is_missing_is_named():
    line = error_line("--images", "in", "--output", "out")
    assert "--teacher" in line


def test_a_failed_check_speaks_in_its_own_words():
    line = error_line(*REQUIRED, "--shards.pool-rows", "1")
    assert line == "--shards.pool-rows: 1; expected at least 3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n- b\n", "list; expected a mapping of settings"),
        ("a: [1\n", "expected YAML"),
        ("\x00", "expected YAML"),
    ],
)
def test_a_file_that_is_no_mapping_of_settings_is_refused(tmp_path, text, said):
    path = write(tmp_path / "a.yaml", text)
    line = error_line(*REQUIRED, "--config", path)
    assert said in line
    assert path in line


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"seed: \xff\xfe")
    assert "expected YAML" in error_line(*REQUIRED, "--config", str(path))


def test_a_missing_file_is_named(tmp_path):
    line = error_line(*REQUIRED, "--config", str(tmp_path / "none.yaml"))
    assert "none.yaml: No such file" in line


def test_config_without_a_file_is_refused():
    assert "no file given" in error_line(*REQUIRED, "--config")


def test_an_empty_file_changes_nothing(tmp_path):
    assert parse("--config", write(tmp_path / "a.yaml", "")) == parse()


def leave(job, monkeypatch, arguments=REQUIRED):
    monkeypatch.setattr(sys, "argv", ["job", *arguments])
    with pytest.raises(SystemExit) as stop:
        run_job(GenerateConfig, job)
    return stop.value.code


def raises(error):
    def job(_config):
        raise error

    return job


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (InputError("x"), 3),
        (MismatchError("x"), 4),
        (RecordError("x"), 5),
        (StorageError("x"), 6),
        (ResourceError("x"), 7),
        (LockedError("x"), 8),
        (Interrupted("x"), 9),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 0),
    ],
)
def test_each_error_has_its_exit_code(error, code, monkeypatch):
    assert leave(raises(error), monkeypatch) == code


def test_a_job_that_ends_well_exits_with_zero_and_says_nothing(monkeypatch, capsys):
    assert leave(lambda _config: None, monkeypatch) == 0
    assert capsys.readouterr() == ("", "")


def test_an_error_is_one_line_on_standard_error(monkeypatch, capsys):
    leave(raises(InputError("no files", "images", "in/", "Check --images.")), monkeypatch)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: in/: no files; expected images. Check --images.\n"


def test_a_job_that_was_asked_to_stop_says_so_and_not_that_it_failed(monkeypatch, capsys):
    stop = Interrupted("interrupted at step 3", remedy="Run the same command to go on.")
    assert leave(raises(stop), monkeypatch) == 9
    assert capsys.readouterr().err == "interrupted at step 3. Run the same command to go on.\n"


def test_a_fault_of_our_own_says_where_its_traceback_is(monkeypatch, capsys):
    assert leave(raises(ZeroDivisionError("a\nb")), monkeypatch) == 70
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ZeroDivisionError: a b. This is a fault in alignet_ray")
    path = Path(line.rsplit(" ", 1)[1])
    assert "in job" in path.read_text()
    path.unlink()


def test_a_wrong_command_line_exits_with_two(monkeypatch, capsys):
    assert leave(lambda _config: None, monkeypatch, ("--images", "in")) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("job", JOBS)
def test_help_imports_nothing_heavy(job):
    program = (
        "import runpy, sys\n"
        f"sys.argv = ['{job}', '--help']\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as stop: code = stop.code\n"
        "heavy = {'ray', 'torch', 'numpy', 'pyarrow', 'timm', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY / "jobs", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "--output" in answer.stdout or "--run " in answer.stdout
    assert "--config FILE.yaml" in answer.stdout
    assert f"Example: python jobs/{job} --" in answer.stdout


def test_help_shows_the_usual_flags_by_section_and_ends_with_examples():
    usual = run_script("evaluate", "--help", PYTHONPATH=str(REPOSITORY)).stdout
    every = run_script("evaluate", "--help-all", PYTHONPATH=str(REPOSITORY)).stdout
    assert len(usual.splitlines()) < 0.7 * len(every.splitlines())
    places = [usual.index(f"{flag} ") for flag in ("--models", "--images", "--only")]
    places += [usual.index(f"─ {part} options") for part in ("levels", "downstream", "resources")]
    assert places == sorted(places)
    assert "--help-all shows all of them" in usual
    assert usual.splitlines()[-1].startswith("Example: ")
    for flag in ("--seed", "--hierarchy.source.labels", "--backbone.preprocessing.mean"):
        assert f" {flag} " not in usual
        assert f" {flag} " in every
    for told in ("Folder of the stimuli", "human responses", "How human models are"):
        assert told in usual, "sections keep what is said of their flags"


@pytest.mark.parametrize("job", ["verify", "report", "convert"])
def test_a_job_without_a_model_asks_for_no_device(job):
    done = run_script(job, "--help", PYTHONPATH=str(REPOSITORY))
    assert "--resources.num-cpus" in done.stdout
    assert "--resources.device" not in done.stdout


@pytest.mark.parametrize("job", JOBS)
def test_examples_are_command_lines_that_the_job_takes(job):
    """Each job's own example, with `--print-config` so that nothing runs."""
    text = " ".join((REPOSITORY / "jobs" / job).read_text().split()).replace('" "', "")
    example = text.partition('example="')[2].partition('"')[0].split()
    assert example[:2] == ["python", f"jobs/{job}"]
    more = re.findall(r'"python (jobs/\S+ --[^"]*)"', text.partition("more_examples=")[2])
    for flags in (example[2:], *(own.split()[1:] for own in more)):
        done = run_script(
            job.removesuffix(".py"), *flags, "--print-config", PYTHONPATH=str(REPOSITORY)
        )
        assert done.returncode == 0, done.stderr


def test_a_python_without_the_package_is_told_what_to_activate():
    """`-S` leaves out site-packages, as the system's own Python lacks them."""
    done = subprocess.run(
        [sys.executable, "-S", str(REPOSITORY / "jobs" / "generate.py"), "--help"],
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "has no alignet_ray; expected" in line
    assert line.endswith("Activate it: . .venv/bin/activate")


def run_script(job, *flags, **environment):
    return subprocess.run(
        [sys.executable, str(REPOSITORY / "jobs" / f"{job}.py"), *flags],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
