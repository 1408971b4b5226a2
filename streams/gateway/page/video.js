// One video: how far it is, its segments, the source, the timeline, what is said.

import { api, Problem } from "./api.js";
import { announce, emptyState, h, newId, problemBox, put, replace, setText, skeleton } from "./dom.js";
import { follow } from "./events.js";
import { clock, date, fileName, many, percent } from "./format.js";
import { showLinkState } from "./linkstate.js";
import { badge, cancelVideo, replayVideo, said, setBadge, through } from "./parts.js";
import { Player } from "./player.js";
import { link, mark, titled } from "./router.js";
import { SegmentList } from "./segments.js";
import { keys } from "./shortcuts.js";
import { Stages } from "./stages.js";
import { Timeline } from "./timeline.js";
import { Transcript } from "./transcript.js";

const FORMS = [["srt", "SRT"], ["vtt", "WebVTT"], ["txt", "Text"], ["json", "JSON"], ["rttm", "RTTM"]];
const JUMP_MS = 5_000;
const SAY_STEP = 0.25; // of the work: more often would talk over everything else

/** Show the view; returns what ends it. */
export function video(main, [, id = ""], query) {
  const view = new View(main, id, query);
  view.start();
  return () => view.end();
}

class View {
  constructor(main, id, query) {
    this.main = main;
    this.id = id;
    this.query = query;
    this.ended = new AbortController();
    this.names = {};
    this.stages = [];
    this.saidShare = 0;
    this.version = ""; // of the result that is shown whole
    this.listed = ""; // of the segments that are
  }

  async start() {
    put(this.main, titled(h("h1"), "Video"), skeleton(3, "tall"));
    try {
      const [found, choices] = await Promise.all([api.video(this.id, this.ended.signal), api.choices()]);
      if (this.ended.signal.aborted) return; // another view is there by now
      this.names = choices.platforms;
      this.stages = choices.stages;
      this.build(found);
      this.stream = follow(`/v1/videos/${encodeURIComponent(this.id)}/events`, { from: found.event_id, on: (...told) => this.happened(...told), state: showLinkState });
      await this.load(found);
    } catch (error) {
      if (this.ended.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      replace(this.main, titled(h("h1"), "Video"), problemBox(error, () => location.reload()), h("p", {}, h("a", { href: link([]) }, "All videos")));
    }
  }

  build(found) {
    this.video = found;
    this.heading = h("h1");
    this.badge = badge(found.status);
    this.facts = h("span", { class: "facts" });
    this.cancel = h("button", { type: "button", onclick: () => cancelVideo(this.id, this.title()) }, "Cancel");
    this.replay = h("button", { type: "button", onclick: () => replayVideo(this.id, this.title(), this.stages) }, "Replay");
    this.notes = h("div", { class: "notes" });
    this.failed = h("div", {}); // apart from the notes, which each step of the progress may write anew
    this.stageList = new Stages();
    this.progressBox = h("details", { class: "progress" }, h("summary", {}, "Progress"), this.stageList.element);
    this.progressBox.open = !through(found.status);
    this.player = new Player(api.mediaUrl(this.id));
    this.timeline = new Timeline((ms) => this.player.seek(ms));
    this.transcript = new Transcript((ms) => this.player.seek(ms));
    this.segments = new SegmentList((segment) => this.play(segment), this.names);
    this.player.onTime((ms) => {
      this.timeline.at(ms);
      this.transcript.at(ms);
    });
    this.player.onRange((range) => {
      this.timeline.choose(range);
      this.segments.playing(range);
    });
    replace(
      this.main,
      h("p", { class: "crumb" }, h("a", { href: link([]) }, "Videos")),
      h("div", { class: "head" }, this.heading, h("div", { class: "acts" }, this.cancel, this.replay, this.downloads())),
      h("p", { class: "under" }, this.badge, this.facts),
      this.notes,
      this.failed,
      this.progressBox,
      h("div", { class: "studio" },
        h("div", { class: "watch" }, this.player.element, this.timeline.element),
        this.segments.element,
        this.transcript.element),
    );
    this.unkey = keys({
      " ": () => this.player.toggle(),
      ArrowLeft: () => this.player.seek(this.player.ms - JUMP_MS),
      ArrowRight: () => this.player.seek(this.player.ms + JUMP_MS),
      j: () => this.segments.step(1),
      k: () => this.segments.step(-1),
      p: () => this.segments.focused()?.play.click(),
      x: () => this.segments.focused()?.box.click(),
      f: () => this.transcript.setFollowing(!this.transcript.following),
      "/": () => this.transcript.search.focus(),
    });
    this.draw();
    this.main.querySelector("h1").focus({ preventScroll: true });
  }

  title() {
    return this.video.title || this.id;
  }

  downloads() {
    const name = newId("downloads");
    const item = (href, text, file) => h("li", {}, h("a", { href, download: file }, text));
    this.downloadItems = h("ul", { id: name });
    this.fillDownloads = () => {
      const base = fileName(this.title());
      replace(
        this.downloadItems,
        FORMS.map(([form, text]) => item(api.transcriptUrl(this.id, form), `Transcript, ${text}`, `${base}.${form}`)),
        item(api.resultUrl(this.id), "Everything, JSON", `${base}.result.json`),
        h("li", {}, h("a", { href: api.reportUrl(this.id), target: "_blank", rel: "noopener" }, "Report, one HTML file")),
      );
    };
    this.downloadMenu = h("details", { class: "menu" }, h("summary", { class: "button" }, "Download"), this.downloadItems);
    // a menu that stays open would hide what is below it
    this.downloadMenu.addEventListener("focusout", (event) => {
      if (!this.downloadMenu.contains(event.relatedTarget)) this.downloadMenu.open = false;
    });
    this.downloadMenu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.downloadMenu.open = false;
      this.downloadMenu.querySelector("summary").focus();
    });
    return this.downloadMenu;
  }

  draw() {
    const { video: now } = this;
    const over = through(now.status);
    if (this.heading.textContent !== this.title()) titled(this.heading, this.title());
    setBadge(this.badge, now.status);
    const facts = [
      now.duration_ms ? clock(now.duration_ms) : "",
      over ? "" : percent(now.done),
      now.result?.languages?.join(", ") ?? "",
      now.result?.confidence ? `confidence ${percent(now.result.confidence)}` : "",
      now.priority ? `priority ${now.priority}` : "",
      (now.uri ?? "").split(/[/\\]/).pop(), // the whole of it is longer than a phone is wide
    ];
    setText(this.facts, facts.filter(Boolean).join(" · "));
    this.facts.title = `${now.uri ?? ""}, submitted ${date(now.submitted_at_ms)}`;
    this.cancel.hidden = over;
    this.replay.hidden = !over;
    this.downloadMenu.hidden = !now.result;
    this.fillDownloads();
    this.stageList.update(now.stages, over);
    this.drawNotes();
  }

  drawNotes() {
    const { video: now } = this;
    const { result } = now;
    const notes = [];
    if (now.status === "queued") notes.push(note("It waits for its turn."));
    if (now.error) notes.push(note(now.error, "bad"));
    if (result?.status === "provisional" && result.until_ms !== null) {
      const changes = told(result.changes);
      notes.push(note(`Early result: it knows the first ${clock(result.until_ms)}${now.duration_ms ? ` of ${clock(now.duration_ms)}` : ""}; segments may still change.${changes ? ` Against the one before: ${changes}.` : ""}`, "early"));
    }
    if (result?.missing?.length) notes.push(note(`Not there: ${result.missing.join("; ")}.`, "bad"));
    if (result?.suggestions?.length) notes.push(h("ul", { class: "note" }, result.suggestions.map((one) => h("li", {}, one))));
    const text = notes.map((one) => one.textContent).join("|");
    if (text === this.notesText) return;
    this.notesText = text;
    replace(this.notes, notes);
  }

  /** Look at all of it again, where the result is another one than what is shown. */
  async load(found = null) {
    const now = found ?? (await api.video(this.id, this.ended.signal));
    this.video = now;
    this.draw();
    const { result } = now;
    const version = result ? `${result.generation}.${result.revision}.${result.enriched}` : "";
    if (version === this.version && version) return;
    if (!result) {
      this.version = this.listed = "";
      const why = through(now.status) ? emptyState("No segments", now.error ?? `The video is ${said(now.status)}.`) : null;
      this.segments.show(now, [], null, why);
      this.transcript.show([], "");
      return;
    }
    const why = through(now.status)
      ? emptyState("No segments", now.error ?? (result.suggestions?.join(" ") || "Nothing was found to rank."))
      : null;
    if (version !== this.listed) {
      this.player.again();
      // of a result that is found complete, that all of it was new once is no news
      const news = this.seen || result.status === "provisional" ? result.changes : null;
      this.segments.show(now, result.segments, news, why);
      this.seen = true;
      this.listed = version;
      this.arrive();
    }
    const whole = await api.result(this.id, this.ended.signal);
    if (this.listed !== version) return; // a newer one came meanwhile, and is being shown
    this.version = version; // not before: what failed is tried again
    this.timeline.show(whole, now.duration_ms || result.duration_ms);
    const reach = result.status === "provisional" && result.until_ms !== null ? `Known up to ${clock(result.until_ms)} so far.` : "";
    this.transcript.show(whole.transcript, reach);
    this.timeline.at(this.player.ms);
    this.transcript.at(this.player.ms);
  }

  /** What the address asks for: a segment, a place. Once. */
  arrive() {
    const card = this.segments.get(this.query.get("segment"));
    const at = Number(this.query.get("t"));
    this.query = new URLSearchParams();
    if (card) {
      const { segment } = card;
      card.focus();
      this.player.setRange(rangeOf(segment));
      this.player.seek(segment.start_ms);
    } else if (at > 0) this.player.seek(at * 1000);
  }

  play(segment) {
    const { startMs, endMs, label } = rangeOf(segment);
    this.player.play(startMs, endMs, label);
    mark(["video", this.id], { segment: segment.segment_id });
  }

  async happened(kind, now) {
    if (kind === "progress" && now.generation >= this.video.generation) {
      const before = this.video.status;
      Object.assign(this.video, now);
      this.draw();
      this.sayProgress(before);
    }
    if (kind === "submitted") this.saidShare = 0;
    if (kind === "segments" || kind === "submitted") await this.reload(kind === "segments" ? now : null);
  }

  async reload(now) {
    try {
      await this.load();
    } catch (error) {
      if (this.ended.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      replace(this.failed, problemBox(error, () => this.reload(now)));
      return;
    }
    replace(this.failed);
    if (!now) return;
    const reach = now.until_ms !== null && now.status === "provisional" ? `, up to ${clock(now.until_ms)}` : "";
    const changes = told(now.changes);
    announce(`${said(now.status)}${reach}: ${many(now.segments, "segment")}${changes ? `, ${changes}` : ""}.`);
  }

  sayProgress(before) {
    const { status, done } = this.video;
    if (through(status)) return; // its end is said with the result, and nothing after it may be said over that
    const share = Math.floor(done / SAY_STEP) * SAY_STEP;
    // the others come with a result, which is said when it is shown
    if (status !== before && status === "running") announce(said(status));
    else if (share > this.saidShare) announce(`${percent(share)} done`);
    this.saidShare = Math.max(this.saidShare, share);
  }

  end() {
    this.ended.abort();
    this.stream?.stop();
    this.unkey?.();
    this.player?.end();
    this.timeline?.end();
    this.transcript?.end();
  }
}

const rangeOf = (segment) => ({ startMs: segment.start_ms, endMs: segment.end_ms, label: `Segment ${segment.rank}` });
const note = (text, kind = "") => h("p", { class: `note ${kind}` }, text);

function told(changes) {
  if (!changes) return "";
  const parts = [[changes.added, "new"], [changes.removed, "gone"], [changes.moved, "at another rank"]];
  return parts.filter(([ids]) => ids.length).map(([ids, what]) => `${ids.length} ${what}`).join(", ");
}
