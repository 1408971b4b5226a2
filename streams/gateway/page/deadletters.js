// Messages that a stage gave up on: look at them, send them again.

import { api, Problem } from "./api.js";
import { emptyState, h, newId, problemBox, put, replace, setText, skeleton } from "./dom.js";
import { ago, date, many } from "./format.js";
import { attempt } from "./parts.js";
import { link, mark, titled } from "./router.js";
import { keys, step } from "./shortcuts.js";

/** Show the view; returns what ends it. */
export function deadLetters(main, _parts, query) {
  const ended = new AbortController();
  const waiting = h("input", { type: "checkbox", id: newId("waiting"), onchange: load });
  waiting.checked = query.get("all") === null;
  const count = h("p", { class: "count", role: "status" });
  const list = h("ol", { class: "letters", "aria-label": "Dead letters" });
  const below = h("div", { class: "below" });
  const all = h("button", { type: "button", hidden: true, onclick: () => again([...boxes()].filter((box) => box.checked).map((box) => box.value)) }, "Send the marked ones again");
  const boxes = () => list.querySelectorAll("input[type=checkbox]");
  put(
    main,
    h("div", { class: "head" }, titled(h("h1"), "Dead letters"), h("div", { class: "acts" }, all, h("button", { type: "button", onclick: load }, "Look again"))),
    h("p", { class: "hint" }, "A message that no try could process is kept here with the reason. When the cause is gone, send it again."),
    h("p", { class: "check" }, waiting, h("label", { for: waiting.id }, "Only those that were not sent again")),
    count,
    list,
    below,
  );
  load();

  async function load() {
    mark(["dead-letters"], { all: waiting.checked ? "" : "1" });
    if (!list.children.length) replace(below, skeleton(3));
    const asked = new URLSearchParams({ limit: 100 });
    if (waiting.checked) asked.set("waiting", "true");
    try {
      const found = await api.letters(asked, ended.signal);
      replace(list, found.dead_letters.map((letter) => item(letter, again, marked)));
      const shown = found.dead_letters.length;
      setText(count, shown < found.total ? `${shown} of ${many(found.total, "dead letter")}` : many(found.total, "dead letter"));
      replace(below, !shown && emptyState("No dead letters", waiting.checked ? "Every message was processed, or sent again." : "Every message was processed.",
        h("a", { class: "button", href: link([]) }, "All videos")));
      marked();
    } catch (error) {
      if (ended.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      replace(list);
      replace(below, problemBox(error, load));
    }
  }

  function marked() {
    const chosen = [...boxes()].filter((box) => box.checked).length;
    all.hidden = !chosen;
    setText(all, `Send ${chosen} again`);
  }

  async function again(ids) {
    if (await attempt(() => api.requeue(ids), `${many(ids.length, "message")} sent again.`)) await load();
  }

  const unkey = keys({ j: () => step(list.querySelectorAll("summary"), 1), k: () => step(list.querySelectorAll("summary"), -1) });
  return () => {
    ended.abort();
    unkey();
  };
}

function item(letter, again, marked) {
  const box = h("input", { type: "checkbox", value: letter.id, "aria-label": `Mark ${letter.id}`, onchange: marked, disabled: letter.requeued });
  const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
  return h(
    "li",
    { class: "letter" },
    box,
    h(
      "div",
      { class: "letter-main" },
      h("p", { class: "reason" }, letter.reason),
      h(
        "p",
        { class: "facts" },
        h("strong", {}, letter.stage), ` · ${letter.error_class} · ${many(letter.attempts, "try", "tries")} · `,
        h("span", { title: date(letter.at_ms) }, ago(letter.at_ms)),
        letter.video_id && [" · ", h("a", { href: link(["video", letter.video_id]) }, letter.video_id)],
        letter.requeued && " · sent again",
      ),
      h("details", {}, h("summary", {}, h("code", {}, letter.id)),
        h("h2", { class: "small" }, "Message"), scrolled("Message", shown(letter.message)),
        letter.trace && [h("h2", { class: "small" }, "Trace"), scrolled("Trace", letter.trace)]),
    ),
    h("button", { type: "button", disabled: letter.requeued, "aria-label": `Send again: ${letter.id}`, onclick: () => again([letter.id]) }, "Send again"),
  );
}

// reachable by keys, since it scrolls
const scrolled = (label, text) => h("pre", { tabindex: 0, role: "region", "aria-label": label, class: "scrolls" }, text);
