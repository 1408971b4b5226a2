// Keys for all views. Single letters can be switched off, since speech input types them (WCAG 2.1.4).

import { showHelp } from "./help.js";
import { link } from "./router.js";

const OFF = "clipstream-no-letters";
const GO = { v: [], n: ["submit"], d: ["dead-letters"], s: ["status"] };

let handlers = [];

/** Whether single letters do something. */
export function lettersOn() {
  try {
    return localStorage.getItem(OFF) === null;
  } catch {
    return true;
  }
}

/** Switch them on or off. */
export function setLetters(on) {
  try {
    if (on) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  } catch {
    // they stay as they are
  }
}

/** Keys of a view: `{key: function}`; returns what removes them. */
export function keys(map) {
  handlers.push(map);
  return () => {
    handlers = handlers.filter((one) => one !== map);
  };
}

/** Listen, once. */
export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = event.target;
    if (target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const single = event.key.length === 1;
    if (single && !lettersOn()) return;
    // what has the focus keeps its own keys
    if ((event.key === " " || event.key === "Enter") && target.closest("button, a, summary, video, [role=checkbox]")) return;
    if (event.key.startsWith("Arrow") && target.closest("[role=slider], video, .scrolls")) return;
    if (event.key === "?") return void (event.preventDefault(), showHelp());
    for (const map of [...handlers].reverse()) {
      if (Object.hasOwn(map, event.key)) {
        event.preventDefault();
        map[event.key](event);
        return;
      }
    }
    if (Object.hasOwn(GO, event.key)) {
      event.preventDefault();
      location.hash = link(GO[event.key]);
    }
  });
}

/** Move the focus among elements, from the one that has it. */
export function step(elements, by) {
  const list = [...elements];
  const at = list.findIndex((one) => one.contains(document.activeElement));
  const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
