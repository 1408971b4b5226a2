// Elements without markup: text is only ever text, whatever a video or a service says.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `attributes`: `class`, `on*` functions, properties of `dataset`, booleans; children: nodes or text. */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same, of SVG. */
export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(element.dataset, value);
    else if (value === true) element.setAttribute(key, "");
    else element.setAttribute(key, String(value));
  }
  put(element, ...children);
  return element;
}

/** Append nodes and text; empty ones are left out. */
export function put(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Put other children in the place of those that are there. */
export function replace(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

/** Set text only where it differs: an unchanged live region is not read again, and a selection stays. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let announcing = 0;

/** Say something to those who hear the page. The same words twice are said twice. */
export function announce(text) {
  const region = document.getElementById("announcer");
  region.textContent = "";
  cancelAnimationFrame(announcing);
  announcing = requestAnimationFrame(() => {
    region.textContent = text;
  });
}

let numbers = 0;

/** An id that no other element has. */
export function newId(prefix) {
  numbers += 1;
  return `${prefix}-${numbers}`;
}

/** A note that takes the place of what is not there: what is so, and what to do next. */
export function emptyState(title, text, ...actions) {
  return h("div", { class: "empty" }, h("h2", {}, title), h("p", {}, text), h("p", { class: "row" }, ...actions));
}

/** What went wrong, in the words of the gateway. */
export function problemBox(problem, again = null) {
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("p", {}, h("strong", {}, problem.detail)),
    problem.remedy && h("p", {}, problem.remedy),
    problem.errors.length > 1 && h("ul", {}, problem.errors.map((one) => h("li", {}, `${one.pointer}: ${one.detail}`))),
    h(
      "p",
      { class: "row" },
      again && h("button", { type: "button", onclick: again }, "Try again"),
      problem.requestId && h("small", {}, "request ", h("code", {}, problem.requestId)),
    ),
  );
}

/** Blocks of the size of what is to come, so that nothing moves when it comes. */
export function skeleton(count, kind = "") {
  return h(
    "div",
    { class: `skeletons ${kind}`, "aria-busy": "true" },
    h("span", { class: "unseen" }, "Loading"),
    Array.from({ length: count }, () => h("div", { class: "skeleton", "aria-hidden": "true" })),
  );
}

/** A dialog that is shown at once and gone when it closes; resolves with its `returnValue`. */
export function openDialog(title, ...children) {
  const id = newId("dialog");
  const dialog = h("dialog", { "aria-labelledby": id }, h("form", { method: "dialog" }, h("h2", { id }, title), ...children));
  document.body.append(dialog);
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
  dialog.showModal();
  return { dialog, closed };
}
