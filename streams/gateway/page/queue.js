// All videos: search, filter, live rows.

import { api } from "./api.js";
import { announce, emptyState, h, newId, problemBox, put, replace, setText, skeleton } from "./dom.js";
import { follow } from "./events.js";
import { many } from "./format.js";
import { showLinkState } from "./linkstate.js";
import { said, STATUSES, through } from "./parts.js";
import { link, mark, titled } from "./router.js";
import { Row } from "./row.js";
import { keys, step } from "./shortcuts.js";

const PAGE = 50;
const TYPING_MS = 250;

/** Show the view; returns what ends it. */
export function queue(main, _parts, query) {
  const ended = new AbortController();
  const rows = new Map();
  const filter = { q: query.get("q") ?? "", status: query.get("status") ?? "", order: query.get("order") ?? "newest" };
  let stream = null;
  let next = null;
  let asked = 0;
  let stages = [];
  const loadingStages = api.choices().then((found) => (stages = found.stages)).catch(() => {});

  const search = h("input", { type: "search", id: newId("search"), placeholder: "Title, source or id", value: filter.q, oninput: typed });
  const status = select("Status", [["", "all"], ...STATUSES.map((one) => [one, said(one)])], filter.status, (value) => change({ status: value }));
  const order = select(
    "Order",
    [["newest", "newest first"], ["oldest", "oldest first"], ["updated", "last changed first"]],
    filter.order,
    (value) => change({ order: value }),
  );
  const count = h("p", { class: "count" });
  const list = h("ol", { class: "videos", "aria-label": "Videos" });
  const below = h("div", { class: "below" });
  put(
    main,
    h("div", { class: "head" }, titled(h("h1"), "Videos"), h("a", { class: "button primary", href: link(["submit"]) }, "Submit a video")),
    h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      h("div", { class: "field grow" }, h("label", { for: search.id }, "Search"), search), status, order),
    count,
    list,
    below,
  );
  load();

  let typing = 0;
  function typed() {
    clearTimeout(typing);
    typing = setTimeout(() => change({ q: search.value.trim() }), TYPING_MS);
  }

  function change(part) {
    Object.assign(filter, part);
    mark([], { q: filter.q, status: filter.status, order: filter.order === "newest" ? "" : filter.order });
    load();
  }

  function asking(cursor) {
    const found = new URLSearchParams({ limit: PAGE, order: filter.order });
    if (filter.q) found.set("q", filter.q);
    if (filter.status) found.set("status", filter.status);
    if (cursor) found.set("cursor", cursor);
    return found;
  }

  async function load() {
    const mine = ++asked; // answers may come in another order than they were asked for
    stream?.stop();
    if (!rows.size) replace(below, skeleton(4));
    try {
      const page = await api.videos(asking(null), ended.signal);
      if (mine !== asked) return;
      rows.clear();
      list.replaceChildren();
      show(page);
      stream = follow("/v1/events", { from: page.event_id, on: happened, state: showLinkState });
    } catch (error) {
      if (ended.signal.aborted || mine !== asked) return;
      rows.clear();
      list.replaceChildren();
      replace(below, problemBox(error, load));
    }
  }

  async function more(button) {
    button.disabled = true;
    try {
      const page = await api.videos(asking(next), ended.signal);
      const firstNew = page.videos.find((one) => !rows.has(one.video_id));
      show(page);
      rows.get(firstNew?.video_id)?.focus();
    } catch (error) {
      if (!ended.signal.aborted) replace(below, problemBox(error, () => more(button)));
    }
  }

  function show(page) {
    for (const one of page.videos) add(one, false);
    next = page.next;
    setText(count, many(page.total, "video"));
    foot();
  }

  function foot() {
    if (next) {
      replace(below, h("button", { type: "button", onclick: (event) => more(event.currentTarget) }, "Show more"));
    } else if (rows.size) replace(below);
    else if (filter.q || filter.status) {
      const clear = () => {
        search.value = "";
        status.querySelector("select").value = "";
        change({ q: "", status: "" });
      };
      replace(below, emptyState("Nothing matches", "No video has this text and status.",
        h("button", { type: "button", onclick: clear }, "Show all videos")));
    } else {
      replace(below, emptyState("No videos yet", "Drop a file or give a link; its progress shows here.",
        h("a", { class: "button primary", href: link(["submit"]) }, "Submit a video")));
    }
  }

  function add(one, atTop) {
    const held = rows.get(one.video_id);
    if (held) return held.update(one);
    const row = new Row(one, () => loadingStages.then(() => stages));
    rows.set(one.video_id, row);
    if (atTop) list.prepend(row.element);
    else list.append(row.element);
  }

  async function happened(kind, told) {
    if (kind === "ready") return;
    const row = rows.get(told.video_id);
    if (!row) {
      // of a search, only the gateway knows whether it belongs here; an old one that is on another page stays there
      if (kind === "submitted" && !filter.q && filter.order === "newest") await bring(told.video_id);
      return;
    }
    if (kind === "submitted") return void bring(told.video_id);
    const before = row.video.status;
    row.event(kind, told);
    const now = row.video.status;
    if (now !== before && (through(now) || now === "provisional")) announce(`${row.video.title}: ${said(now)}`);
  }

  async function bring(id) {
    try {
      const one = await api.video(id, ended.signal);
      if (filter.status && one.status !== filter.status && !rows.has(id)) return;
      add(one, true);
      setText(count, many(rows.size, "video") + (next ? " here" : ""));
      foot();
    } catch {
      // it comes with the next look at the list
    }
  }

  const unkey = keys({
    j: () => step(list.querySelectorAll("a.title"), 1),
    k: () => step(list.querySelectorAll("a.title"), -1),
    "/": () => search.focus(),
  });
  return () => {
    ended.abort();
    clearTimeout(typing);
    stream?.stop();
    unkey();
  };
}

function select(label, options, chosen, on) {
  const id = newId("select");
  const element = h("select", { id, onchange: () => on(element.value) }, options.map(([value, text]) => h("option", { value }, text)));
  element.value = chosen;
  return h("div", { class: "field" }, h("label", { for: id }, label), element);
}
