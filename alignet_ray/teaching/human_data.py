"""All that people said, read from the files that the settings name."""

from dataclasses import dataclass

from alignet_ray.config.human_sources import HumanSourcesConfig
from alignet_ray.errors import InputError
from alignet_ray.records.choices import read_choices
from alignet_ray.records.human import (
    HumanChoices,
    HumanProbabilities,
    read_names,
    without_triplets_of,
)
from alignet_ray.records.human_embedding import HumanEmbedding, read_human_embedding
from alignet_ray.records.human_tables import read_probabilities
from alignet_ray.teaching.row_order import refuse_order_unlike_choices

HumanSource = HumanChoices | HumanProbabilities | HumanEmbedding


@dataclass(frozen=True, kw_only=True)
class HumanData:
    """What people said of the objects `names`; `responses` only where they are given."""

    names: tuple[str, ...]
    source: HumanSource
    responses: HumanChoices | None
    num_left_out: int
    """Judgements of triplets that the responses show: nothing is learned from them."""


def read_human_data(config: HumanSourcesConfig) -> HumanData:
    """Read the files. Without names, the objects are those of the source and of the responses.

    Raises InputError or ConfigError, naming the first wrong lines or rows, for a file that cannot
    be used and for an embedding whose rows are clearly in another order than its names.
    """
    given = read_names(config.names) if config.names is not None else None
    source = _read_source(config, given)
    names = source.names if given is None else given
    responses = None
    if config.responses is not None:
        # Numbers count the names file, or that of a ready embedding; ids stand for themselves.
        counted = names if given or isinstance(source, HumanEmbedding) else None
        responses = read_choices(config.responses, counted, config.responses_layout)
        if counted is None:
            names = tuple(sorted({*source.names, *responses.names}))
    num_left_out = 0
    if responses is not None and isinstance(source, HumanEmbedding):
        refuse_order_unlike_choices(source, responses, config)
    elif responses is not None and not isinstance(source, HumanEmbedding):
        num_given = len(source.triplets)
        source = without_triplets_of(source, responses)
        num_left_out = num_given - len(source.triplets)
        if not len(source.triplets):
            raise InputError(
                f"all {num_given:,} judgements are of triplets that --responses shows too",
                "others to learn from", config.judgements, "Give responses that are held out.",
            )  # fmt: skip
    return HumanData(names=names, source=source, responses=responses, num_left_out=num_left_out)


def _read_source(config: HumanSourcesConfig, names: tuple[str, ...] | None) -> HumanSource:
    if config.choices is not None:
        return read_choices(config.choices, names, config.choices_layout)
    if config.probabilities is not None:
        return read_probabilities(config.probabilities, names)
    assert config.human_embedding is not None, "the settings ask for exactly one source"
    return read_human_embedding(
        config.human_embedding,
        names,
        scale=config.human_scale,
        own_names=config.human_embedding_names,
    )
