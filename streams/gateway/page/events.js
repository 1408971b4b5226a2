// Server-sent events over fetch: EventSource sends no header, and says nothing of why it was refused.

import { ask, problemOf } from "./api.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const SILENCE_MS = 40_000; // a comment comes every 15 s: two of them are missing
const LOST_AFTER_MS = 3_000; // shorter breaks are nobody's business

/**
 * Follow events until `stop()`; after a break it goes on behind the last event.
 *
 * @param {string} path of the stream
 * @param {{from?: string, on: (kind: string, told: object) => void, state?: (state: string) => void}} options
 */
export function follow(path, { from = "", on, state = () => {} }) {
  const ended = new AbortController();
  let last = from;
  let wait = FIRST_WAIT_MS;
  let lost = 0;

  const told = (kind, text) => {
    if (kind === "resume") return;
    try {
      on(kind, JSON.parse(text));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  };

  const read = async () => {
    const quiet = new AbortController();
    let alarm = setTimeout(() => quiet.abort(), SILENCE_MS);
    const signal = AbortSignal.any([ended.signal, quiet.signal]);
    try {
      const answer = await opened(path, last, signal);
      clearTimeout(lost);
      lost = 0;
      state("live");
      const parser = new Parser((id, kind, text) => {
        if (id) last = id;
        wait = FIRST_WAIT_MS;
        told(kind, text);
      });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(alarm);
        alarm = setTimeout(() => quiet.abort(), SILENCE_MS);
        parser.take(value);
      }
    } finally {
      clearTimeout(alarm);
    }
  };

  const run = async () => {
    while (!ended.signal.aborted) {
      try {
        await read();
      } catch (error) {
        if (ended.signal.aborted) return;
        if (error.status === 400 && last) last = ""; // an id of another cluster: begin now
        else if ([401, 403, 404].includes(error.status)) return state("off");
      }
      lost ||= setTimeout(() => state("lost"), LOST_AFTER_MS);
      await pause(wait * (0.5 + Math.random() / 2), ended.signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  };
  run();
  return {
    stop() {
      clearTimeout(lost);
      ended.abort();
      state("");
    },
  };
}

async function opened(path, last, signal) {
  const more = last ? { "Last-Event-ID": last } : {};
  const answer = await ask(path, { headers: { Accept: "text/event-stream", ...more }, signal, endless: true });
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

/** Takes a stream of text apart: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class Parser {
  constructor(on) {
    this.on = on;
    this.rest = "";
    this.clear();
  }

  clear() {
    this.id = "";
    this.kind = "";
    this.lines = [];
  }

  take(text) {
    const lines = (this.rest + text).split("\n"); // the gateway ends lines with \n alone
    this.rest = lines.pop();
    for (const line of lines) this.line(line);
  }

  line(line) {
    if (line === "") {
      if (this.lines.length) this.on(this.id, this.kind || "message", this.lines.join("\n"));
      this.clear();
      return;
    }
    const at = line.indexOf(":");
    if (at === 0) return; // a comment
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (name === "data") this.lines.push(value);
    else if (name === "event") this.kind = value;
    else if (name === "id") this.id = value;
  }
}
