// Lines by speaker: guesses grey, settled black; newest in view.
import { clock, make } from "./api.js";
const NAMES = { caller: "来电", seat: "坐席" };
export class TranscriptView {
  constructor(place, onJump) { this.place = place; this.onJump = onJump; this.guesses = {}; this.lines = []; this.clear(); }
  clear(words = "通话开始后，双方的话会逐行出现") { this.place.replaceChildren(make("div", words, { class: "quiet" })); this.guesses = {}; this.lines = []; }
  #drop() { this.place.querySelector(".quiet")?.remove(); }
  settle(line) {
    this.#drop();
    this.guesses[line.speaker]?.remove();
    delete this.guesses[line.speaker];
    if (line.id && this.lines.some((one) => one.id === line.id)) return;
    const row = make("div", null, { class: "line", "data-testid": "line", "data-speaker": line.speaker });
    row.append(make("time", clock(line.start_s)), make("span", NAMES[line.speaker], { class: "who" }), make("span", line.text));
    if (this.onJump) { row.classList.add("jump"); row.tabIndex = 0; row.onclick = () => this.onJump(line.start_s); row.onkeydown = (event) => { if (event.key === "Enter") this.onJump(line.start_s); }; }
    this.lines.push({ ...line, row });
    this.place.append(row);
    if (!this.onJump) row.scrollIntoView({ block: "end" });
  }
  guess(speaker, text) {
    this.#drop();
    const row = (this.guesses[speaker] ??= make("div", null, { class: "line guess", "data-testid": "guess", "data-speaker": speaker }));
    row.replaceChildren(make("time", "…"), make("span", NAMES[speaker], { class: "who" }), make("span", text));
    this.place.append(row);
  }
  show(lines) { this.clear(); for (const line of lines) this.settle(line); }
  follow(second) { for (const line of this.lines) line.row.classList.toggle("here", second >= line.start_s - 0.2 && second <= line.end_s + 0.3); }
}
