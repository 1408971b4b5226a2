// Lists of segments for other programs: JSON, CSV, an EDL, plain text; pure.

import { clock } from "./format.js";

const COLUMNS = ["rank", "start_ms", "end_ms", "score", "confidence", "title", "description", "hashtags", "segment_id"];

/** Frames a second that an EDL may have; fractions are counted in whole frames (non-drop). */
export const RATES = ["23.976", "24", "25", "29.97", "30", "50", "59.94", "60"];

/** All that a program needs of the segments. */
export function asJson(video, segments) {
  const clips = segments.map((one) => Object.fromEntries(COLUMNS.map((name) => [name, one[name] ?? null])));
  return `${JSON.stringify({ video_id: video.video_id, title: video.title, source: video.uri, clips }, null, 2)}\n`;
}

/** A table (RFC 4180). */
export function asCsv(video, segments) {
  const line = (cells) => `${cells.map(cell).join(",")}\r\n`;
  const rows = segments.map((one) => COLUMNS.map((name) => (name === "hashtags" ? one[name].join(" ") : one[name])));
  return line(COLUMNS) + rows.map(line).join("");
}

// What begins like a formula would be one in a spreadsheet, and titles come from whoever made the video.
function cell(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines of "from to title", as chapters and notes have them. */
export function asText(video, segments) {
  return segments.map((one) => `${clock(one.start_ms, true)} ${clock(one.end_ms, true)} ${one.title}\n`).join("");
}

/** An edit decision list (CMX 3600), one cut after the other. */
export function asEdl(video, segments, rate) {
  const lines = [`TITLE: ${plain(video.title, 60)}`, "FCM: NON-DROP FRAME", ""];
  let at = 0;
  for (const [index, one] of segments.entries()) {
    const [from, to] = [frames(one.start_ms, rate), frames(one.end_ms, rate)];
    const times = [from, to, at, at + to - from].map((count) => timecode(count, rate)).join(" ");
    lines.push(`${String(index + 1).padStart(3, "0")}  AX       AA/V  C        ${times}`);
    lines.push(`* FROM CLIP NAME: ${plain(name(video), 120)}`, `* COMMENT: ${plain(one.title, 120)}`, "");
    at += to - from;
  }
  return lines.join("\r\n");
}

const frames = (ms, rate) => Math.round((ms * Number(rate)) / 1000);

function timecode(count, rate) {
  const whole = Math.round(Number(rate));
  const seconds = Math.floor(count / whole);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, count % whole];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

// the format is ASCII of one line each
const plain = (text, most) => text.normalize("NFKD").replace(/[^\x20-\x7e]+/g, " ").trim().slice(0, most);
const name = (video) => (video.uri ?? "").split(/[/\\]/).pop() || video.title;
