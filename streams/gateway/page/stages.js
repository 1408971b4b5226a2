// Progress of each stage of a video, live.

import { h, setText } from "./dom.js";
import { clock, words } from "./format.js";
import { bar } from "./parts.js";

const ORDER = ["metadata", "audio-extractor", "frame-extractor", "transcriber", "vision", "content", "joiner", "segmenter", "enricher"];
const rank = (name) => (ORDER.indexOf(name) + ORDER.length + 1) % (ORDER.length + 1);

/** The stages as a list of bars; `update` takes `stages` of a video. */
export class Stages {
  constructor() {
    this.rows = new Map();
    this.element = h("ol", { class: "stages", "aria-label": "Progress of each stage" });
    // those that are always there have their place from the start, so that nothing moves when they begin
    for (const name of ORDER.slice(0, 6)) this.row(name);
  }

  row(name) {
    const held = this.rows.get(name);
    if (held) return held;
    const found = { bar: bar(words(name)), text: h("span", { class: "stage-text" }, "waits") };
    found.element = h("li", { class: "stage" }, h("span", { class: "stage-name" }, words(name)), found.bar, found.text);
    this.rows.set(name, found);
    const after = [...this.rows.keys()].filter((one) => rank(one) > rank(name)).sort((a, b) => rank(a) - rank(b))[0];
    this.element.insertBefore(found.element, after ? this.rows.get(after).element : null);
    return found;
  }

  update(stages, over) {
    for (const [name, stage] of Object.entries(stages)) {
      const row = this.row(name);
      row.bar.set(stage.fraction ?? 0);
      row.element.classList.toggle("bad", Boolean(stage.failed));
      setText(row.text, told(stage));
    }
    if (over) for (const row of this.rows.values()) if (row.text.textContent === "waits") setText(row.text, "–");
  }
}

function told(stage) {
  if (stage.failed) return String(stage.failed === true ? "failed" : stage.failed);
  const of = stage.total === null ? `${stage.done}` : `${stage.done} of ${stage.total}`;
  return stage.fraction >= 1 || !stage.position_ms ? of : `${of} · to ${clock(stage.position_ms)}`;
}
