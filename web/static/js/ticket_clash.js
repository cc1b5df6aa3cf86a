// Somebody else changed the same field: both texts side by side, and nothing typed is lost.
import { byId, make } from "./api.js";

export class ClashPanel {
  constructor(form, decided) {
    this.form = form;
    this.decided = decided;
    this.place = byId("ticket-clash");
    this.open = new Map();
  }
  clear() { this.open.clear(); this.#draw(); }
  show(clashes) {
    for (const clash of clashes) this.open.set(clash.name, clash);
    this.#draw();
    this.place.querySelector("button")?.focus();
  }
  #words(field, value) {
    if (field.type === "checkbox") return value ? "是" : "否";
    if (field.tagName === "SELECT") return [...field.options].find((one) => one.value === String(value ?? ""))?.text ?? "未选择";
    return value || "（空）";
  }
  #draw() {
    this.place.hidden = this.open.size === 0;
    this.place.replaceChildren(make("b", "有人同时修改了这张工单，请逐项选择："), ...[...this.open.values()].map((clash) => this.#row(clash)));
  }
  #row({ name, mine, theirs }) {
    const field = this.form.elements[name];
    const word = field.closest("label")?.firstChild?.textContent.trim() || field.closest("label")?.textContent.trim() || name;
    const choose = (value, text) => {
      const button = make("button", text, { class: "btn btn-sm", type: "button" });
      button.onclick = () => { this.open.delete(name); this.#draw(); this.decided(name, value); };
      return button;
    };
    const row = make("div", null, { class: "clash", "data-testid": `clash-${name}` });
    row.append(
      make("div", word, { class: "clash-name" }),
      make("div", `对方：${this.#words(field, theirs)}`),
      make("div", `我的：${this.#words(field, mine)}`),
      choose(mine, `${word}：保留我的`),
      choose(theirs, `${word}：用对方的`),
    );
    return row;
  }
}
