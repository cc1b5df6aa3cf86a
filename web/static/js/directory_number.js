// One number: seen with a reason, rung to verify it, or an outcome written down by hand.
import { ask, byId, grouped, moment, post } from "./api.js";

export class NumberDialog {
  constructor(edits, changed) {
    this.changed = changed;
    this.dialog = byId("number");
    byId("number-test").hidden = !edits;
    byId("number-close").onclick = () => this.dialog.close();
    byId("reveal-form").addEventListener("submit", (event) => { event.preventDefault(); this.#reveal(event.target); });
    byId("outcome-form").addEventListener("submit", (event) => { event.preventDefault(); this.#outcome(event.target); });
    byId("number-ring").onclick = () => this.#ring();
  }
  open(number, owner) {
    this.number = number;
    byId("number-title").textContent = `${owner} · ${number.kind}`;
    byId("number-full").textContent = number.masked;
    byId("number-problem").textContent = "";
    for (const id of ["reveal-form", "outcome-form"]) byId(id).reset();
    this.#facts();
    this.dialog.showModal();
  }
  #facts() {
    const { verified_at: verified, tested_at: tested, outcome } = this.number;
    byId("number-facts").textContent = [verified ? `✓ ${moment(verified)} 核实` : "○ 未拨测", tested ? `最近拨测 ${moment(tested)}：${outcome ?? "进行中"}` : ""].filter(Boolean).join("；");
  }
  #reveal(form) {
    return this.#try(async () => {
      const { number } = await post(`/api/v1/directory/numbers/${this.number.id}/reveal`, { reason: form.reason.value });
      byId("number-full").textContent = grouped(number);
    });
  }
  #outcome(form) {
    return this.#try(async () => this.#tested(await post(`/api/v1/directory/numbers/${this.number.id}/outcome`, { outcome: form.outcome.value, note: form.note.value })));
  }
  async #ring() {
    const button = byId("number-ring");
    const words = button.textContent;
    button.disabled = true;
    button.textContent = "正在拨测，请等对方接听并按 1（最长 1 分钟）…";
    // Longer than other requests: somebody has to walk to the telephone
    await this.#try(async () => this.#tested(await ask("POST", `/api/v1/directory/numbers/${this.number.id}/test`, {}, 100_000)));
    button.disabled = false;
    button.textContent = words;
  }
  async #tested(number) {
    this.number = number;
    this.#facts();
    await this.changed();
  }
  async #try(act) {
    byId("number-problem").textContent = "";
    try { await act(); } catch (error) { byId("number-problem").textContent = error.message; }
  }
}
