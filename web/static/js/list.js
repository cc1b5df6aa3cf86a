// A table of things to open: pages, arrow keys, Enter; and the three states that are not rows.
import { byId, make } from "./api.js";

export class List {
  // `rowOf(thing)` gives { href, label, cells }, href null where this person may not open it; `load(page)` gives { rows, more }
  constructor(load, rowOf) {
    this.load = load;
    this.rowOf = rowOf;
    this.page = 1;
    this.body = byId("rows");
    byId("newer").onclick = () => this.go(this.page - 1);
    byId("older").onclick = () => this.go(this.page + 1);
    this.body.addEventListener("keydown", (event) => this.#key(event));
  }
  async show(page = 1) {
    const { rows, more } = await this.load(page);
    this.page = page;
    byId("empty").hidden = rows.length > 0;
    byId("newer").disabled = page === 1;
    byId("older").disabled = !more;
    byId("place").textContent = `第 ${page} 页`;
    this.body.replaceChildren(...rows.map((thing, index) => this.#row(this.rowOf(thing), index)));
  }
  // A failure while the page is open keeps the rows and says so
  async go(page) {
    const link = byId("banner-link");
    try { await this.show(page); link.hidden = true; } catch (error) { link.hidden = false; link.textContent = error.message; }
  }
  #row({ href, label, cells }, index) {
    const row = make("tr", null, href ? { "data-href": href } : { class: "closed-row", title: label });
    // What may not be opened is reached by the arrows all the same, and says why
    const name = (cell) => make("a", cell, { ...(href ? { href } : { role: "link", "aria-disabled": "true" }), "aria-label": label, tabindex: index ? "-1" : "0" });
    row.append(...cells.map((cell, at) => (at ? make("td", cell) : make("td", null, {}, name(cell)))));
    row.onclick = (event) => { if (href && !event.target.closest("a") && !String(getSelection())) location.assign(href); };
    return row;
  }
  #key(event) {
    const links = [...this.body.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || !links[to]) return;
    event.preventDefault();
    links[at]?.setAttribute("tabindex", "-1");
    links[to].setAttribute("tabindex", "0");
    links[to].focus();
  }
}
export const PAGE_LENGTH = 50;
