/** Modals and the Home tab: the views that the app has open for one person. */

import { drawBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { keepingFocus } from "./focus.js";
import { Form } from "./form.js";
import { plain } from "./mrkdwn.js";

export class Modals {
  /** `connect(view, form)` gives { act, suggest } of a view; `submit` and `close` tell the bot. */
  constructor({ connect, submit, close }) {
    Object.assign(this, { connect, submit, close, open: new Map(), dialog: null, drawn: "" });
  }

  /** Show the top one of the stack. */
  show(stack, names) {
    this.open = new Map(stack.map((view) => [view.id, Object.assign(this.open.get(view.id) ?? { errors: {}, form: new Form(view.state?.values) }, { view })]));
    this.top = this.open.get(stack.at(-1)?.id);
    if (!this.top) return this.#dismiss();
    const signature = JSON.stringify([this.top.view, stack.length]);
    if (signature === this.drawn) return null;
    const isNew = this.shownId !== this.top.view.id;
    this.names = names;
    this.drawn = signature;
    this.shownId = this.top.view.id;
    this.#frame();
    this.#draw();
    if (isNew) firstField(this.dialog)?.focus();
    return null;
  }

  #dismiss() {
    this.dialog?.remove();
    Object.assign(this, { dialog: null, drawn: "", shownId: null });
  }

  #frame() {
    if (this.dialog) return;
    this.dialog = h("dialog", { class: "modal" });
    this.dialog.addEventListener("cancel", (event) => {
      if (event.target !== this.dialog) return;
      event.preventDefault();
      this.#cancel();
    });
    document.body.append(this.dialog);
    this.dialog.showModal();
  }

  #draw() {
    const { view, form, errors } = this.top;
    form.keepOnly(view.blocks);
    const surface = { names: this.names, form, errors, ...this.connect(view, form, (sentence) => this.#complain(sentence)), redraw: () => this.#draw() };
    keepingFocus(this.dialog, () => {
      this.dialog.setAttribute("aria-label", view.title.text);
      this.dialog.replaceChildren(h("form", { method: "dialog", novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#send(); } },
        h("header", {}, h("h2", {}, plain(view.title.text)), h("button", { type: "button", class: "icon", "aria-label": "Dismiss this form", onclick: () => this.#cancel() }, "✕")),
        h("div", { class: "modal-body" }, drawBlocks(view.blocks, surface)),
        h("p", { class: "error complaint", role: "alert", hidden: true }),
        h("footer", { class: "row end" },
          h("button", { type: "button", onclick: () => this.#cancel() }, plain(view.close?.text ?? (view.submit ? "Cancel" : "Close"))),
          view.submit && h("button", { type: "submit", class: "primary" }, plain(view.submit.text)))));
    });
  }

  #complain(sentence) {
    const line = this.dialog?.querySelector(".complaint");
    if (!line) return;
    line.textContent = sentence;
    line.hidden = !sentence;
  }

  async #send() {
    const entry = this.top;
    if (!entry.view.submit) return;
    await this.#busy(async () => {
      const answer = await this.submit(entry.view, entry.form.values);
      if (this.top !== entry) return;
      entry.errors = answer.errors ?? {};
      if (answer.errors) this.#showErrors();
      else if (answer.error) this.#complain(answer.error);
    });
  }

  #showErrors() {
    this.#draw();
    this.dialog.querySelector("[aria-invalid=true]")?.focus();
  }

  #cancel() {
    const { view } = this.top;
    return this.#busy(() => this.close(view));
  }

  async #busy(work) {
    const buttons = [...this.dialog.querySelectorAll("header button, footer button")];
    for (const button of buttons) button.disabled = true;
    await work();
    for (const button of buttons) button.disabled = false;
  }
}

export class Home {
  constructor(container, connect) {
    Object.assign(this, { container, connect, form: new Form(), drawn: "" });
  }

  /** Show the Home tab's view, or say that the app has not published one. */
  show(view, user, names) {
    const signature = JSON.stringify([user, view]);
    if (signature === this.drawn && this.names === names) return;
    Object.assign(this, { drawn: signature, names, view });
    this.form.keepOnly(view?.blocks ?? []);
    this.#draw();
  }

  #draw() {
    if (!this.view) {
      this.container.replaceChildren(h("div", { class: "empty" }, h("p", {}, "The app shows nothing here yet.")));
      return;
    }
    const surface = { names: this.names, form: this.form, ...this.connect(this.view, this.form), redraw: () => this.#draw() };
    keepingFocus(this.container, () => this.container.replaceChildren(h("div", { class: "home-body" }, drawBlocks(this.view.blocks, surface))));
  }
}

const firstField = (dialog) => dialog.querySelector("[autofocus], .modal-body input, .modal-body select, .modal-body textarea")
  ?? dialog.querySelector("footer button:last-child");
