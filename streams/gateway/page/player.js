// The source, played by the gateway's media route; ranges of it; where it is.

import { ask, problemOf } from "./api.js";
import { h, replace, setText } from "./dom.js";
import { clock } from "./format.js";

const END_MS = 40; // a frame of 25 a second: `timeupdate` alone would stop up to 250 ms late

/** Plays one video. Without media it still keeps a place, so that the timeline and the transcript work. */
export class Player {
  constructor(url) {
    this.url = url;
    this.range = null;
    this.ms = 0;
    this.listeners = new Set();
    this.rangeListeners = new Set();
    this.video = h("video", {
      controls: true,
      preload: "metadata",
      playsinline: true,
      src: url,
      "aria-label": "Source video",
      onerror: () => this.absent(),
      onplay: () => this.watch(),
      onseeked: () => this.moved(),
      ontimeupdate: () => this.moved(),
      onseeking: () => this.left(),
      onloadedmetadata: () => this.wanted !== undefined && this.seek(this.wanted),
    });
    this.note = h("span", {});
    this.whole = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.setRange(null) }, "Play on from here");
    this.screen = h("div", { class: "screen" }, this.video);
    this.element = h("div", { class: "player" }, this.screen, h("p", { class: "player-note" }, this.note, this.whole));
    this.tell();
  }

  /** Call with the place in ms, whenever it changes; returns what ends it. */
  onTime(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Call with the range, or null. */
  onRange(listener) {
    this.rangeListeners.add(listener);
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  /** Go to a place. */
  seek(ms) {
    const to = Math.max(0, ms);
    if (this.gone || this.video.readyState === 0) {
      this.wanted = to; // before the length is known a place is forgotten
      this.ms = to;
      this.tell();
      return;
    }
    this.wanted = undefined;
    this.video.currentTime = to / 1000;
    this.moved(); // at once: the next key goes on from there, and does not wait for the picture
  }

  /** Play a part and stop at its end. */
  play(startMs, endMs, label) {
    this.setRange({ startMs, endMs, label });
    this.seek(startMs);
    this.start();
  }

  toggle() {
    if (this.playing) this.video.pause();
    else this.start();
  }

  async start() {
    if (this.gone) return;
    try {
      await this.video.play();
    } catch {
      // the browser wants a click on the video first, or another place was chosen meanwhile
    }
  }

  setRange(range) {
    this.range = range;
    this.whole.hidden = range === null;
    this.tell();
    for (const listener of this.rangeListeners) listener(range);
  }

  end() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load(); // closes the connection
    this.listeners.clear();
  }

  // a seek by hand to somewhere else is no longer that segment
  left() {
    const at = this.video.currentTime * 1000;
    if (this.range && (at < this.range.startMs - 500 || at > this.range.endMs + 500)) this.setRange(null);
  }

  watch() {
    const look = () => {
      if (!this.playing) return;
      this.moved();
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }

  moved() {
    if (this.wanted !== undefined) return;
    this.ms = Math.round(this.video.currentTime * 1000);
    if (this.video.seeking) this.left(); // before its event comes: somebody went behind the end, and means it
    if (this.range && this.playing && this.ms >= this.range.endMs - END_MS) {
      this.video.pause();
      this.video.currentTime = this.range.endMs / 1000;
    }
    this.tell();
  }

  tell() {
    setText(this.note, this.range ? `${this.range.label}: ${clock(this.range.startMs)}–${clock(this.range.endMs)}` : "");
    for (const listener of this.listeners) listener(this.ms);
  }

  async absent() {
    if (!this.video.getAttribute("src")) return; // the view is left
    this.gone = true;
    let why = "The browser cannot play this file. Times, texts and pictures are below.";
    try {
      const answer = await ask(this.url, { headers: { Range: "bytes=0-0" } });
      if (!answer.ok) {
        const problem = await problemOf(answer);
        why = `${problem.detail} ${problem.remedy}`;
      }
    } catch (error) {
      why = error.detail ?? why;
    }
    if (this.gone) replace(this.screen, h("p", { class: "no-media" }, why));
  }

  /** Look once more where there was no media: a source on the web is not here before it is fetched. */
  again() {
    if (!this.gone) return;
    this.gone = false;
    replace(this.screen, this.video);
    this.video.load();
  }
}
