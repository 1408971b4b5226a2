// A video in the list.

import { h, setText } from "./dom.js";
import { ago, clock, date, many, percent } from "./format.js";
import { badge, bar, cancelVideo, replayVideo, setBadge, through } from "./parts.js";
import { link } from "./router.js";

/** One row; `update` with a whole summary, `event` with what an event says. */
export class Row {
  constructor(video, stages) {
    this.video = { ...video };
    this.title = h("a", { class: "title", href: link(["video", video.video_id]) });
    this.facts = h("span", { class: "facts" });
    this.badge = badge(video.status);
    this.bar = bar("Progress");
    this.share = h("span", { class: "share" });
    this.now = h("span", { class: "now" });
    this.stop = h("button", { type: "button", class: "quiet", onclick: () => cancelVideo(this.video.video_id, this.name()) }, "Cancel");
    this.again = h("button", {
      type: "button",
      class: "quiet",
      onclick: async () => replayVideo(this.video.video_id, this.name(), await stages()),
    }, "Replay");
    this.element = h(
      "li",
      { class: "video-row", dataset: { video: video.video_id } },
      h("div", { class: "what" }, this.title, h("p", { class: "line" }, this.facts, this.now)),
      h("div", { class: "state" }, this.badge, this.bar, this.share),
      h("div", { class: "acts" }, this.stop, this.again),
    );
    this.draw();
  }

  name() {
    return this.video.title || this.video.video_id;
  }

  focus() {
    this.title.focus();
  }

  update(video) {
    Object.assign(this.video, video);
    this.draw();
  }

  event(kind, told) {
    if (told.generation < this.video.generation) return;
    if (kind === "progress") Object.assign(this.video, told);
    if (kind === "segments") {
      Object.assign(this.video, {
        generation: told.generation,
        status: told.status,
        title: told.title || this.video.title,
        duration_ms: told.duration_ms || this.video.duration_ms,
        segments: told.segments,
        error: told.error,
        updated_at_ms: told.finished_at_ms,
        done: through(told.status) ? 1 : this.video.done,
      });
    }
    this.draw();
  }

  draw() {
    const { video } = this;
    const over = through(video.status);
    setText(this.title, this.name());
    const facts = [
      video.duration_ms ? clock(video.duration_ms) : "",
      video.segments ? many(video.segments, "segment") : "",
      video.priority ? `priority ${video.priority}` : "",
      ago(video.submitted_at_ms || video.updated_at_ms),
    ];
    setText(this.facts, facts.filter(Boolean).join(" · "));
    this.facts.title = `submitted ${date(video.submitted_at_ms || video.updated_at_ms)}`;
    setBadge(this.badge, video.status);
    this.bar.set(video.done);
    this.bar.setAttribute("aria-label", `Progress of ${this.name()}`);
    this.bar.hidden = over;
    setText(this.share, over ? "" : percent(video.done));
    setText(this.now, video.error ?? (over ? "" : video.summary || (video.status === "queued" ? "waits for its turn" : "")));
    this.now.classList.toggle("bad", Boolean(video.error) && video.status !== "cancelled");
    this.stop.hidden = over;
    this.again.hidden = !over;
    this.stop.setAttribute("aria-label", `Cancel ${this.name()}`);
    this.again.setAttribute("aria-label", `Replay ${this.name()}`);
  }
}
