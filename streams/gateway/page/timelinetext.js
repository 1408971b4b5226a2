// What the timeline shows, in words: for those who do not see it, and for copying.

import { h } from "./dom.js";
import { clock, many, percent, words } from "./format.js";

const MOST_SHOTS = 200; // a long video has thousands, which nobody reads

/** Tables of segments, speakers, topics, sounds and shots; each time is a button. */
export function timelineText(data, onSeek) {
  const at = (ms) => h("button", { type: "button", class: "time", onclick: () => onSeek(ms) }, clock(ms));
  const spoken = (data.speakers ?? []).reduce((sum, one) => sum + one.speech_ms, 0);
  const shots = data.shots ?? [];
  return h(
    "div",
    { class: "tables" },
    table("Segments", ["Rank", "From", "To", "Title"], data.segments.map((one) => [one.rank, at(one.start_ms), clock(one.end_ms), one.title])),
    table("Speakers", ["Speaker", "Speaks", "Share"], (data.speakers ?? []).map((one) => [one.speaker, clock(one.speech_ms), percent(one.speech_ms / (spoken || 1))])),
    table("Topics", ["From", "To", "About"], (data.topics ?? []).map((one) => [at(one.start_ms), clock(one.end_ms), one.phrases.join(", ")])),
    table("Sounds", ["From", "To", "What"], (data.sounds ?? []).map((one) => [at(one.start_ms), clock(one.end_ms), words(one.kind)])),
    table(
      `Shots (${many(shots.length, "shot")}${shots.length > MOST_SHOTS ? `, the first ${MOST_SHOTS}` : ""})`,
      ["From", "To", "Begins with"],
      shots.slice(0, MOST_SHOTS).map((one) => [at(one.start_ms), clock(one.end_ms), one.transition ?? "–"]),
    ),
  );
}

function table(caption, heads, rows) {
  if (!rows.length) return null;
  return h(
    "table",
    {},
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell) => h("td", {}, cell))))),
  );
}
