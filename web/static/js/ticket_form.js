// The ticket beside the call: saved by itself while typing, with the version that was seen.
import { byId, get, grouped, make, post, put } from "./api.js";
export class TicketForm {
  constructor() {
    this.form = byId("ticket"); this.ticket = null; this.dirty = false; this.saving = Promise.resolve();
    this.form.addEventListener("input", () => { this.dirty = true; clearTimeout(this.timer); this.timer = setTimeout(() => this.save(), 1200); });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.town_code.addEventListener("change", () => this.#villages());
    byId("ticket-save").onclick = () => this.saveAndSay();
    byId("ticket-submit").onclick = () => this.#send("to_dispatch");
    byId("ticket-answer").onclick = () => this.#send("answered");
    byId("ticket-void").onclick = () => this.#void();
  }
  async prepare() {
    this.lists ??= await get("/api/reference");
    const fill = (select, options, first) => select.replaceChildren(...(first ? [new Option(first, "")] : []), ...options);
    fill(this.form.kind, this.lists.kinds.map((one) => new Option(one, one)), "请选择");
    fill(this.form.urgency, this.lists.urgencies.map((one) => new Option(one, one)));
    fill(this.form.town_code, this.lists.towns.map((one) => new Option(one.name, one.code)), "请选择");
    const groups = this.lists.categories.filter((one) => !one.parent).map((parent) => {
      const group = make("optgroup", null, { label: parent.name });
      group.append(...this.lists.categories.filter((one) => one.parent === parent.code).map((one) => new Option(one.name, one.code)));
      return group;
    });
    fill(this.form.category_code, groups, "请选择");
    this.#villages();
  }
  #villages() {
    const town = this.form.town_code.value;
    const fitting = this.lists.villages.filter((one) => !town || one.town === town);
    this.form.village_id.replaceChildren(new Option("请选择", ""), ...fitting.map((one) => new Option(one.name, one.id)));
  }
  async open(id) { await this.prepare(); this.show(await get(`/api/tickets/${id}`)); }
  close() { this.ticket = null; this.form.hidden = true; byId("no-ticket").hidden = false; byId("said").hidden = true; byId("ticket-number").textContent = ""; byId("ticket-status").textContent = ""; }
  show(ticket) {
    this.ticket = ticket; this.dirty = false; this.form.hidden = false; byId("no-ticket").hidden = true;
    byId("ticket-number").textContent = grouped(ticket.number); byId("ticket-status").textContent = ticket.status_label;
    for (const field of this.form.elements) {
      if (!field.name || !(field.name in ticket)) continue;
      if (field.name === "village_id") this.#villages();
      if (field.type === "checkbox") field.checked = Boolean(ticket[field.name]); else field.value = ticket[field.name] ?? "";
      field.disabled = !ticket.editable;
    }
    for (const id of ["ticket-save", "ticket-submit", "ticket-answer", "ticket-void"]) byId(id).disabled = !ticket.editable;
    this.onshow?.(ticket);
  }
  values() {
    const values = { version: this.ticket.version };
    for (const field of this.form.elements) {
      if (!field.name) continue;
      values[field.name] = field.type === "checkbox" ? field.checked : field.value;
    }
    return values;
  }
  // One save after another; a failed one must not bar the next
  save() { this.saving = this.saving.catch(() => {}).then(() => this.#save()); return this.saving; }
  async #save() {
    if (!this.ticket?.editable || !this.dirty) return true;
    this.dirty = false;
    const id = this.ticket.id;
    const kept = await this.#try(async () => { const saved = await put(`/api/tickets/${id}`, this.values()); if (this.ticket?.id === id) { this.ticket.version = saved.version; byId("ticket-problem").textContent = ""; } });
    // What did not arrive is still unsaved, else "saved" would be said of words that nobody has
    if (!kept && this.ticket?.id === id) this.dirty = true;
    return kept;
  }
  async saveAndSay() {
    if (!this.ticket) return;
    if (await this.save()) { byId("said").hidden = false; byId("said").textContent = grouped(this.ticket.number); }
  }
  async #send(to) { if (this.ticket && await this.save()) await this.#try(async () => this.show(await post(`/api/tickets/${this.ticket.id}/submit`, { ...this.values(), to }))); }
  async #void() {
    const reason = prompt("作废原因（误拨、无声…）");
    if (reason && await this.save()) await this.#try(async () => this.show(await post(`/api/tickets/${this.ticket.id}/void`, { ...this.values(), reason })));
  }
  async #try(act) {
    for (const field of this.form.querySelectorAll(".wrong")) field.classList.remove("wrong");
    try { await act(); return true; } catch (error) {
      byId("ticket-problem").textContent = error.message;
      const field = error.field && this.form.elements[error.field];
      if (field) { field.classList.add("wrong"); field.focus(); }
      if (error.code === "stale-ticket" && this.ticket) await get(`/api/tickets/${this.ticket.id}`).then((fresh) => this.show(fresh), () => {});
      return false;
    }
  }
}
