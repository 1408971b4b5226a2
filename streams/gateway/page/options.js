// The options of a request as a form, and back.

import { h, newId, put } from "./dom.js";
import { words } from "./format.js";

const PROFILES = [
  ["fast", "fast: a smaller speech model, fewer pictures"],
  ["balanced", "balanced"],
  ["best", "best: takes longer, finds more"],
];
// Languages that people choose most; any other code can be typed.
const LANGUAGES = ["ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh"];
const FACTORS = [["0", "not at all"], ["0.5", "less"], ["2", "more"], ["4", "much more"]];

/** The fields. `read()` gives `{options, priority}`, with what was changed alone: the rest is the gateway's choice. */
export function optionFields(choices) {
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  const profile = h("select", {}, PROFILES.map(([value, text]) => h("option", { value }, text)));
  profile.value = "balanced";
  const languages = h("datalist", { id: newId("languages") }, LANGUAGES.map((code) => h("option", { value: code }, names.of(code))));
  const language = h("input", { type: "text", list: languages.id, placeholder: "detected", autocomplete: "off", size: 8, maxlength: 20 });
  const platforms = Object.entries(choices.platforms).map(([id, name]) => [h("input", { type: "checkbox", value: id, id: newId("platform") }), name]);
  const shortest = h("input", { type: "number", min: 1, max: 3600, step: 1, placeholder: "8" });
  const longest = h("input", { type: "number", min: 1, max: 3600, step: 1, placeholder: "90" });
  const most = h("input", { type: "number", min: 1, max: 100, step: 1, placeholder: "10" });
  const priority = h("input", { type: "number", min: -1000, max: 1000, step: 1, placeholder: "0" });
  const preferences = h("ul", { class: "preferences" });

  function addPreference() {
    const signal = h("select", { "aria-label": "What counts" }, Object.entries(choices.signals).map(([id, text]) => h("option", { value: id }, `${words(id)}: ${text}`)));
    const factor = h("select", { "aria-label": "How much" }, FACTORS.map(([value, text]) => h("option", { value }, text)));
    factor.value = "2";
    const item = h("li", {}, signal, factor, h("button", { type: "button", class: "quiet", "aria-label": "Remove this preference", onclick: () => item.remove() }, "Remove"));
    preferences.append(item);
    signal.focus();
  }

  const element = put(
    h("div", { class: "options" }),
    field("Profile", profile),
    field("Language", language, "a code like en or pt-BR; detected when empty"),
    languages,
    h("fieldset", {}, h("legend", {}, "Platforms"), h("div", { class: "checks" }, platforms.map(([box, name]) => h("span", { class: "check" }, box, h("label", { for: box.id }, name))))),
    h("fieldset", {}, h("legend", {}, "Segments"), h("div", { class: "numbers" }, field("Shortest, s", shortest), field("Longest, s", longest), field("At most", most))),
    field("Priority", priority, "higher ones are taken first"),
    h("fieldset", {}, h("legend", {}, "What counts more or less"), preferences, h("button", { type: "button", onclick: addPreference }, "Add a preference")),
  );

  function read() {
    const options = {};
    if (profile.value !== "balanced") options.profile = profile.value;
    if (language.value.trim()) options.language = language.value.trim();
    const chosen = platforms.filter(([box]) => box.checked).map(([box]) => box.value);
    if (chosen.length) options.platforms = chosen;
    if (shortest.value) options.min_segment_ms = Math.round(Number(shortest.value) * 1000);
    if (longest.value) options.max_segment_ms = Math.round(Number(longest.value) * 1000);
    if (most.value) options.max_segments = Number(most.value);
    const factors = [...preferences.children].map((item) => [...item.querySelectorAll("select")].map((one) => one.value));
    if (factors.length) options.preferences = Object.fromEntries(factors.map(([signal, factor]) => [signal, Number(factor)]));
    return { options, priority: Number(priority.value || 0) };
  }

  return { element, read };
}

function field(label, input, hint = "") {
  const id = newId("field");
  input.id = id;
  const hintId = hint ? `${id}-hint` : null;
  if (hintId) input.setAttribute("aria-describedby", hintId);
  return h("div", { class: "field" }, h("label", { for: id }, label), input, hint && h("span", { class: "hint", id: hintId }, hint));
}
