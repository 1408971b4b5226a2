// Asking the gateway: keys, problems, the cookie for media.

const KEY = "clipstream-key";
const SESSION_RENEW_MS = 45 * 60_000; // a cookie serves an hour
const WAIT_MS = 30_000;

/** An error as the gateway tells it (RFC 9457), or why it could not be asked. */
export class Problem extends Error {
  constructor(status, told) {
    super(told.detail ?? "The gateway did not say what is wrong.");
    this.status = status;
    this.detail = this.message;
    this.remedy = told.remedy ?? "";
    this.errors = told.errors ?? [];
    this.requestId = told.request_id ?? "";
  }
}

let key = "";
let asking = null;
let renewing = 0;
let renewedAt = 0;
let askForKey = async () => false;

try {
  key = sessionStorage.getItem(KEY) ?? "";
} catch {
  // storage is switched off: the key lasts as long as the page
}

/** Who asks for a key when the gateway wants one: resolves true when another one was entered. */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

/** Whether a key was entered. */
export function hasKey() {
  return key !== "";
}

/** Use a key from now on; empty: forget it, and the cookie. */
export async function useKey(entered) {
  if (!entered && key) await send("/v1/session", { method: "DELETE" }).catch(() => {});
  key = entered;
  try {
    if (entered) sessionStorage.setItem(KEY, entered);
    else sessionStorage.removeItem(KEY);
  } catch {
    // as above
  }
  clearTimeout(renewing);
  if (entered) await openSession();
}

/** The key in use; empty without one. */
export const keyInUse = () => key;

/** Headers that every request has. */
export function headers(more = {}) {
  return key ? { Authorization: `Bearer ${key}`, ...more } : more;
}

/** A cookie for what the browser loads by itself: pictures, media, downloads. Nothing is needed without keys. */
export async function openSession() {
  if (!key) return;
  const answer = await send("/v1/session", { method: "POST" });
  if (!answer.ok) throw await problemOf(answer);
  renewedAt = Date.now();
  clearTimeout(renewing);
  renewing = setTimeout(() => openSession().catch(() => {}), SESSION_RENEW_MS);
}

// a machine that slept has missed its timer, and the cookie is over
document.addEventListener("visibilitychange", () => {
  if (key && !document.hidden && Date.now() - renewedAt > SESSION_RENEW_MS) openSession().catch(() => {});
});

/** A request; its answer, whatever it is, once more with another key where one is asked for. */
export async function ask(path, options = {}) {
  for (;;) {
    const used = key;
    const answer = await send(path, options);
    if (answer.status !== 401) return answer;
    if (!(await otherKey(used, await problemOf(answer)))) {
      throw new Problem(401, { detail: "An API key is needed.", remedy: "Try again, and enter one." });
    }
  }
}

/** Whether there is another key than the one that was refused; where there is none yet, it is asked for. */
export async function otherKey(refused, problem) {
  if (key !== refused) return true; // somebody entered one meanwhile
  asking ??= askForKey(problem).finally(() => {
    asking = null;
  });
  return asking;
}

// `endless`: a stream of events, which has no limit of time
async function send(path, { method = "GET", body, headers: more, signal, endless = false } = {}) {
  const told = body === undefined ? more : { "Content-Type": "application/json", ...more };
  const limits = [signal, endless ? null : AbortSignal.timeout(WAIT_MS)].filter(Boolean);
  try {
    return await fetch(path, {
      method,
      headers: headers(told),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.any(limits),
      cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, { detail: "The gateway does not answer.", remedy: "Is it running? Try again in a moment." });
  }
}

/** The problem in an answer. */
export async function problemOf(answer) {
  let told = {};
  if ((answer.headers.get("content-type") ?? "").includes("json")) told = await answer.json().catch(() => ({}));
  return new Problem(answer.status, { detail: `The gateway answered ${answer.status}.`, ...told });
}

async function json(path, options) {
  const answer = await ask(path, options);
  if (!answer.ok) throw await problemOf(answer);
  return answer.json();
}

const of = (id) => `/v1/videos/${encodeURIComponent(id)}`;

export const api = {
  videos: (query, signal) => json(`/v1/videos?${query}`, { signal }),
  video: (id, signal) => json(of(id), { signal }),
  result: (id, signal) => json(`${of(id)}/result`, { signal }),
  submit: (body, idempotencyKey) =>
    json("/v1/videos", { method: "POST", body, headers: { "Idempotency-Key": idempotencyKey } }),
  cancel: (id) => json(of(id), { method: "DELETE" }),
  replay: (id, stage, fresh) =>
    json(`${of(id)}/replay`, { method: "POST", body: stage ? { from: stage, fresh } : { fresh } }),
  letters: (query, signal) => json(`/v1/dead-letters?${query}`, { signal }),
  requeue: (ids) => json("/v1/dead-letters/requeue", { method: "POST", body: { ids } }),
  status: (signal) => json("/v1/status", { signal }),
  choices: () => json("choices.json"),
  mediaUrl: (id) => `${of(id)}/media`,
  transcriptUrl: (id, form) => `${of(id)}/transcript?format=${form}`,
  reportUrl: (id) => `${of(id)}/report`,
  resultUrl: (id) => `${of(id)}/result`,
};
