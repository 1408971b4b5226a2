// A ranked segment: picture, play, why, platforms, texts to copy.

import { announce, h, newId, replace, setText } from "./dom.js";
import { clock, percent, spoken, words } from "./format.js";
import { meter } from "./parts.js";

const SHOWN_REASONS = 3;

/** One card. `on.play(segment)`, `on.mark(segment, marked)`. */
export class Card {
  constructor(segment, on, names) {
    this.on = on;
    this.names = names;
    this.id = newId("segment");
    this.open = new Set();
    this.picture = h("div", { class: "picture" });
    this.play = h("button", { type: "button", class: "play", onclick: () => on.play(this.segment) });
    this.box = h("input", { type: "checkbox", onchange: () => on.mark(this.segment, this.box.checked) });
    this.change = h("span", { class: "change", hidden: true });
    this.title = h("h3", { id: this.id });
    this.facts = h("p", { class: "facts" });
    this.text = h("p", { class: "said", dir: "auto" });
    this.reasons = h("div", { class: "reasons" });
    this.more = h("div", { class: "card-more" });
    this.element = h(
      "article",
      { class: "card", "aria-labelledby": this.id },
      h("div", { class: "card-side" }, this.play, h("label", { class: "check mark" }, this.box, "Mark")),
      h("div", { class: "card-main" }, this.title, this.facts, this.change, this.text, this.reasons, this.more),
    );
    this.update(segment);
  }

  get marked() {
    return this.box.checked;
  }

  focus() {
    this.play.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }

  playing(on) {
    this.element.classList.toggle("playing", on);
  }

  changed(text) {
    this.change.hidden = !text;
    setText(this.change, text);
  }

  update(segment) {
    if (JSON.stringify(segment) === JSON.stringify(this.segment)) return; // what is opened and selected stays
    this.segment = segment;
    const times = `${clock(segment.start_ms)}–${clock(segment.end_ms)}`;
    const length = segment.end_ms - segment.start_ms;
    this.play.setAttribute("aria-label", `Play segment ${segment.rank}, ${spoken(segment.start_ms)} to ${spoken(segment.end_ms)}`);
    this.box.setAttribute("aria-label", `Mark segment ${segment.rank} for the clip list`);
    replace(
      this.play,
      // decoration: what is seen stands in the texts
      segment.keyframe_uri
        ? h("img", { src: segment.keyframe_uri, alt: "", loading: "lazy", decoding: "async" })
        : h("span", { class: "no-picture" }),
      h("span", { class: "rank-tag" }, `${segment.rank}`),
      h("span", { class: "length-tag" }, clock(length)),
      h("span", { class: "play-sign", "aria-hidden": "true" }),
    );
    setText(this.title, segment.title || times);
    replace(
      this.facts,
      h("span", { class: "times" }, times),
      h("span", { class: "value" }, "score ", h("strong", {}, segment.score.toFixed(2))),
      h("span", { class: "value" }, "confidence ", h("strong", {}, percent(segment.confidence))),
      segment.engagement && h("span", { class: "value", title: `between ${percent(segment.engagement.low)} and ${percent(segment.engagement.high)}` }, "engagement ", h("strong", {}, percent(segment.engagement.score))),
      segment.speakers?.length > 0 && h("span", {}, segment.speakers.join(", ")),
    );
    setText(this.text, segment.insight?.description || segment.description || segment.text);
    this.drawReasons();
    this.drawMore();
  }

  drawReasons() {
    const parts = this.segment.reasons.map((one) => ({ ...one, part: one.value * one.weight })).sort((a, b) => b.part - a.part);
    const most = Math.max(...parts.map(({ part }) => part), 1e-9);
    const line = (one) =>
      h(
        "li",
        {},
        h("span", { class: "signal" }, words(one.signal)),
        meter(`${words(one.signal)}, part of the score`, one.part / most),
        h("span", { class: "detail" }, one.detail),
      );
    replace(
      this.reasons,
      h("ul", { class: "bars", "aria-label": "Why this segment" }, parts.slice(0, SHOWN_REASONS).map(line)),
      parts.length > SHOWN_REASONS &&
        this.details("why", `All ${parts.length} reasons`, h("ul", { class: "bars" }, parts.slice(SHOWN_REASONS).map(line))),
    );
  }

  drawMore() {
    const { segment } = this;
    const platforms = Object.entries(segment.platforms ?? {});
    replace(
      this.more,
      platforms.length > 0 &&
        this.details(
          "platforms",
          `Platforms: ${platforms.map(([id, one]) => `${this.name(id)} ${percent(one.fit)}`).join(", ")}`,
          h("ul", { class: "platforms" }, platforms.map(([id, one]) =>
            h("li", {}, h("span", { class: "signal" }, this.name(id)), meter(`${this.name(id)}, fit`, one.fit), h("span", { class: "detail" }, one.violations.join("; ") || "nothing speaks against it")))),
        ),
      segment.suggestions?.length > 0 &&
        this.details("better", `Suggestions (${segment.suggestions.length})`, h("ul", { class: "plain" }, segment.suggestions.map((one) => h("li", {}, one)))),
      this.details("text", "What is said", h("p", { dir: "auto" }, segment.text || "Nothing.")),
      this.copies(platforms),
    );
  }

  copies(platforms) {
    const { segment } = this;
    const target = platforms.length
      ? h("select", { "aria-label": `Texts of segment ${segment.rank} for` }, h("option", { value: "" }, "for any platform"), platforms.map(([id]) => h("option", { value: id }, `for ${this.name(id)}`)))
      : null;
    const texts = () => segment.platforms?.[target?.value] ?? segment;
    const kinds = [
      ["title", () => texts().title],
      ["description", () => texts().description],
      ["tags", () => texts().hashtags.map((tag) => `#${tag}`).join(" ")],
    ];
    return h(
      "div",
      { class: "copies" },
      kinds.map(([what, text]) => h("button", {
        type: "button", class: "quiet", "aria-label": `Copy ${what} of segment ${segment.rank}`,
        onclick: (event) => copy(event.currentTarget, what, text()),
      }, `Copy ${what}`)),
      target,
    );
  }

  details(name, summary, ...children) {
    const element = h("details", { ontoggle: () => this.open[element.open ? "add" : "delete"](name) }, h("summary", {}, summary), ...children);
    element.open = this.open.has(name);
    return element;
  }

  name(platform) {
    return this.names[platform] ?? words(platform);
  }
}

async function copy(button, what, text) {
  if (!text) return void told(button, `There is no ${what}.`, "Empty");
  try {
    await written(text);
    told(button, `The ${what} ${what.endsWith("s") ? "are" : "is"} copied: ${text}`, "Copied");
  } catch {
    told(button, `The browser does not let the ${what} be copied.`, "Not allowed");
  }
}

async function written(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // an address that is neither https nor this machine has no clipboard: the old way
  const area = h("textarea", { class: "unseen", readonly: true });
  area.value = text;
  document.body.append(area);
  const before = document.activeElement;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  if (!done) throw new Error("refused");
  return undefined;
}

const SHOWN_MS = 2_000;

function told(button, said, shown) {
  announce(said);
  const name = button.dataset.name ?? button.textContent;
  button.dataset.name = name;
  setText(button, shown);
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = setTimeout(() => setText(button, name), SHOWN_MS);
}
