// Lines by speaker in the order of speech: guesses grey, settled black. Follows only a reader who is at the end.
import { clock, make } from "./api.js";

const NAMES = { caller: "来电", seat: "坐席", leader: "班长" };
const AT_END_PX = 40;
const OVERLAP_S = 0.05;
// A party of a conference has a voice of its own, and is shown by role and name
const voiceOf = (line) => (line.leg_id ? `leg-${line.leg_id}` : line.speaker);
const nameOf = (line) => (line.leg_id ? (line.who ?? line.speaker_label) : NAMES[line.speaker]);

export class TranscriptView {
  constructor(place, onJump) {
    this.place = place;
    this.onJump = onJump;
    this.more = make("button", "↓ 有新的话", { class: "btn btn-sm more-words", type: "button", hidden: "" });
    this.more.onclick = () => this.#toEnd();
    place.after(this.more);
    this.notice = make("p", "", { class: "words-deaf", role: "alert", hidden: "", "data-testid": "words-deaf" });
    place.before(this.notice);
    place.addEventListener("scroll", () => { if (this.#atEnd()) this.more.hidden = true; });
    this.clear();
  }
  clear(words = "通话中，双方的话会在这里逐行出现") {
    this.place.replaceChildren(make("div", words, { class: "quiet" }));
    this.guesses = {};
    this.lines = [];
    this.settledUntil = {};
    this.more.hidden = true;
    this.deaf(null);
  }
  // Nobody writes this call down: said above the words, until words come again
  deaf(why) {
    this.notice.hidden = !why;
    this.notice.textContent = why ? `实时转写中断：${why}。录音照常进行，通话结束后补写文字，请先手工记录` : "";
  }
  show(lines) {
    this.clear("还没有文字");
    for (const line of lines) this.settle(line);
  }
  settle(line) {
    if (line.id && this.lines.some((one) => one.id === line.id)) return;
    if (!line.leg_id) this.deaf(null);
    this.#change(() => {
      const voice = voiceOf(line);
      this.settledUntil[voice] = Math.max(this.settledUntil[voice] ?? 0, line.end_s);
      this.#dropGuess(voice);
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
  guess(line) {
    const voice = voiceOf(line);
    // A guess about what is settled already came late
    if ((line.start_s ?? Infinity) < (this.settledUntil[voice] ?? 0) - OVERLAP_S) return;
    if (!line.text) return this.#dropGuess(voice);
    if (!line.leg_id) this.deaf(null);
    this.#change(() => {
      const row = (this.guesses[voice] ??= make("div", null, { class: "line guess", "aria-hidden": "true", "data-testid": "guess", "data-speaker": line.speaker, "data-voice": voice }));
      row.replaceChildren(make("time", "…"), make("span", nameOf(line), { class: "who" }), make("span", line.text));
      this.place.append(row);
    });
  }
  // The talk is over: what was only guessed will never settle
  dropGuesses() { for (const voice of Object.keys(this.guesses)) this.#dropGuess(voice); }
  // `attempt` names the recording of a party that plays; without it the call's own does
  follow(second, attempt = null) {
    for (const line of this.lines) line.row.classList.toggle("here", (line.attempt_id ?? null) === attempt && second >= line.start_s - 0.2 && second <= line.end_s + 0.3);
  }
  #row(line) {
    const row = make("div", null, { class: "line", "data-testid": "line", "data-speaker": line.speaker, "data-voice": voiceOf(line), "data-line": line.id ?? "" });
    row.append(make("time", clock(line.start_s)), make("span", nameOf(line), { class: "who" }), make("span", line.text));
    if (!this.onJump) return row;
    row.classList.add("jump");
    row.tabIndex = 0;
    row.setAttribute("role", "button");
    row.setAttribute("aria-label", `从 ${clock(line.start_s)} 播放：${nameOf(line)} ${line.text}`);
    row.onclick = () => this.onJump(line);
    row.onkeydown = (event) => { if (event.key === "Enter") this.onJump(line); };
    return row;
  }
  #firstGuess() { return this.place.querySelector(".guess"); }
  #dropGuess(voice) { this.guesses[voice]?.remove(); delete this.guesses[voice]; }
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
