// What runs: agents, what waits before them, videos by status.

import { api, Problem } from "./api.js";
import { h, problemBox, put, replace, setText } from "./dom.js";
import { many, words } from "./format.js";
import { badge, STATUSES } from "./parts.js";
import { link, titled } from "./router.js";

const EVERY_MS = 3_000;

/** Show the view; returns what ends it. */
export function status(main) {
  const ended = new AbortController();
  const broker = h("p", { class: "facts" });
  const counts = h("ul", { class: "counts", "aria-label": "Videos by status" });
  const body = h("tbody", {});
  const problem = h("div", {});
  let timer = 0;
  put(
    main,
    titled(h("h1"), "Status"),
    broker,
    problem,
    counts,
    h("div", { class: "wide scrolls", tabindex: 0, role: "region", "aria-label": "Agents" },
      h("table", { class: "agents" },
        h("caption", {}, "Agents"),
        h("thead", {}, h("tr", {}, ["Agent", "Workers", "Waiting", "State", "Restarts", "Last words"].map((head) => h("th", { scope: "col" }, head)))),
        body)),
  );
  look();

  async function look() {
    clearTimeout(timer);
    try {
      if (!document.hidden) show(await api.status(ended.signal));
      replace(problem);
    } catch (error) {
      if (ended.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      if (!problem.children.length) replace(problem, problemBox(error, look));
    }
    if (!ended.signal.aborted) timer = setTimeout(look, EVERY_MS);
  }

  function show(now) {
    setText(broker, `Broker ${now.broker} · ${now.keys ? "asks for API keys" : "for this machine alone, without API keys"}`);
    if (!counts.children.length) {
      replace(counts, STATUSES.map((one) => h("li", { dataset: { of: one } }, h("a", { href: link([], { status: one }) }, h("strong", {}, "0"), badge(one)))));
    }
    for (const item of counts.children) setText(item.querySelector("strong"), String(now.videos[item.dataset.of] ?? 0));
    for (const agent of now.agents) line(agent);
  }

  function line(agent) {
    const row = [...body.rows].find((one) => one.dataset.agent === agent.agent) ?? body.appendChild(made(agent.agent));
    const values = [
      agent.members,
      agent.lag.toLocaleString("en"),
      words(agent.state ?? (agent.members ? "running" : "not here")),
      agent.restarts ?? "–",
      agent.reason || agent.last_exit || "",
    ];
    values.forEach((value, index) => setText(row.cells[index + 1], String(value)));
    row.classList.toggle("bad", !agent.members);
    row.cells[2].title = `${many(agent.lag, "record")} not processed yet`;
  }

  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}

function made(agent) {
  const row = h("tr", { dataset: { agent } }, h("th", { scope: "row" }, agent));
  return put(row, Array.from({ length: 5 }, () => h("td", {})));
}
