// The video as a picture: segments, interest, who speaks, shots. A slider: by pointer and by keys.

import { h, replace, s } from "./dom.js";
import { clock, spoken } from "./format.js";
import { timelineText } from "./timelinetext.js";

const SEGMENTS = 24;
const CURVE = 46;
const SPEAKER = 12;
const SHOTS = 12;
const GAP = 6;
const AXIS = 16;
const TICK_PX = 70; // a time is 40 wide
const TICKS_S = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const MOST_SPEAKERS = 6; // more are drawn in one line: they would be thinner than a finger sees
const STEP_MS = 1_000;
const PAGE_MS = 30_000;

/** The timeline. `onSeek(ms)`. */
export class Timeline {
  constructor(onSeek) {
    this.onSeek = onSeek;
    this.data = null;
    this.ms = 0;
    this.range = null;
    this.labels = h("div", { class: "tracks", "aria-hidden": "true" });
    this.svg = s("svg", { "aria-hidden": "true" });
    this.slider = h(
      "div",
      {
        class: "timeline-picture",
        role: "slider",
        tabindex: 0,
        "aria-label": "Timeline",
        "aria-valuemin": 0,
        "aria-valuemax": 0,
        "aria-valuenow": 0,
        onkeydown: (event) => this.key(event),
        onpointerdown: (event) => this.grab(event),
      },
      this.svg,
    );
    this.text = h("details", { class: "timeline-text" }, h("summary", {}, "Timeline as text"));
    this.element = h("section", { class: "timeline", "aria-label": "Timeline of the video" }, h("div", { class: "timeline-row" }, this.labels, this.slider), this.text);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.slider);
  }

  end() {
    this.observer.disconnect();
  }

  /** Show what is known: `result` merged, `durationMs` of the video. */
  show(result, durationMs) {
    this.data = { ...result, durationMs: Math.max(durationMs || 0, 1) };
    this.slider.setAttribute("aria-valuemax", Math.round(this.data.durationMs / 1000));
    replace(this.text, h("summary", {}, "Timeline as text"), timelineText(this.data, (ms) => this.onSeek(ms)));
    this.draw();
  }

  at(ms) {
    this.ms = ms;
    if (!this.data) return;
    this.slider.setAttribute("aria-valuenow", Math.round(ms / 1000));
    this.slider.setAttribute("aria-valuetext", `${spoken(ms)} of ${spoken(this.data.durationMs)}`);
    if (!this.cursor) return;
    const x = this.x(ms);
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
  }

  choose(range) {
    this.range = range;
    this.draw();
  }

  x(ms) {
    return (Math.min(ms, this.data.durationMs) / this.data.durationMs) * this.width;
  }

  draw() {
    this.width = this.slider.clientWidth;
    if (!this.data || !this.width) return;
    const rows = speakerRows(this.data);
    const tracks = [];
    let y = 0;
    const track = (height, label, draw) => {
      tracks.push([height, label]);
      draw(y, height);
      y += height + GAP;
    };
    const parts = [];
    track(SEGMENTS, "Segments", (top, height) => parts.push(this.segments(top, height)));
    if (this.data.curve?.length) track(CURVE, "Interest", (top, height) => parts.push(this.curve(top, height)));
    for (const [number, row] of rows.entries()) {
      track(SPEAKER, row.label, (top, height) => parts.push(this.blocks(row.turns, top, height, `speaker s${number % 4}`)));
    }
    if (this.data.shots?.length) track(SHOTS, "Shots", (top, height) => parts.push(this.shots(top, height)));
    track(AXIS, "", (top, height) => parts.push(this.axis(top, height)));
    const height = y - GAP;
    this.cursor = s("line", { class: "cursor", y1: 0, y2: height });
    const until = this.data.until_ms;
    if (until && until < this.data.durationMs) {
      parts.push(s("rect", { class: "unknown", x: this.x(until), y: 0, width: this.width - this.x(until), height }));
    }
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.svg.setAttribute("height", height);
    replace(this.svg, parts, this.cursor);
    replace(this.labels, tracks.map(([size, label]) => {
      const element = h("span", { title: label }, label);
      element.style.setProperty("--height", `${size}px`);
      return element;
    }));
    this.at(this.ms);
  }

  blocks(spans, y, height, kind) {
    return spans.map(({ start_ms: from, end_ms: to }) => {
      const x = this.x(from);
      return s("rect", { class: kind, x, y, width: Math.max(1, this.x(to) - x), height, rx: 2 });
    });
  }

  segments(y, height) {
    return this.data.segments.map((segment) => {
      const x = this.x(segment.start_ms);
      const width = Math.max(3, this.x(segment.end_ms) - x);
      const chosen = this.range?.startMs === segment.start_ms && this.range?.endMs === segment.end_ms;
      return s(
        "g",
        {},
        s("rect", { class: chosen ? "segment chosen" : "segment", x, y, width, height, rx: 3 }),
        width > 16 && s("text", { class: "rank", x: x + width / 2, y: y + height / 2 }, segment.rank),
      );
    });
  }

  curve(y, height) {
    const { curve, durationMs } = this.data;
    // a point a pixel at most: of an hour there are 3,600
    const step = Math.max(1, Math.floor(curve.length / this.width));
    const points = [];
    for (let at = 0; at < curve.length; at += step) {
      const value = Math.max(...curve.slice(at, at + step));
      points.push(`${((at * 1000) / durationMs) * this.width},${y + height - value * height}`);
    }
    const end = Math.min(this.width, ((curve.length * 1000) / durationMs) * this.width);
    return [
      s("polygon", { class: "curve-area", points: `0,${y + height} ${points.join(" ")} ${end},${y + height}` }),
      s("polyline", { class: "curve", points: points.join(" ") }),
    ];
  }

  shots(y, height) {
    return this.data.shots.map(({ start_ms: from, end_ms: to }, number) => {
      const x = this.x(from);
      return s("rect", { class: number % 2 ? "shot odd" : "shot", x, y, width: Math.max(1, this.x(to) - x), height });
    });
  }

  axis(y, height) {
    const seconds = this.data.durationMs / 1000;
    const step = TICKS_S.find((one) => (one / seconds) * this.width >= TICK_PX) ?? Math.ceil(((seconds / this.width) * TICK_PX) / 3600) * 3600;
    const found = [];
    for (let at = 0; at <= seconds && this.x(at * 1000) < this.width - 20; at += step) {
      const x = this.x(at * 1000);
      found.push(s("line", { class: "tick", x1: x, x2: x, y1: y, y2: y + 4 }), s("text", { class: "tick-text", x: x + 3, y: y + height - 3 }, clock(at * 1000)));
    }
    return found;
  }

  key(event) {
    if (!this.data || event.ctrlKey || event.metaKey || event.altKey) return;
    const { durationMs } = this.data;
    const places = {
      ArrowLeft: this.ms - STEP_MS,
      ArrowDown: this.ms - STEP_MS,
      ArrowRight: this.ms + STEP_MS,
      ArrowUp: this.ms + STEP_MS,
      PageDown: this.ms - PAGE_MS,
      PageUp: this.ms + PAGE_MS,
      Home: 0,
      End: durationMs,
    };
    if (!Object.hasOwn(places, event.key)) return;
    event.preventDefault();
    this.onSeek(Math.min(durationMs, Math.max(0, places[event.key])));
  }

  grab(event) {
    if (!this.data || event.button !== 0) return;
    const go = ({ clientX }) => {
      const box = this.slider.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (clientX - box.left) / box.width));
      this.onSeek(Math.round(share * this.data.durationMs));
    };
    this.slider.setPointerCapture(event.pointerId);
    this.slider.addEventListener("pointermove", go);
    const done = () => this.slider.removeEventListener("pointermove", go);
    this.slider.addEventListener("pointerup", done, { once: true });
    this.slider.addEventListener("pointercancel", done, { once: true });
    go(event);
  }
}

function speakerRows({ speakers = [], turns = [], transcript = [] }) {
  if (!speakers.length) return transcript.length ? [{ label: "Speech", turns: transcript }] : [];
  const alone = speakers.length > MOST_SPEAKERS ? speakers.slice(0, MOST_SPEAKERS - 1) : speakers;
  const rows = alone.map(({ speaker }) => ({ label: speaker, turns: turns.filter((turn) => turn.speaker === speaker) }));
  if (alone.length < speakers.length) {
    const shown = new Set(alone.map(({ speaker }) => speaker));
    rows.push({ label: "Others", turns: turns.filter((turn) => !shown.has(turn.speaker)) });
  }
  return rows;
}

