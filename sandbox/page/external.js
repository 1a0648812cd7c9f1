/** external_select: a box to type into, and what the bot suggests for it. */

import { sentence } from "./api.js";
import { h } from "./dom.js";

const PAUSE_MS = 150;

/** A combobox whose suggestions come from the bot while one types. */
export function externalSelect(control) {
  const { spec, held, naming } = control;
  const listId = `suggestions-${crypto.randomUUID()}`;
  const list = h("ul", { id: listId, class: "suggestions", role: "listbox", "aria-label": `Suggestions for ${control.label}`, hidden: true });
  const least = spec.min_query_length ?? 3;
  let timer;
  let asked = 0;

  const show = (nodes) => {
    list.replaceChildren(...nodes);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const hide = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const said = (sentence) => h("li", { class: "said" }, sentence);
  const choose = (option) => {
    input.value = option.text.text;
    hide();
    control.enter(node, { selected_option: option });
  };
  const offered = (option) => h("li", { role: "option", id: crypto.randomUUID(), onmousedown: (event) => { event.preventDefault(); choose(option); } }, option.text.text);
  const search = async () => {
    const query = input.value.trim();
    if (query.length < least) return show([said(`Type at least ${least} character${least === 1 ? "" : "s"}.`)]);
    const mine = ++asked;
    const answer = await control.surface.suggest(control.blockId, spec.action_id, query);
    if (mine !== asked) return null;
    if (answer.error) return show([said(sentence(answer.error))]);
    const groups = answer.option_groups ?? [{ options: answer.options ?? [] }];
    const nodes = groups.flatMap(({ label, options }) => [label && h("li", { class: "group" }, label.text), ...options.map(offered)]).filter(Boolean);
    return show(nodes.length ? nodes : [said("Nothing matches.")]);
  };
  const move = (by) => {
    const options = [...list.querySelectorAll("[role=option]")];
    const at = options.findIndex((option) => option.classList.contains("active"));
    const next = options[(at + by + options.length) % options.length];
    for (const option of options) option.classList.toggle("active", option === next);
    next?.scrollIntoView({ block: "nearest" });
    if (next) input.setAttribute("aria-activedescendant", next.id);
  };
  const keys = {
    ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: hide,
    Enter: () => list.querySelector(".active")?.dispatchEvent(new MouseEvent("mousedown")),
  };
  const input = h("input", {
    ...naming, type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": listId, "aria-autocomplete": "list", autocomplete: "off",
    placeholder: spec.placeholder?.text ?? "Search…",
    onclick: search, onblur: hide,
    oninput: () => {
      control.surface.form.set(control.blockId, spec, { selected_option: null });
      clearTimeout(timer);
      timer = setTimeout(search, PAUSE_MS);
    },
    onkeydown: (event) => {
      if (list.hidden && event.key === "ArrowDown") search();
      if (list.hidden || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    },
  });
  input.value = (held.selected_option ?? spec.initial_option)?.text.text ?? "";
  const node = h("div", { class: "combobox" }, input, list);
  return node;
}
