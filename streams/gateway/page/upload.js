// Resumable uploads by tus 1.0.0: https://tus.io/protocols/resumable-upload

import { headers, keyInUse, otherKey, Problem } from "./api.js";

const VERSION = { "Tus-Resumable": "1.0.0" };
const SLICE_BYTES = 8 << 20; // what a broken connection may cost; each slice is one request
const TRIES = 6; // waits of 1, 2, 4, 8, 16 s between them
const KEPT = "clipstream-uploads";

/** One after the other: together they would only share the line. A paused one lets the next one pass. */
class Turn {
  constructor() {
    this.holder = null;
    this.waiting = [];
  }

  async take(who) {
    if (this.holder === who) return;
    if (this.holder) await new Promise((resolve) => this.waiting.push(resolve));
    this.holder = who;
  }

  give(who) {
    if (this.holder !== who) return;
    const next = this.waiting.shift();
    this.holder = next ? this : null; // kept for the one that is woken
    next?.();
  }
}

const turn = new Turn();

/** One file on its way. `on({state, sent})`: sending, paused, trying, done, failed. */
export class Upload {
  constructor(file, on) {
    this.file = file;
    this.on = on;
    this.sent = 0;
    this.url = kept(file);
    this.request = null;
    this.paused = false;
    this.wake = null;
  }

  /** The id that the gateway knows it by. */
  get id() {
    return this.url.split("/").pop();
  }

  /** Send all of it. Resolves when the gateway has it; rejects with a Problem, or false when it was ended. */
  async run() {
    try {
      return await this.go();
    } finally {
      turn.give(this);
    }
  }

  async go() {
    let failed = 0;
    for (;;) {
      if (!this.paused) await turn.take(this);
      if (this.ended) return false;
      if (this.paused) {
        turn.give(this);
        this.tell("paused");
        await new Promise((resolve) => (this.wake = resolve));
        continue;
      }
      const key = keyInUse();
      try {
        if (!this.url) await this.create();
        else await this.look();
        while (this.sent < this.file.size) {
          await this.slice();
          failed = 0;
        }
        keep(this.file, "");
        this.tell("done");
        return true;
      } catch (error) {
        if (this.paused || this.ended) continue;
        if (error.status === 401 && (await otherKey(key, error))) continue;
        if (error.status === 404 || error.status === 410) {
          this.url = ""; // it was collected meanwhile: from the beginning
          keep(this.file, "");
        }
        const hopeless = error.status >= 400 && error.status < 500 && ![404, 408, 409, 410, 423, 429].includes(error.status);
        failed += 1;
        if (hopeless || failed >= TRIES) {
          this.tell("failed");
          throw error;
        }
        this.tell("trying");
        await this.sleep(1_000 * 2 ** (failed - 1));
      }
    }
  }

  /** Stop for now. */
  pause() {
    this.paused = true;
    this.stop();
  }

  /** Go on, or try again now. */
  resume() {
    this.paused = false;
    this.wake?.();
  }

  /** Stop for good; the gateway forgets what it has. */
  end() {
    this.ended = true;
    this.stop();
    if (this.url) this.http("DELETE", this.url, {}).catch(() => {});
    keep(this.file, "");
  }

  stop() {
    this.request?.abort();
    this.wake?.();
  }

  tell(state) {
    this.on({ state, sent: this.sent });
  }

  sleep(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => (clearTimeout(timer), resolve());
    });
  }

  async create() {
    const name = btoa(String.fromCharCode(...new TextEncoder().encode(this.file.name.slice(-200))));
    const answer = await this.http("POST", "/v1/uploads", {
      "Upload-Length": String(this.file.size),
      "Upload-Metadata": `filename ${name}`,
    });
    this.url = new URL(answer.getResponseHeader("Location"), location.href).pathname;
    this.sent = 0;
    keep(this.file, this.url);
    this.tell("sending");
  }

  async look() {
    const answer = await this.http("HEAD", this.url, {});
    this.sent = Number(answer.getResponseHeader("Upload-Offset"));
    this.tell("sending");
  }

  async slice() {
    const from = this.sent;
    const part = this.file.slice(from, from + SLICE_BYTES);
    const more = { "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream" };
    const answer = await this.http("PATCH", this.url, more, part, (loaded) => {
      this.sent = from + loaded;
      this.tell("sending");
    });
    this.sent = Number(answer.getResponseHeader("Upload-Offset"));
    this.tell("sending");
  }

  // XMLHttpRequest, since fetch tells nothing of how much of a body is sent
  http(method, path, more, body = null, progress = null) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.request = request;
      request.open(method, path);
      for (const [name, value] of Object.entries(headers({ ...VERSION, ...more }))) request.setRequestHeader(name, value);
      if (progress) request.upload.addEventListener("progress", (event) => progress(event.loaded));
      request.addEventListener("load", () => (request.status < 300 ? resolve(request) : reject(problemIn(request))));
      const away = () => reject(new Problem(0, { detail: "The gateway does not answer.", remedy: "What was sent is kept: try again." }));
      request.addEventListener("error", away);
      request.addEventListener("abort", away);
      request.send(body);
    });
  }
}

function problemIn(request) {
  try {
    return new Problem(request.status, JSON.parse(request.responseText));
  } catch {
    // as the answer to HEAD, which has no body
    const detail = request.status === 401 ? "An API key is needed." : `The upload was answered with ${request.status}.`;
    return new Problem(request.status, { detail });
  }
}

// What is on its way outlives a reload: the same file, chosen again, goes on where it was.
const mark = (file) => `${file.name}|${file.size}|${file.lastModified}`;

function all() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  } catch {
    return {};
  }
}

function kept(file) {
  const found = all()[mark(file)];
  return typeof found === "string" && /^\/v1\/uploads\/[0-9a-f]+$/.test(found) ? found : "";
}

function keep(file, url) {
  const held = all();
  if (url) held[mark(file)] = url;
  else delete held[mark(file)];
  try {
    localStorage.setItem(KEPT, JSON.stringify(held));
  } catch {
    // the upload works, it cannot be resumed after a reload
  }
}
