"""What a lost attempt leaves reserved on the cluster, given back before the next one starts.

Ray Train's controller reserves its workers' machines in a placement group, which lives as long as
the job. Where the controller dies, an actor beside it should remove the group; where that one dies
too, as under an out-of-memory killer, or asks another of several clusters on one machine, the group
stays, and the next attempt would wait for machines that nothing uses.
"""

from typing import Any

import ray
from ray.util.placement_group import PlacementGroup, placement_group_table, remove_placement_group

_REMOVED = "REMOVED"


def release_reservations() -> int:
    """Remove the placement groups of this driver's job; returns how many there were.

    Call while no attempt runs: they are all of Ray Train's making. A group's id ends with the id
    of the job that made it.
    """
    job = ray.get_runtime_context().get_job_id()
    table: dict[str, dict[str, Any]] = placement_group_table()
    mine = [
        identity
        for identity, group in table.items()
        if identity.endswith(job) and group["state"] != _REMOVED
    ]
    for identity in mine:
        remove_placement_group(PlacementGroup(ray.PlacementGroupID(bytes.fromhex(identity))))
    return len(mine)
