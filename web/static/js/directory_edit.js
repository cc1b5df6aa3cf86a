// The dialog that adds, changes and deletes one row; a refusal is shown at its field.
import { ask, byId, get, make, post, put } from "./api.js";
import { formValue } from "./directory_kinds.js";

export class EditDialog {
  constructor(lists, changed) {
    this.lists = lists;
    this.changed = changed;
    this.dialog = byId("edit");
    this.form = byId("edit-form");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#save(); });
    this.form.addEventListener("input", () => { this.dirty = true; });
    byId("edit-cancel").onclick = () => this.#leave();
    byId("edit-delete").onclick = () => this.#delete();
    // Esc never throws typed words away without asking
    this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); this.#leave(); });
  }
  async open(kind, id) {
    this.kind = kind;
    this.id = id;
    const row = id ? await get(`/api/v1/directory/${kind.kind}/${id}`) : {};
    byId("edit-title").textContent = id ? `修改${kind.title}` : `新增${kind.title}`;
    byId("edit-problem").textContent = "";
    byId("edit-delete").hidden = !id;
    byId("edit-fields").replaceChildren(...kind.fields.map((field) => this.#field(field, row)));
    this.dirty = false;
    this.dialog.showModal();
    this.form.elements[kind.fields[0].name].focus();
  }
  #field(field, row) {
    const label = make("label", field.label, field.whole ? { class: "whole" } : {});
    if (field.type === "checkbox") {
      const box = make("input", null, { type: "checkbox", name: field.name, class: "ms-2" });
      box.checked = this.id ? Boolean(row[field.name]) : field.on;
      label.append(box);
      return label;
    }
    label.append(field.options || field.from ? this.#select(field, row) : this.#input(field, row));
    return label;
  }
  #input(field, row) {
    const input = make("input", null, { class: "form-control", name: field.name, maxlength: field.maxlength ?? (field.phone ? 24 : 200), ...(field.phone && { inputmode: "tel" }), ...(field.placeholder && { placeholder: field.placeholder }) });
    input.required = Boolean(field.required);
    input.value = formValue(field, row);
    return input;
  }
  #select(field, row) {
    const select = make("select", null, { class: "form-select", name: field.name });
    const options = field.options ? field.options.map((one) => [one, one]) : this.lists.options(field.from);
    if (!field.options && !field.need) select.append(new Option("（无）", ""));
    select.append(...options.map(([value, name]) => new Option(name, value)));
    if (!this.id) return select;
    const own = row[field.name] ?? "";
    // A unit out of use is offered to nobody, but whoever has it keeps it: else saving anything would take it away
    if (own && !options.some(([value]) => value === own)) select.append(new Option(this.lists.unitName[own] ? `${this.lists.unitName[own]}（${own}，停用）` : own, own));
    select.value = own;
    return select;
  }
  #values() {
    return Object.fromEntries(this.kind.fields.map((field) => {
      const input = this.form.elements[field.name];
      return [field.name, field.type === "checkbox" ? input.checked : input.value];
    }));
  }
  async #save() {
    await this.#try(() => (this.id ? put(`/api/v1/directory/${this.kind.kind}/${this.id}`, this.#values()) : post(`/api/v1/directory/${this.kind.kind}`, this.#values())));
  }
  async #delete() {
    if (confirm(`删除这条${this.kind.title}记录？删除后不再呼叫其号码，不能恢复。`)) await this.#try(() => ask("DELETE", `/api/v1/directory/${this.kind.kind}/${this.id}`));
  }
  #leave() { if (!this.dirty || confirm("刚才填写的内容还没有保存，要放弃吗？")) this.dialog.close(); }
  async #try(act) {
    for (const field of this.form.querySelectorAll(".wrong")) field.classList.remove("wrong");
    byId("edit-save").disabled = true;
    try {
      await act();
      this.dialog.close();
      await this.changed();
    } catch (error) {
      byId("edit-problem").textContent = error.message;
      const field = error.field && this.form.elements[error.field];
      if (field) { field.classList.add("wrong"); field.focus(); }
    } finally { byId("edit-save").disabled = false; }
  }
}
