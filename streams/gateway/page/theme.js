// Runs before anything is drawn, so that a chosen theme does not flash in the other one. No module: those come later.
"use strict";
(() => {
  const KEY = "clipstream-theme";
  const THEMES = ["auto", "light", "dark"];
  const read = () => {
    try {
      const kept = localStorage.getItem(KEY);
      return THEMES.includes(kept) ? kept : "auto";
    } catch {
      return "auto"; // storage is switched off: the system's choice
    }
  };
  const set = (theme) => {
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // it lasts as long as the page then
    }
  };
  document.documentElement.dataset.theme = read();
  window.clipstreamTheme = {
    now: () => document.documentElement.dataset.theme,
    next: () => {
      set(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
      return document.documentElement.dataset.theme;
    },
  };
})();
