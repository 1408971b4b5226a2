// The ranked segments of a result as cards, and the list of those that are marked.

import { asCsv, asEdl, asJson, asText, RATES } from "./cliplist.js";
import { Card } from "./card.js";
import { announce, emptyState, h, newId, replace, setText } from "./dom.js";
import { fileName, many } from "./format.js";
import { step } from "./shortcuts.js";

const KINDS = [
  ["json", "JSON", "application/json", asJson],
  ["csv", "CSV", "text/csv", asCsv],
  ["edl", "EDL", "text/plain", asEdl],
  ["txt", "Text", "text/plain", asText],
];

/** The cards. `onPlay(segment)`. */
export class SegmentList {
  constructor(onPlay, names) {
    this.onPlay = onPlay;
    this.names = names;
    this.cards = new Map();
    this.video = null;
    this.count = h("span", { class: "count" });
    this.list = h("div", { class: "cards" });
    this.rate = h("select", { id: newId("rate") }, RATES.map((one) => h("option", { value: one }, one)));
    this.rate.value = "25";
    this.all = h("button", { type: "button", class: "quiet", onclick: () => this.markAll() }, "Mark all");
    this.choice = h("span", {});
    this.tools = h(
      "div",
      { class: "clip-tools", role: "group", "aria-label": "Clip list" },
      this.choice,
      this.all,
      KINDS.map(([kind, text]) => h("button", { type: "button", "aria-label": `Clip list as ${text}`, onclick: () => this.download(kind) }, text)),
      h("span", { class: "check" }, h("label", { for: this.rate.id }, "frames/s of the EDL"), this.rate),
    );
    this.tools.hidden = true;
    this.element = h("section", { class: "segments", "aria-label": "Ranked segments" }, h("div", { class: "segments-head" }, h("h2", {}, "Segments"), this.count), this.tools, this.list);
  }

  /** Show segments, best first; `changes` against what was shown or published before, `why` there are none. */
  show(video, segments, changes, why) {
    this.video = video;
    const moved = new Set(changes?.moved ?? []);
    const added = new Set(changes?.added ?? []);
    const active = document.activeElement;
    const held = this.cards;
    this.cards = new Map();
    for (const segment of segments) {
      const id = segment.segment_id;
      const card = held.get(id) ?? new Card(segment, { play: (one) => this.onPlay(one), mark: () => this.marks() }, this.names);
      card.update(segment);
      card.changed(added.has(id) ? "new in this revision" : moved.has(id) ? "at another rank" : "");
      this.cards.set(id, card);
    }
    if (segments.length) replace(this.list, [...this.cards.values()].map(({ element }) => element));
    else replace(this.list, why ?? emptyState("No segments yet", "The first ones come when half a minute of the video is understood."));
    if (active !== document.activeElement && active?.isConnected) active.focus({ preventScroll: true });
    setText(this.count, segments.length ? many(segments.length, "segment") : "");
    this.tools.hidden = !segments.length;
    this.marks();
  }

  chosen() {
    const all = [...this.cards.values()];
    const marked = all.filter((card) => card.marked);
    return { all: !marked.length, segments: (marked.length ? marked : all).map((card) => card.segment) };
  }

  marks() {
    const { all, segments } = this.chosen();
    setText(this.choice, all ? "Clip list of all" : `Clip list of ${segments.length} marked`);
    setText(this.all, all ? "Mark all" : "Mark none");
  }

  markAll() {
    const { all } = this.chosen();
    for (const card of this.cards.values()) card.box.checked = all;
    this.marks();
  }

  download(kind) {
    const [, text, type, write] = KINDS.find(([one]) => one === kind);
    const { segments } = this.chosen();
    save(`${fileName(this.video.title)}.clips.${kind}`, type, write(this.video, segments, this.rate.value));
    announce(`Clip list of ${many(segments.length, "segment")} saved as ${text}.`);
  }

  playing(range) {
    for (const card of this.cards.values()) {
      card.playing(range?.startMs === card.segment.start_ms && range?.endMs === card.segment.end_ms);
    }
  }

  step(by) {
    step(this.list.querySelectorAll(".play"), by);
  }

  /** The card that has the focus, else the first one. */
  focused() {
    const all = [...this.cards.values()];
    return all.find((card) => card.element.contains(document.activeElement)) ?? all[0];
  }

  get(id) {
    return this.cards.get(id) ?? [...this.cards.values()].find((card) => String(card.segment.rank) === id);
  }
}

function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const anchor = h("a", { href: url, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it when it asks where to put it
}
