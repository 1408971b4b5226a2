// Pieces that several views show: a status, a bar, asking before something is stopped, replaying.

import { api, Problem } from "./api.js";
import { announce, h, openDialog, problemBox, setText } from "./dom.js";
import { percent } from "./format.js";

const SAID = {
  queued: "queued",
  running: "running",
  provisional: "early result",
  final: "done",
  degraded: "done, with gaps",
  failed: "failed",
  cancelled: "cancelled",
};

/** Statuses in the order in which they are shown. */
export const STATUSES = Object.keys(SAID);

/** What people call a status. */
export const said = (status) => SAID[status] ?? status;

/** Whether nothing more comes by itself. */
export const through = (status) => ["final", "degraded", "failed", "cancelled"].includes(status);

/** A status, told by word and form, not by colour alone. */
export function badge(status) {
  const element = h("span", { class: "badge" });
  setBadge(element, status);
  return element;
}

/** Another status in the same place. */
export function setBadge(element, status) {
  element.dataset.status = status;
  setText(element, said(status));
}

/** A bar of 0..1. `label` is what it is of. */
export function bar(label, share = 0) {
  const fill = h("span", { class: "fill" });
  const element = h("span", { class: "bar", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
  element.set = (value) => {
    element.setAttribute("aria-valuenow", Math.round(value * 100));
    fill.style.setProperty("--share", String(value));
  };
  element.unknown = () => {
    element.removeAttribute("aria-valuenow");
    fill.style.setProperty("--share", "0");
  };
  element.set(share);
  return element;
}

/** A bar of a value that is no progress, which is read as words. */
export function meter(label, value) {
  const fill = h("span", { class: "fill" });
  fill.style.setProperty("--share", String(Math.max(0, Math.min(1, value))));
  return h("span", { class: "bar", role: "img", "aria-label": `${label}: ${percent(value)}` }, fill);
}

/** Ask, and stop the work on a video. Resolves true when it was taken. */
export async function cancelVideo(id, title) {
  const { dialog, closed } = openDialog(
    "Cancel this video?",
    h("p", {}, "No more work is done for ", h("strong", {}, title), ". What is there stays, and a replay takes it up again."),
    h(
      "p",
      { class: "row" },
      h("button", { type: "submit", value: "cancel", class: "danger" }, "Cancel the video"),
      h("button", { type: "button", onclick: () => dialog.close("") }, "Go on with it"),
    ),
  );
  if ((await closed) !== "cancel") return false;
  return attempt(() => api.cancel(id), `${title} is being cancelled.`);
}

/** Ask from where, and process a video again. Resolves true when it was taken. */
export async function replayVideo(id, title, stages) {
  const from = h(
    "select",
    { id: "replay-from" },
    h("option", { value: "" }, "all of it"),
    stages.map((stage) => h("option", { value: stage }, stage)),
  );
  const fresh = h("input", { type: "checkbox", id: "replay-fresh" });
  const { dialog, closed } = openDialog(
    "Process it again",
    h("p", {}, h("strong", {}, title), ": what was computed before is taken from the cache, unless it is to be computed anew."),
    h("label", { for: "replay-from" }, "Begin with"),
    from,
    h("p", { class: "check" }, fresh, h("label", { for: "replay-fresh" }, "Compute anew from there on")),
    h(
      "p",
      { class: "row" },
      h("button", { type: "submit", value: "replay", class: "primary" }, "Process again"),
      h("button", { type: "button", onclick: () => dialog.close("") }, "Leave it"),
    ),
  );
  if ((await closed) !== "replay") return false;
  return attempt(() => api.replay(id, from.value, fresh.checked), `${title} is processed again.`);
}

/** Do something and say so; a problem is shown in a dialog. */
export async function attempt(action, done) {
  try {
    await action();
    announce(done);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    openDialog("That did not work", problemBox(error), h("p", { class: "row" }, h("button", { type: "submit" }, "Close")));
    return false;
  }
}
