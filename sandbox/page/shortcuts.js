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
    this.messages.addEventListener("focusin", ({ target }) => this.#focused(target));
    this.messages.addEventListener("scroll", () => this.#point(this.message));
    byId("stage").addEventListener("pointerleave", ({ pointerType }) => { if (pointerType === "mouse") this.#point(null); });
  }

  #point(message) {
    if (this.menu.matches(":popover-open")) return;
    this.message = message;
    const top = message ? message.offsetTop - this.messages.scrollTop : 0;
    const inSight = message?.isConnected && top + message.offsetHeight > 0 && top < this.messages.clientHeight;
    this.opener.hidden = !inSight || !this.shortcuts().length;
    const lowest = this.messages.clientHeight - this.opener.offsetHeight - 2 * INSET_PIXELS;
    this.opener.style.top = `${Math.min(Math.max(top, 0), lowest) + INSET_PIXELS}px`;
  }

  /** Who comes by keyboard to the messages as a whole is at the last of them; a click there chooses none. */
  #focused(target) {
    if (target !== this.messages) this.#point(target.closest(ASKABLE));
    else if (target.matches(":focus-visible")) this.#point([...target.querySelectorAll(ASKABLE)].at(-1) ?? null);
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
