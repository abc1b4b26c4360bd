"""The space in which people's judgements are probabilities: a fitted embedding, or a ready one."""

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.functional.vice_posterior import log_probabilities, pair_probabilities
from alignet_ray.records.digests import Json
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.human_embedding import HumanEmbedding
from alignet_ray.records.json_lines import JsonLines
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed_objects import ObjectEmbeddings
from alignet_ray.teaching.human_data import HumanData, HumanSource
from alignet_ray.teaching.row_order import refuse_order_unlike_images
from alignet_ray.teaching.vice import fit_vice, vice_data


def human_space(
    config: FitTeacherConfig, human: HumanData, objects: ObjectEmbeddings, log: JsonLines
) -> tuple[HumanSource, Json | None]:
    """What the map is fitted to, and the figures of the embedding where one was fitted.

    Choices become an embedding, unless they are the targets themselves (`--fit.targets hard`).
    Call inside `ray_session`. Raises InputError for rows that are clearly in another order.
    """
    source, metrics = human.source, None
    if isinstance(source, HumanChoices) and config.fits_vice:
        fitted = fit_vice(
            vice_data(source, config.vice.held_out_fraction, config.seed),
            config.vice,
            seed=config.seed,
            output=Folder.at(config.output),
            threads=config.vice_cpus,
            resources=config.resources,
            log=log,
        )
        source = HumanEmbedding(names=fitted.names, vectors=fitted.mean, scale=fitted.scale)
        metrics = fitted.metrics
        if config.names is not None:  # numbers were given a meaning by a file
            refuse_order_unlike_images(source, human.names, objects, config)
    elif isinstance(source, HumanEmbedding):
        refuse_order_unlike_images(source, source.names, objects, config)
    return source, metrics


def human_log_probabilities(
    source: HumanSource,
    object_ids: tuple[str, ...],
    triplets: Int[np.ndarray, "triplets 3"],
    config: FitTeacherConfig,
) -> Float[np.ndarray, "triplets 3"] | None:
    """What the human embedding says of triplets of objects; None unless it knows all of them."""
    if not isinstance(source, HumanEmbedding):
        return None
    row_of = {name: row for row, name in enumerate(source.names)}
    rows = np.array([row_of.get(name, -1) for name in object_ids], dtype=np.int64)[triplets]
    if (rows < 0).any():
        return None
    probabilities = pair_probabilities(
        source.vectors, source.scale, rows, num_samples=config.vice.num_samples, seed=config.seed
    )
    return log_probabilities(probabilities)
