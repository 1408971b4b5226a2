// The page: which view is where, keys, theme, dialogs.

import { hasKey, onKeyNeeded, openSession } from "./api.js";
import { deadLetters } from "./deadletters.js";
import { announce, h } from "./dom.js";
import { showHelp } from "./help.js";
import { enterKey, forgetOrChangeKey } from "./key.js";
import { queue } from "./queue.js";
import { link, start, titled } from "./router.js";
import { listen } from "./shortcuts.js";
import { status } from "./status.js";
import { submit } from "./submit.js";
import { video } from "./video.js";

const VIEWS = {
  "": ["queue", queue],
  submit: ["submit", submit],
  video: ["queue", video],
  "dead-letters": ["dead-letters", deadLetters],
  status: ["status", status],
};

function nothing(main) {
  main.append(
    titled(h("h1"), "Nothing here"),
    h("p", {}, "There is no such view. ", h("a", { href: link([]) }, "All videos"), "."),
  );
}

function showTheme(button) {
  const names = { auto: "Theme: auto", light: "Theme: light", dark: "Theme: dark" };
  button.textContent = names[window.clipstreamTheme.now()];
}

async function run() {
  const themeButton = document.getElementById("theme-button");
  showTheme(themeButton);
  themeButton.addEventListener("click", () => {
    announce(`Theme ${window.clipstreamTheme.next()}`);
    showTheme(themeButton);
  });
  document.getElementById("help-button").addEventListener("click", showHelp);
  const keyButton = document.getElementById("key-button");
  keyButton.addEventListener("click", forgetOrChangeKey);
  onKeyNeeded(async (problem) => {
    const entered = await enterKey(problem);
    keyButton.hidden = !hasKey();
    return entered;
  });
  listen();
  if (hasKey()) {
    keyButton.hidden = false;
    await openSession().catch(() => {}); // a key that is known no more: the first view asks for another one
  }
  start(document.getElementById("main"), ([first = ""]) => {
    const [name, show] = Object.hasOwn(VIEWS, first) ? VIEWS[first] : ["", nothing];
    return { name, show };
  });
}

run();
