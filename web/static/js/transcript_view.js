// Lines by speaker in the order of speech: guesses grey, settled black. Follows only a reader who is at the end.
import { clock, make } from "./api.js";

const NAMES = { caller: "来电", seat: "坐席" };
const AT_END_PX = 40;
const OVERLAP_S = 0.05;

export class TranscriptView {
  constructor(place, onJump) {
    this.place = place;
    this.onJump = onJump;
    this.more = make("button", "↓ 有新的话", { class: "btn btn-sm more-words", type: "button", hidden: "" });
    this.more.onclick = () => this.#toEnd();
    place.after(this.more);
    place.addEventListener("scroll", () => { if (this.#atEnd()) this.more.hidden = true; });
    this.clear();
  }
  clear(words = "通话开始后，双方的话会逐行出现") {
    this.place.replaceChildren(make("div", words, { class: "quiet" }));
    this.guesses = {};
    this.lines = [];
    this.settledUntil = {};
    this.more.hidden = true;
  }
  show(lines) {
    this.clear("还没有文字");
    for (const line of lines) this.settle(line);
  }
  settle(line) {
    if (line.id && this.lines.some((one) => one.id === line.id)) return;
    this.#change(() => {
      this.settledUntil[line.speaker] = Math.max(this.settledUntil[line.speaker] ?? 0, line.end_s);
      this.#dropGuess(line.speaker);
      const row = this.#row(line);
      const at = this.lines.findIndex((one) => one.start_s > line.start_s);
      if (at < 0) {
        this.place.insertBefore(row, this.#firstGuess());
        this.lines.push({ ...line, row });
      } else {
        this.place.insertBefore(row, this.lines[at].row);
        this.lines.splice(at, 0, { ...line, row });
      }
    });
  }
  guess(speaker, text, start_s = Infinity) {
    // A guess about what is settled already came late
    if (start_s < (this.settledUntil[speaker] ?? 0) - OVERLAP_S) return;
    if (!text) return this.#dropGuess(speaker);
    this.#change(() => {
      const row = (this.guesses[speaker] ??= make("div", null, { class: "line guess", "aria-hidden": "true", "data-testid": "guess", "data-speaker": speaker }));
      row.replaceChildren(make("time", "…"), make("span", NAMES[speaker], { class: "who" }), make("span", text));
      this.place.append(row);
    });
  }
  // The talk is over: what was only guessed will never settle
  dropGuesses() { for (const speaker of Object.keys(this.guesses)) this.#dropGuess(speaker); }
  follow(second) {
    for (const line of this.lines) line.row.classList.toggle("here", second >= line.start_s - 0.2 && second <= line.end_s + 0.3);
  }
  #row(line) {
    const row = make("div", null, { class: "line", "data-testid": "line", "data-speaker": line.speaker, "data-line": line.id ?? "" });
    row.append(make("time", clock(line.start_s)), make("span", NAMES[line.speaker], { class: "who" }), make("span", line.text));
    if (!this.onJump) return row;
    row.classList.add("jump");
    row.tabIndex = 0;
    row.setAttribute("role", "button");
    row.setAttribute("aria-label", `从 ${clock(line.start_s)} 播放：${NAMES[line.speaker]} ${line.text}`);
    row.onclick = () => this.onJump(line.start_s);
    row.onkeydown = (event) => { if (event.key === "Enter") this.onJump(line.start_s); };
    return row;
  }
  #firstGuess() { return this.place.querySelector(".guess"); }
  #dropGuess(speaker) { this.guesses[speaker]?.remove(); delete this.guesses[speaker]; }
  #atEnd() { return this.place.scrollHeight - this.place.scrollTop - this.place.clientHeight < AT_END_PX; }
  #toEnd() { this.place.scrollTop = this.place.scrollHeight; this.more.hidden = true; }
  #change(act) {
    this.place.querySelector(".quiet")?.remove();
    const following = this.#atEnd();
    act();
    if (this.onJump) return;
    if (following) this.#toEnd(); else this.more.hidden = false;
  }
}
