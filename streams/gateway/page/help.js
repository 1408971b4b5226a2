// The dialog of keys.

import { h, openDialog } from "./dom.js";
import { lettersOn, setLetters } from "./shortcuts.js";

const KEYS = [
  ["Everywhere", [["?", "this dialog"], ["v", "videos"], ["n", "submit a video"], ["d", "dead letters"], ["s", "status"], ["Esc", "leave a field, close a dialog"]]],
  ["Lists", [["j / k", "next, previous"], ["Enter", "open"], ["/", "search"]]],
  [
    "A video",
    [
      ["Space", "play, pause"],
      ["← / →", "5 seconds back, on"],
      ["j / k", "next, previous segment"],
      ["p", "play the segment that has the focus"],
      ["x", "mark it for the clip list"],
      ["f", "follow the playback in the transcript"],
      ["/", "search in the transcript"],
    ],
  ],
  ["The timeline, when it has the focus", [["← / →", "1 second"], ["Page Up / Down", "30 seconds"], ["Home / End", "start, end"]]],
];

/** Show it. */
export function showHelp() {
  const letters = h("input", { type: "checkbox", id: "letters", onchange: () => setLetters(letters.checked) });
  letters.checked = lettersOn();
  openDialog(
    "Keys",
    h(
      "div",
      { class: "keys" },
      KEYS.map(([title, rows]) =>
        h(
          "section",
          {},
          h("h3", {}, title),
          h("dl", {}, rows.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)))),
        ),
      ),
    ),
    h("p", { class: "check" }, letters, h("label", { for: "letters" }, "Single letters do something (switch off for speech input)")),
    h("p", { class: "row" }, h("button", { type: "submit", class: "primary" }, "Close")),
  );
}
