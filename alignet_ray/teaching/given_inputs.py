"""What the settings of a fit name must be there: said in one line, before Ray takes its time."""

from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.records.given_files import (
    refuse_missing_file,
    refuse_missing_files,
    refuse_missing_folder,
)

_IDS = "object ids, one a line"
_RUN = "a root written by generate, or an .npy file"


def refuse_missing_inputs(config: FitTeacherConfig) -> None:
    """Raise InputError for the first thing that is named and not there."""
    refuse_missing_files(
        (
            ("--names", config.names, _IDS),
            ("--choices", config.choices, "a file of choices"),
            ("--probabilities", config.probabilities, "a table of probabilities"),
            ("--human-embedding", config.human_embedding, "an .npy file"),
            ("--human-scale", config.human_scale, "an .npy file"),
            ("--human-embedding-names", config.human_embedding_names, _IDS),
            ("--responses", config.responses, "a file of choices"),
            ("--embeddings", config.embeddings, "a file of embeddings"),
            ("--embeddings-names", config.embeddings_names, _IDS),
            ("--backbone.checkpoint", config.backbone.checkpoint, "a file of weights"),
        )
    )
    if config.images is not None:
        refuse_missing_folder(config.images, "a folder of object images", "Check --images.")
    if config.local_run is not None:
        is_array = config.local_run.lower().endswith(".npy")
        refuse = refuse_missing_file if is_array else refuse_missing_folder
        refuse(config.local_run, _RUN, "Check --local-run.")
