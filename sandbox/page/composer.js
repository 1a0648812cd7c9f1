/** The box one types into: messages and commands, with what was sent before on the arrow keys. */

import { byId } from "./dom.js";

export class Composer {
  /** `send(text)` resolves to an error's text, or nothing when it was sent. */
  constructor(send) {
    Object.assign(this, { send, history: [], at: 0, box: byId("compose"), notice: byId("notice") });
    byId("composer").addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    this.box.addEventListener("input", () => this.#fit());
    this.box.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Say where a message goes, and what else can be typed. */
  describe(place, command) {
    this.box.placeholder = `Message ${place}, or ${command} for the bot`;
    byId("compose-hint").textContent = `Enter sends, Shift+Enter starts a new line, ↑ brings back what you sent. Try ${command} help`;
    this.complain("");
  }

  /** Put a text into the box, ready to be sent. */
  propose(text) {
    this.box.value = text;
    this.#fit();
    this.box.focus();
  }

  complain(sentence) {
    this.notice.textContent = sentence;
    this.notice.hidden = !sentence;
  }

  async #submit() {
    const text = this.box.value.trim();
    if (!text) return;
    this.propose("");
    this.history.push(text);
    this.at = this.history.length;
    this.complain("");
    const error = await this.send(text);
    if (error) this.complain(error);
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && this.box.selectionEnd === 0 || event.key === "ArrowUp" && this.#recalled()) {
      this.#recall(event, -1);
    } else if (event.key === "ArrowDown" && this.#recalled()) {
      this.#recall(event, 1);
    }
  }

  #recalled() {
    return this.at < this.history.length && this.box.value === this.history[this.at];
  }

  #recall(event, by) {
    const at = Math.min(Math.max(this.at + by, 0), this.history.length);
    if (at === this.at && by < 0 && !this.#recalled()) return;
    event.preventDefault();
    this.at = at;
    this.propose(this.history[at] ?? "");
  }

  #fit() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 160)}px`;
  }
}
