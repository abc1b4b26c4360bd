"""The report's own rules: curves by strategy, triplets with three opinions."""

from alignet_ray.pages.dots import DOTS_STYLE
from alignet_ray.pages.style import stylesheet

_OWN = """\
.absent { color: var(--soft); margin: 16px 0 0; padding-left: 1.2em; }
.legend.lines { margin-top: 14px; gap: 6px 20px; }
.legend i.key { width: 20px; height: 0; border: 0; border-radius: 0; background: none;
  border-top: 3px solid var(--pair); vertical-align: 4px; margin-right: 8px; }
.legend i.key.train { border-color: var(--soft); }
.legend i.key.look-1, .legend i.key.look-3 { border-color: var(--odd); }
.legend i.key.look-2, .legend i.key.look-3 { border-top-style: dashed; }
.legend i.key.look-4 { border-color: var(--ink); border-top-style: dotted; }
.card > svg.plot { margin-top: 12px; }
.plot .curve.train { stroke: var(--soft); stroke-width: 1.5; }
.plot .curve.train.only { stroke: var(--pair); stroke-width: 2; }
.plot .curve.look-1, .plot .curve.look-3, .plot .point.look-1, .plot .point.look-3 {
  stroke: var(--odd); }
.plot .curve.look-2, .plot .curve.look-3 { stroke-dasharray: 6 4; }
.plot .curve.look-4 { stroke: var(--ink); stroke-dasharray: 2 4; }
.plot .point.look-4 { stroke: var(--ink); }
table tr.strategy th { color: var(--ink); padding-top: 16px; padding-left: 0; }

.minds { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px;
  margin-top: 22px; }
.minds > .card { margin-top: 0; padding: 18px; }
.mind-head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px;
  margin-bottom: 12px; }
.mind-head span { color: var(--soft); font-size: .82rem; }
.mind-head h3 { color: var(--pair); }
.mind.lost .mind-head h3 { color: var(--odd); }
.asked { display: grid; grid-template-columns: 54px repeat(3, minmax(0, 1fr)); gap: 8px 12px;
  align-items: center; }
.asked > div:not(.said) { align-self: start; }
.asked img, .asked .missing { display: block; width: 100%; aspect-ratio: 1; object-fit: cover;
  border-radius: 10px; background: var(--line); }
.asked .odd img, .asked .odd .missing { outline: 3px dashed var(--odd); outline-offset: 2px; }
.asked .label { color: var(--soft); font-size: .76rem; line-height: 1.3; margin-top: 6px;
  overflow-wrap: anywhere; }
.asked .who { color: var(--soft); font-size: .82rem; }
.said { display: grid; grid-template-columns: 2.4em minmax(0, 1fr); gap: 6px; align-items: center;
  font-size: .82rem; }
.said b { font-weight: 450; color: var(--soft); }
.said .track { margin: 0; }
.said.chosen b { font-weight: 680; color: var(--pair); }
.said.chosen .track i { background: var(--pair); }
.said.chosen.differs b { color: var(--odd); }
.said.chosen.differs .track i { background: var(--odd); }

@media (max-width: 900px) { .minds { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 640px) {
  svg.plot text.tick, svg.plot text.title { font-size: 16px; }
  .asked { grid-template-columns: 46px repeat(3, minmax(0, 1fr)); gap: 8px; }
}
"""

STYLE = stylesheet(DOTS_STYLE + _OWN)
