/** The list of places one can be at, and the switch of whom one acts as. */

import { byId, h } from "./dom.js";
import { paint } from "./faces.js";
import { icon } from "./icons.js";

export const HOME = "home";

const KINDS = { member: "member", guest: "guest", deactivated: "deactivated", stranger: "external" };

export class Sidebar {
  /** `go(place)` and `become(userId)` are called when someone chooses. */
  constructor({ go, become }) {
    Object.assign(this, { go, actor: byId("actor") });
    this.actor.addEventListener("change", () => become(this.actor.value));
    document.querySelector(".open-drawer").addEventListener("click", () => this.open(true));
    document.querySelector(".close-drawer").addEventListener("click", () => this.open(false));
    byId("scrim").addEventListener("click", () => this.open(false));
    document.addEventListener("keydown", ({ key }) => { if (key === "Escape") this.open(false); });
  }

  /** On a narrow screen the list lies over the messages. */
  open(wanted) {
    document.body.classList.toggle("drawer-open", wanted);
    byId("scrim").hidden = !wanted;
  }

  show({ team, people, channels, user, place, unread }) {
    byId("team-name").textContent = team.name;
    this.actor.replaceChildren(...people.map((one) => h("option", { value: one.id, selected: one.id === user }, one.kind === "member" ? one.real_name : `${one.real_name} (${KINDS[one.kind] ?? one.kind})`)));
    const actor = people.find((one) => one.id === user) ?? {};
    paint(byId("actor-face"), actor);
    byId("actor-kind").textContent = KINDS[actor.kind] ?? "";
    const entry = (id, sign, label, note) => h("button", {
      type: "button", class: "place", "aria-current": id === place ? "page" : null, "aria-label": [label, note, unread.get(id) && `${unread.get(id)} new`].filter(Boolean).join(", "),
      dataset: { place: id }, onclick: () => { this.open(false); this.go(id); },
    }, h("span", { class: "sign", "aria-hidden": "true" }, sign), h("span", { class: "label" }, label), unread.get(id) ? h("span", { class: "dot" }, unread.get(id)) : null);
    const group = (title, entries) => entries.length ? h("section", { "aria-label": title }, h("h2", {}, title), entries) : null;
    const named = (wanted) => channels.filter(wanted);
    byId("places").replaceChildren(...[
      group("App", [entry(HOME, icon("home"), "Home", "")]),
      group("Channels", named((one) => !one.is_im).map((one) => entry(one.id, one.is_private ? icon("lock") : "#", one.name, note(one)))),
      group("Direct messages", named((one) => one.is_im).map((one) => entry(one.id, icon("mail"), one.name || "Quaymaster", ""))),
    ].filter(Boolean));
  }
}

/** What is special about a channel. */
export const note = ({ is_private: isPrivate, is_ext_shared: shared }) => [isPrivate && "private", shared && "shared with another company"].filter(Boolean).join(", ");
