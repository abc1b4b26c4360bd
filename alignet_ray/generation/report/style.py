"""The report's own rules: a triplet as a figure."""

from alignet_ray.pages.style import stylesheet

STYLE = stylesheet(
    """\
.triplet .link { stroke: var(--link); stroke-linecap: butt; }
.triplet .link.pair { stroke: var(--pair); }
.triplet .photo { clip-path: inset(0 round 18px); }
.triplet .edge { fill: none; stroke: var(--card); stroke-width: 2; }
.triplet .odd { fill: none; stroke: var(--odd); stroke-width: 6; stroke-dasharray: 14 9; }
.triplet .missing, .sheet .missing { fill: var(--line); background: var(--line); }
.triplet .pill { fill: var(--card); stroke: var(--link); stroke-width: 2; }
.triplet .pill.pair { stroke: var(--pair); }
.triplet .value { font-size: 26px; font-weight: 600; }
.triplet .value.pair { fill: var(--pair); }
.triplet.small .value { font-size: 34px; }
.triplet.small .odd { stroke-width: 8; }
"""
)
