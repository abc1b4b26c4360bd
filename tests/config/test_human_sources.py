"""One source of judgements, one of objects, and no flag that would mean nothing."""

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.errors import ConfigError

OUTPUT = ("--output", "o")
IMAGES = ("--images", "i")
CHOICES = ("--choices", "c")
SOURCES = (CHOICES, ("--human-embedding", "e"), ("--probabilities", "p"))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("objects", [IMAGES, ("--embeddings", "v"), (*IMAGES, "--embeddings", "v")])
def test_any_one_source_of_each_will_do(source, objects):
    config = parse_config(FitTeacherConfig, [*OUTPUT, *source, *objects])
    assert config.judgements == source[1]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (IMAGES, "none of them given"),
        ((*IMAGES, *SOURCES[0], *SOURCES[1]), "--choices and --human-embedding given"),
        ((*IMAGES, *SOURCES[1], *SOURCES[2]), "--human-embedding and --probabilities given"),
        (CHOICES, "--images and --embeddings: neither given"),
        ((*IMAGES, *CHOICES, "--human-scale", "s"), "--human-scale: given without --human-emb"),
        (
            (*IMAGES, *CHOICES, "--human-embedding-names", "n"),
            "--human-embedding-names: given without --human-embedding",
        ),
        (
            (*IMAGES, *CHOICES, "--embeddings-names", "n"),
            "--embeddings-names: given without --embeddings",
        ),
        (
            (*IMAGES, *SOURCES[1], "--choices-layout", "table"),
            "--choices-layout: given without --choices",
        ),
        (
            (*IMAGES, *CHOICES, "--responses-layout", "triplets"),
            "--responses-layout: given without --responses",
        ),
        (
            (*IMAGES, *CHOICES, "--choices-layout", "matrix"),
            "expected `auto`, `triplets`, `responses` or `table`",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(flags, said):
    with pytest.raises(ConfigError) as caught:
        parse_config(FitTeacherConfig, [*OUTPUT, *flags])
    assert said in str(caught.value)
    assert caught.value.remedy


def test_rows_without_ids_need_names():
    flags = [*OUTPUT, *CHOICES, "--embeddings", "e.npy"]
    with pytest.raises(
        ConfigError, match=r"^--embeddings-names: none given, but the rows of e\.npy"
    ):
        parse_config(FitTeacherConfig, flags)
    for names in ("--names", "--embeddings-names"):
        assert parse_config(FitTeacherConfig, [*flags, names, "n"]).embeddings == "e.npy"
