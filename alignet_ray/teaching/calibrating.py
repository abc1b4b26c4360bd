"""How well the teacher's probabilities meet people's, beside those without the map."""

import numpy as np

from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.functional.calibration import Model, calibration, models_before_and_after
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records.digests import Json
from alignet_ray.records.teacher_bundle import Transform
from alignet_ray.teaching.affine_task import Material
from alignet_ray.teaching.human_accuracy import HumanCounts
from alignet_ray.teaching.human_data import HumanSource
from alignet_ray.teaching.human_space import human_log_probabilities

_NUM_TRAINING_TRIPLETS = 20_000


def measure_calibration(
    config: FitTeacherConfig,
    material: Material,
    transform: Transform,
    human: HumanCounts,
    source: HumanSource,
    object_ids: tuple[str, ...],
) -> Json:
    """Reliability, likelihood and entropy of each model on responses that no fit has seen.

    The one temperature that is fitted is fitted to training judgements, as the map is.
    """
    everything = np.ones(len(material.vectors), dtype=bool)
    judged = material.judgements.among(everything, _NUM_TRAINING_TRIPLETS, "temperature")
    stream = RandomStream(config.seed, "calibration_temperature")
    rows = stream.permutation(len(judged.triplets))[:_NUM_TRAINING_TRIPLETS]
    models = models_before_and_after(
        material.vectors,
        transform.apply(material.vectors),
        human.triplets,
        training_triplets=judged.triplets[rows],
        training_probabilities=judged.probabilities[rows].astype(np.float64),
    )
    people = human_log_probabilities(source, object_ids, human.triplets, config)
    if people is not None:
        models["human_model"] = Model(people, 1.0)
    return calibration(models, human.counts, num_resamples=config.num_resamples, seed=config.seed)
