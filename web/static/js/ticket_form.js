// The ticket beside the call: saved by itself while typing, with the version that was seen.
import { byId, get, grouped, make, post, put } from "./api.js";
import { ClashPanel } from "./ticket_clash.js";
import { merge } from "./ticket_merge.js";

// Sent on already, a file can still be answered: then the answer alone may be written, and goes with that step
const answerable = (ticket) => ticket.next.includes("answered");
const BUTTONS = {
  "ticket-save": (ticket) => ticket.editable,
  "ticket-submit": (ticket) => ticket.next.includes("to_dispatch"),
  "ticket-answer": answerable,
  "ticket-void": (ticket) => ticket.next.includes("void"),
};
const AUTOSAVE_MS = 1200;
const TRY_AGAIN_MS = 5000;

export class TicketForm {
  constructor() {
    this.form = byId("ticket");
    this.ticket = null;
    this.dirty = false;
    this.saving = Promise.resolve(true);
    this.clash = new ClashPanel(this.form, (name, value) => this.#decide(name, value));
    this.form.addEventListener("input", () => this.#touched());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.town_code.addEventListener("change", () => this.#villages());
    byId("ticket-save").onclick = () => this.saveAndSay();
    byId("ticket-submit").onclick = () => this.#send("to_dispatch");
    byId("ticket-answer").onclick = () => this.#send("answered");
    byId("ticket-void").onclick = () => this.#askVoid();
    byId("void-form").onsubmit = () => this.#void(byId("void-reason").value.trim());
    byId("void-cancel").onclick = () => byId("void-dialog").close();
  }
  async prepare() {
    if (this.lists) return;
    const lists = await get("/api/reference");
    const fill = (select, options, first) => select.replaceChildren(...(first ? [new Option(first, "")] : []), ...options);
    fill(this.form.kind, lists.kinds.map((one) => new Option(one, one)), "请选择");
    fill(this.form.urgency, lists.urgencies.map((one) => new Option(one, one)));
    fill(this.form.town_code, lists.towns.map((one) => new Option(one.name, one.code)), "请选择");
    fill(this.form.category_code, lists.categories.filter((one) => !one.parent).map((parent) => {
      const group = make("optgroup", null, { label: parent.name });
      group.append(...lists.categories.filter((one) => one.parent === parent.code).map((one) => new Option(one.name, one.code)));
      return group;
    }), "请选择");
    this.lists = lists;
    this.#villages();
  }
  #villages() {
    const town = this.form.town_code.value;
    const fitting = this.lists.villages.filter((one) => !town || one.town === town);
    this.form.village_id.replaceChildren(new Option("请选择", ""), ...fitting.map((one) => new Option(one.name, one.id)));
  }
  async open(id) { await this.prepare(); this.show(await get(`/api/tickets/${id}`)); }
  close() {
    clearTimeout(this.timer);
    this.ticket = null;
    this.dirty = false;
    this.form.hidden = true;
    this.clash.clear();
    byId("no-ticket").hidden = false;
    byId("said").hidden = true;
    for (const id of ["ticket-number", "ticket-status", "ticket-saved", "ticket-problem"]) byId(id).textContent = "";
  }
  show(ticket) {
    if (this.dirty) byId("ticket-saved").textContent = "";
    this.ticket = ticket;
    this.dirty = false;
    this.form.hidden = false;
    this.clash.clear();
    byId("no-ticket").hidden = true;
    byId("ticket-number").textContent = grouped(ticket.number);
    byId("ticket-status").textContent = ticket.status_label;
    byId("ticket-problem").textContent = "";
    byId("ticket-dial").hidden = !ticket.may_call;
    this.#write(ticket);
    for (const field of this.form.elements) if (field.name) field.disabled = !(ticket.editable || (field.name === "answer" && answerable(ticket)));
    for (const [id, open] of Object.entries(BUTTONS)) byId(id).disabled = !open(ticket);
    this.onshow?.(ticket);
  }
  // Whether somebody is at work in the form: it must not vanish under their hands
  get busy() { return Boolean(this.ticket) && (this.dirty || this.clash.open.size > 0 || (this.form.contains(document.activeElement) && this.ticket.editable)); }
  // The server has a newer version: take what only they changed, ask about what both changed
  take(fresh) {
    if (!this.ticket || fresh.id !== this.ticket.id || fresh.version <= this.ticket.version) return;
    if (fresh.status !== this.ticket.status || !(fresh.editable || answerable(fresh))) return this.show(fresh);
    const { taken, clashes } = merge(this.ticket, this.values(), fresh);
    this.ticket = fresh;
    byId("ticket-dial").hidden = !fresh.may_call;
    this.#write(taken);
    if (clashes.length) this.clash.show(clashes);
  }
  #write(fields) {
    if ("town_code" in fields && this.form.town_code.value !== String(fields.town_code ?? "")) {
      this.form.town_code.value = fields.town_code ?? "";
      this.#villages();
    }
    for (const field of this.form.elements) {
      if (!field.name || !(field.name in fields)) continue;
      if (field.type === "checkbox") field.checked = Boolean(fields[field.name]); else field.value = fields[field.name] ?? "";
    }
  }
  values() {
    const values = { version: this.ticket.version };
    for (const field of this.form.elements) {
      if (field.name) values[field.name] = field.type === "checkbox" ? field.checked : field.value;
    }
    return values;
  }
  // What the machine heard, into fields that the operator has left alone
  fill(fields) { if (!this.ticket?.editable) return; this.#write(fields); this.#touched(); }
  #touched() {
    this.dirty = true;
    byId("ticket-saved").textContent = "未保存";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.clash.open.size === 0 && this.save(), AUTOSAVE_MS);
  }
  #decide(name, value) {
    this.#write({ [name]: value });
    this.#touched();
  }
  // One save after another; a failed one must not bar the next
  save() { this.saving = this.saving.catch(() => {}).then(() => this.#save()); return this.saving; }
  async #save() {
    if (!this.ticket || !this.dirty) return true;
    if (!this.ticket.editable) return false; // an answer under way: kept in sight until it is sent
    const id = this.ticket.id;
    this.dirty = false;
    byId("ticket-saved").textContent = "正在保存…";
    const sent = this.values();
    const kept = await this.#try(async () => {
      const saved = await put(`/api/tickets/${id}`, sent);
      if (this.ticket?.id !== id) return;
      this.ticket = { ...saved, ...sent, version: saved.version };
      byId("ticket-problem").textContent = "";
    });
    if (this.ticket?.id !== id) return kept;
    // What did not arrive is still unsaved, else "saved" would be said of words that nobody has
    if (!kept) this.dirty = true;
    // The network will be back: no word waits for the next key press
    if (this.unreachable) this.timer = setTimeout(() => this.save(), TRY_AGAIN_MS);
    byId("ticket-saved").textContent = this.dirty ? "未保存" : "已保存";
    return kept;
  }
  async saveAndSay() {
    if (!this.ticket) return;
    this.clash.clear();
    if (!(await this.save())) return;
    byId("said").hidden = false;
    byId("said").textContent = grouped(this.ticket.number);
  }
  async #step(verb, more) {
    if (!this.ticket || (this.ticket.editable && !(await this.save()))) return;
    await this.#try(async () => this.show(await post(`/api/tickets/${this.ticket.id}/${verb}`, { ...this.values(), ...more })));
  }
  // Into another file of the same matter: this one keeps its caller and can be written in no more
  async join(into) {
    if (!this.ticket || !(await this.save())) return;
    await this.#try(async () => this.show(await post(`/api/tickets/${this.ticket.id}/join`, { into, version: this.ticket.version })));
  }
  #send(to) { return this.#step("submit", { to }); }
  #askVoid() { byId("void-reason").value = ""; byId("void-dialog").showModal(); }
  #void(reason) { return reason ? this.#step("void", { reason }) : undefined; }
  async #try(act) {
    for (const field of this.form.querySelectorAll(".wrong")) field.classList.remove("wrong");
    this.unreachable = false;
    try { await act(); return true; } catch (error) {
      this.unreachable = error.code === "unreachable";
      byId("ticket-problem").textContent = error.message;
      const field = error.field && this.form.elements[error.field];
      if (field) { field.classList.add("wrong"); field.focus(); }
      if (error.code === "stale-ticket" && this.ticket) await this.#again();
      return false;
    }
  }
  async #again() {
    const fresh = await get(`/api/tickets/${this.ticket.id}`).catch(() => null);
    if (!fresh) return;
    this.take(fresh);
    if (this.clash.open.size === 0) {
      byId("ticket-problem").textContent = this.ticket.editable ? "对方改了别的内容，已经合并；您的文字会自动保存" : "对方改了别的内容，已经合并；请再按一次";
      this.#touched();
    }
  }
}
