// Whether what is seen is live, in the header.

import { announce, setText } from "./dom.js";

const TEXTS = { live: "Live", lost: "Connection lost, trying again", off: "Not live", "": "" };

/** Show it; only a break and its end are said. */
export function showLinkState(state) {
  const element = document.getElementById("link-state");
  const before = element.dataset.state;
  element.dataset.state = state;
  setText(element, TEXTS[state] ?? "");
  if (state === "lost" || (state === "live" && before === "lost")) announce(state === "lost" ? TEXTS.lost : "Connected again");
}
