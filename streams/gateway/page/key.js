// Entering an API key, where the gateway asks for one.

import { useKey } from "./api.js";
import { h, openDialog } from "./dom.js";

/** Ask for a key until one is taken or the dialog is closed; whether there is one now. */
export async function enterKey(problem) {
  let told = problem.detail;
  for (;;) {
    const input = h("input", { type: "password", id: "api-key", autocomplete: "off", required: true, spellcheck: "false" });
    const { dialog, closed } = openDialog(
      "This gateway asks for an API key",
      h("p", { role: "alert" }, told),
      h("label", { for: "api-key" }, "API key"),
      input,
      h("p", { class: "hint" }, "It is kept until this tab is closed. ", h("code", {}, "clipstream keys create NAME --scope write"), " makes one."),
      h(
        "p",
        { class: "row" },
        h("button", { type: "submit", value: "use", class: "primary" }, "Use this key"),
        h("button", { type: "button", onclick: () => dialog.close("") }, "Not now"),
      ),
    );
    if ((await closed) !== "use") return false;
    try {
      await useKey(input.value.trim());
      return true;
    } catch (error) {
      await useKey("");
      told = error.detail;
    }
  }
}

/** The button in the header. */
export async function forgetOrChangeKey() {
  const { dialog, closed } = openDialog(
    "API key",
    h("p", {}, "A key is in use. It goes with this tab."),
    h(
      "p",
      { class: "row" },
      h("button", { type: "submit", value: "forget", class: "danger" }, "Forget it now"),
      h("button", { type: "button", onclick: () => dialog.close("") }, "Keep it"),
    ),
  );
  if ((await closed) === "forget") {
    await useKey("");
    location.reload();
  }
}
