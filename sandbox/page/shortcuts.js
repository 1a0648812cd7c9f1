/** The menu of a message: the app's shortcuts, at the message that one points at, touches or comes to by keyboard. */

import { byId, h } from "./dom.js";

const ASKABLE = "article.message:not(.ephemeral)";
const INSET_PIXELS = 4;

export class MessageMenu {
  /** `shortcuts()` lists the app's own, `use(callbackId, ts)` asks for one of a message. */
  constructor({ shortcuts, use }) {
    Object.assign(this, { shortcuts, use, message: null });
    this.opener = byId("message-menu");
    this.messages = byId("messages");
    this.menu = h("div", { class: "menu", role: "menu", popover: "auto" });
    this.opener.after(this.menu);
    this.opener.addEventListener("click", () => this.#open());
    this.messages.addEventListener("pointerover", ({ target }) => this.#point(target.closest(ASKABLE)));
    this.messages.addEventListener("focusin", ({ target }) => this.#point(target.closest(ASKABLE) ?? this.message ?? this.#last()));
    this.messages.addEventListener("scroll", () => this.#point(null));
    byId("stage").addEventListener("pointerleave", ({ pointerType }) => { if (pointerType === "mouse") this.#point(null); });
  }

  #point(message) {
    if (this.menu.matches(":popover-open")) return;
    this.message = message;
    this.opener.hidden = !message || !this.shortcuts().length;
    if (!message) return;
    const lowest = this.messages.clientHeight - this.opener.offsetHeight - 2 * INSET_PIXELS;
    const top = Math.min(Math.max(message.offsetTop - this.messages.scrollTop, 0), lowest);
    this.opener.style.top = `${top + INSET_PIXELS}px`;
  }

  #last() {
    return [...this.messages.querySelectorAll(ASKABLE)].at(-1) ?? null;
  }

  #open() {
    const { ts } = this.message.dataset;
    this.menu.replaceChildren(...this.shortcuts().map(({ name, callback_id: callbackId }) =>
      h("button", { type: "button", role: "menuitem", onclick: () => { this.menu.hidePopover(); this.use(callbackId, ts); } }, name)));
    const { bottom, right } = this.opener.getBoundingClientRect();
    Object.assign(this.menu.style, { top: `${bottom + INSET_PIXELS}px`, left: "auto", right: `${window.innerWidth - right}px` });
    this.menu.showPopover();
  }
}
