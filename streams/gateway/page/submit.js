// Submitting: files by drop or choice, a link, options for all of them.

import { api, Problem } from "./api.js";
import { announce, h, newId, problemBox, put, replace, setText } from "./dom.js";
import { bytes, percent } from "./format.js";
import { optionFields } from "./options.js";
import { bar } from "./parts.js";
import { link, titled } from "./router.js";
import { Upload } from "./upload.js";

const running = new Set(); // uploads go on while other views are shown

window.addEventListener("beforeunload", (event) => {
  if (running.size) event.preventDefault();
});

const list = h("ul", { class: "uploads", "aria-label": "Files on their way" });

/** Show the view; returns what ends it. */
export function submit(main) {
  const chooser = h("input", { type: "file", id: newId("files"), multiple: true, accept: "video/*,audio/*,.mkv,.mov,.ts,.mxf", class: "unseen", onchange: () => take(chooser.files) });
  const drop = h(
    "div",
    { class: "drop" },
    h("p", {}, h("strong", {}, "Drop videos here")),
    h("p", {}, h("label", { for: chooser.id, class: "button primary" }, "Choose files"), chooser),
    h("p", { class: "hint" }, "An upload can be paused, and goes on after a break or a reload of the page."),
  );
  const uri = h("input", { type: "text", id: newId("link"), inputmode: "url", placeholder: "https://media.example.org/talk.mp4", autocomplete: "off", spellcheck: "false", required: true });
  const title = h("input", { type: "text", id: newId("title"), autocomplete: "off", maxlength: 300 });
  const told = h("div", { class: "told" });
  let fields = { read: () => ({ options: {}, priority: 0 }) };
  const optionsPlace = h("div", { class: "options-place" });
  const button = h("button", { type: "submit", class: "primary" }, "Submit the link");
  put(
    main,
    titled(h("h1"), "Submit a video"),
    h("div", { class: "submit-columns" },
      drop,
      h("form", { class: "link-form", onsubmit: submitLink },
        h("div", { class: "field" }, h("label", { for: uri.id }, "Link or path"), uri),
        h("div", { class: "field" }, h("label", { for: title.id }, "Title (optional)"), title),
        h("p", { class: "row" }, button),
        told)),
    h("details", { class: "more-options" }, h("summary", {}, "Options, for files and links"), optionsPlace),
    list,
  );
  api.choices().then((found) => {
    fields = optionFields(found);
    replace(optionsPlace, fields.element);
  }).catch((error) => replace(optionsPlace, problemBox(error)));

  const over = (event) => {
    event.preventDefault();
    drop.classList.add("over");
  };
  const out = () => drop.classList.remove("over");
  const dropped = (event) => {
    event.preventDefault();
    out();
    take(event.dataTransfer.files);
  };
  // anywhere in the view: a file that misses the box would replace the page
  main.addEventListener("dragover", over);
  main.addEventListener("dragleave", out);
  main.addEventListener("drop", dropped);

  async function submitLink(event) {
    event.preventDefault();
    button.disabled = true;
    replace(told);
    try {
      const video = await sendRequest({ uri: uri.value.trim() }, title.value.trim());
      replace(told, h("p", { class: "good" }, "Taken in: ", h("a", { href: link(["video", video.video_id]) }, video.title || video.video_id)));
      announce(`${video.title} is taken in.`);
      uri.value = title.value = "";
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      replace(told, problemBox(error));
    } finally {
      button.disabled = false;
    }
  }

  function sendRequest(source, name, read = fields.read()) {
    const { options, priority } = read;
    const metadata = name ? { title: name } : {};
    return api.submit({ ...source, options, priority, metadata }, crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`);
  }

  function take(files) {
    const read = fields.read(); // as they are now: what is changed later is for later files
    for (const file of files) new Line(file, (upload) => sendRequest({ upload }, "", read));
    chooser.value = "";
  }

  return () => {
    main.removeEventListener("dragover", over);
    main.removeEventListener("dragleave", out);
    main.removeEventListener("drop", dropped);
  };
}

/** A file on its way, in the list. */
class Line {
  constructor(file, send) {
    this.file = file;
    this.send = send;
    this.upload = new Upload(file, (now) => this.show(now));
    this.bar = bar(`Upload of ${file.name}`);
    this.state = h("span", { class: "share" });
    this.pause = h("button", { type: "button", class: "quiet", "aria-label": `Pause ${file.name}`, onclick: () => this.toggle() }, "Pause");
    this.remove = h("button", { type: "button", class: "quiet", "aria-label": `Remove ${file.name}`, onclick: () => this.end() }, "Remove");
    this.told = h("div", { class: "told" });
    this.element = h("li", { class: "upload" },
      h("span", { class: "name" }, file.name), h("span", { class: "facts" }, bytes(file.size)),
      this.bar, this.state, h("span", { class: "acts" }, this.pause, this.remove), this.told);
    list.prepend(this.element);
    this.start();
  }

  start() {
    running.add(this);
    setText(this.state, "waits");
    this.run();
  }

  async run() {
    if (this.upload.ended) return;
    replace(this.told);
    try {
      if (!(await this.upload.run())) return;
      setText(this.state, "taken in…");
      const video = await this.send(this.upload.id);
      setText(this.state, "");
      this.pause.hidden = this.remove.hidden = this.bar.hidden = true;
      replace(this.told, h("p", { class: "good" }, "Taken in: ", h("a", { href: link(["video", video.video_id]) }, video.title || video.video_id)));
      announce(`${this.file.name} is uploaded and taken in.`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setText(this.state, "stopped");
      replace(this.told, problemBox(error, () => this.start()));
    } finally {
      running.delete(this);
    }
  }

  toggle() {
    if (this.upload.paused) {
      this.upload.resume();
      setText(this.pause, "Pause");
    } else {
      this.upload.pause();
      setText(this.pause, "Go on");
    }
    this.pause.setAttribute("aria-label", `${this.pause.textContent} ${this.file.name}`);
  }

  end() {
    this.upload.end();
    running.delete(this);
    this.element.remove();
    announce(`${this.file.name} is removed.`);
  }

  show({ state, sent }) {
    const share = this.file.size ? sent / this.file.size : 0;
    this.bar.set(share);
    const texts = { sending: percent(share), paused: `paused at ${percent(share)}`, trying: "connection lost, trying again", done: percent(1), failed: "stopped" };
    setText(this.state, texts[state] ?? "");
  }
}
