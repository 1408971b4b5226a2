// What is said: follows the playback, seeks by a click, is searched.
// Words and finds are drawn as highlights over the text (CSS Custom Highlight API): of two hours of talk there are
// 20,000 words, and an element for each would make the page slow.

import { announce, h, newId, replace, setText } from "./dom.js";
import { clock, many } from "./format.js";

const TYPING_MS = 150;
const supported = typeof Highlight === "function" && CSS.highlights !== undefined;

/** The transcript. `onSeek(ms)`. */
export class Transcript {
  constructor(onSeek) {
    this.onSeek = onSeek;
    this.utterances = [];
    this.rows = [];
    this.current = -1;
    this.following = true;
    this.finds = [];
    this.find = -1;
    this.search = h("input", {
      type: "search", id: newId("find"), placeholder: "Search in what is said",
      oninput: () => this.typed(), onkeydown: (event) => this.searchKey(event),
    });
    this.found = h("span", { class: "found", role: "status" });
    this.follow = h("button", { type: "button", class: "quiet", "aria-pressed": "true", onclick: () => this.setFollowing(!this.following) }, "Follow");
    this.list = h("ol", { class: "utterances" });
    this.box = h(
      "div",
      {
        class: "transcript-box scrolls", tabindex: 0, role: "region", "aria-label": "Transcript",
        // only people do these; the page's own scrolling does none of them
        onwheel: () => this.setFollowing(false),
        ontouchmove: () => this.setFollowing(false),
        onpointerdown: (event) => event.target === this.box && this.setFollowing(false), // the scroll bar
        onkeydown: (event) => /^(Arrow(Up|Down)|Page|Home|End)/.test(event.key) && this.setFollowing(false),
        onclick: (event) => this.clicked(event),
      },
      this.list,
    );
    this.element = h(
      "section",
      { class: "transcript", "aria-label": "What is said" },
      h("div", { class: "transcript-head" }, h("h2", {}, "Transcript"), h("label", { class: "unseen", for: this.search.id }, "Search in the transcript"), this.search, this.found, this.follow),
      this.box,
    );
  }

  /** Show the utterances of a result; `reach` says what is missing, or nothing. */
  show(utterances, reach) {
    const keep = this.box.scrollTop;
    this.utterances = utterances;
    this.current = -1;
    let speaker = null;
    this.rows = utterances.map((one, index) => {
      const name = one.speaker && one.speaker !== speaker ? h("span", { class: "who" }, one.speaker) : null;
      speaker = one.speaker;
      const text = h("p", { dir: "auto", lang: one.language || null }, one.text);
      const time = h("button", { type: "button", class: "time", "aria-label": `Go to ${clock(one.start_ms)}` }, clock(one.start_ms));
      const element = h("li", { dataset: { index } }, name, time, text);
      return { element, text: text.firstChild, words: null };
    });
    replace(this.list, this.rows.map(({ element }) => element));
    if (!utterances.length) replace(this.list, h("li", { class: "nothing" }, "Nothing is said, as far as is known."));
    else if (reach) this.list.append(h("li", { class: "nothing" }, reach));
    this.box.scrollTop = keep;
    if (this.search.value) this.look();
  }

  /** Mark the word at a place, and bring its utterance into sight while following. */
  at(ms) {
    const index = last(this.utterances, ms);
    if (index !== this.current) {
      this.rows[this.current]?.element.removeAttribute("aria-current");
      this.rows[index]?.element.setAttribute("aria-current", "true");
      this.current = index;
      if (this.following) this.reveal(index);
    }
    this.word(ms);
  }

  word(ms) {
    if (!supported) return;
    const row = this.rows[this.current];
    const words = this.utterances[this.current]?.words ?? [];
    const at = last(words, ms);
    if (!row || at < 0) return void CSS.highlights.delete("word");
    row.words ??= offsets(this.utterances[this.current].text, words);
    const [start, end] = row.words[at];
    CSS.highlights.set("word", new Highlight(range(row.text, start, end)));
  }

  reveal(index, force = false) {
    const row = this.rows[index]?.element;
    if (!row) return;
    // the box alone: the page stays where it is
    const top = row.offsetTop - this.box.clientHeight / 3;
    const seen = row.offsetTop >= this.box.scrollTop && row.offsetTop + row.offsetHeight <= this.box.scrollTop + this.box.clientHeight * 0.8;
    if (!seen || force) this.box.scrollTop = Math.max(0, top);
  }

  setFollowing(on) {
    if (this.following === on) return;
    this.following = on;
    this.follow.setAttribute("aria-pressed", String(on));
    this.follow.classList.toggle("off", !on);
    if (on) this.reveal(this.current, true);
  }

  clicked(event) {
    const item = event.target.closest("li[data-index]");
    if (!item || String(getSelection())) return; // somebody copies a passage
    const utterance = this.utterances[item.dataset.index];
    const row = this.rows[item.dataset.index];
    let to = utterance.start_ms;
    const offset = event.target.closest("p") ? offsetAt(event, row.text) : null;
    if (offset !== null) {
      row.words ??= offsets(utterance.text, utterance.words);
      const hit = row.words.findIndex(([start, end]) => offset >= start && offset <= end);
      if (hit >= 0) to = utterance.words[hit].start_ms;
    }
    this.onSeek(to);
  }

  typed() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.look(), TYPING_MS);
  }

  look() {
    const wanted = this.search.value.trim().toLowerCase();
    this.finds = [];
    if (wanted) {
      for (const [index, { text }] of this.utterances.entries()) {
        const plain = text.toLowerCase();
        if (plain.length !== text.length) continue; // letters that change their length, as "İ": offsets would be wrong
        for (let at = plain.indexOf(wanted); at >= 0; at = plain.indexOf(wanted, at + wanted.length)) {
          this.finds.push({ index, start: at, end: at + wanted.length });
        }
      }
    }
    if (supported) {
      if (this.finds.length) CSS.highlights.set("found", new Highlight(...this.finds.map((one) => range(this.rows[one.index].text, one.start, one.end))));
      else CSS.highlights.delete("found");
    }
    setText(this.found, wanted ? many(this.finds.length, "place") : "");
    this.find = -1;
    if (this.finds.length) this.go(0, false);
    else if (supported) CSS.highlights.delete("find");
  }

  go(to, say = true) {
    if (!this.finds.length) return;
    this.find = (to + this.finds.length) % this.finds.length;
    const { index, start, end } = this.finds[this.find];
    this.setFollowing(false);
    if (supported) CSS.highlights.set("find", new Highlight(range(this.rows[index].text, start, end)));
    this.reveal(index, true);
    setText(this.found, `${this.find + 1} of ${many(this.finds.length, "place")}`);
    if (say) announce(`${clock(this.utterances[index].start_ms)}: ${this.utterances[index].text}`);
  }

  searchKey(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      if (this.find >= 0 && event.ctrlKey) this.onSeek(this.utterances[this.finds[this.find].index].start_ms);
      else this.go(this.find + (event.shiftKey ? -1 : 1));
    }
  }

  end() {
    clearTimeout(this.typing);
    if (supported) for (const name of ["word", "found", "find"]) CSS.highlights.delete(name);
  }
}

/** Index of the last one that has begun at a place, by halves; -1 before the first one. */
export function last(spans, ms) {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].start_ms <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where each word is in its utterance, whose text was put together of them. */
function offsets(text, words) {
  let from = 0;
  return words.map(({ text: raw }) => {
    const word = raw.trim();
    const at = text.indexOf(word, from);
    if (at < 0) return [from, from];
    from = at + word.length;
    return [at, from];
  });
}

function range(node, start, end) {
  const found = new Range();
  found.setStart(node, start);
  found.setEnd(node, Math.min(end, node.length));
  return found;
}

function offsetAt(event, node) {
  if (document.caretPositionFromPoint) {
    const found = document.caretPositionFromPoint(event.clientX, event.clientY);
    return found?.offsetNode === node ? found.offset : null;
  }
  const found = document.caretRangeFromPoint?.(event.clientX, event.clientY);
  return found?.startContainer === node ? found.startOffset : null;
}
