// Views by the hash of the address: "#/video/ID?at=41000". The back button works, and so does a link that is sent.

/** Where the page is. */
export function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query ?? "") };
}

/** The address of a view. */
export function link(parts, query = null) {
  const asked = query ? new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value !== null)) : "";
  const text = String(asked);
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

/** Change the address without leaving the view: what is seen stays, and a copied link leads here. */
export function mark(parts, query) {
  history.replaceState(null, "", link(parts, query));
}

/**
 * Show views.
 *
 * @param {HTMLElement} main where they are shown
 * @param {(parts: string[]) => {name: string, show: Function}} choose
 */
export function start(main, choose) {
  let leave = () => {};
  let first = true;
  const go = () => {
    leave();
    const { parts, query } = place();
    const { name, show } = choose(parts);
    for (const anchor of document.querySelectorAll("nav [data-view]")) {
      if (anchor.dataset.view === name) anchor.setAttribute("aria-current", "page");
      else anchor.removeAttribute("aria-current");
    }
    main.replaceChildren();
    main.dataset.view = name;
    leave = show(main, parts, query) ?? (() => {});
    if (!first) {
      // who hears the page is told of the new view, and the next Tab is in it
      window.scrollTo(0, 0);
      (main.querySelector("h1") ?? main).focus({ preventScroll: true });
    }
    first = false;
  };
  window.addEventListener("hashchange", go);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // its address would be taken for a view
    main.focus();
  });
  go();
}

/** Title of the window and the heading of a view, which takes the focus when the view comes. */
export function titled(element, text) {
  element.tabIndex = -1;
  element.textContent = text;
  document.title = `${text} · clipstream`;
  return element;
}
