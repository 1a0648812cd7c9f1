/** The interactive elements of Block Kit. Each becomes a real control with an accessible name. */

import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { externalSelect } from "./external.js";
import { plain, text } from "./mrkdwn.js";

const INPUT_TYPES = {
  email_text_input: "email", url_text_input: "url", number_input: "text", datepicker: "date", timepicker: "time",
};

/** A control. `field` is given for an element of an input block: { id, label, dispatches }. */
export function element(spec, blockId, surface, field = null) {
  const draw = DRAWN[spec.type];
  if (!draw) return h("span", { class: "undrawn" }, `The sandbox's page does not draw ${spec.type}.`);
  const drawn = draw(new Control(spec, blockId, surface, field));
  drawn.dataset.actionId = spec.action_id ?? "";
  return drawn;
}

class Control {
  constructor(spec, blockId, surface, field) {
    Object.assign(this, { spec, blockId, surface, field });
  }

  get names() { return this.surface.names; }
  get held() { return this.surface.form.get(this.blockId, this.spec); }
  get label() { return this.spec.accessibility_label ?? this.field?.label ?? this.spec.placeholder?.text ?? this.spec.action_id; }

  /** Attributes that name the control: its input block's label, else its own words. */
  get naming() { return this.field ? { id: this.field.id, "aria-label": this.label, "aria-describedby": `${this.field.id}-error` } : { "aria-label": this.label }; }

  /** Note what was entered; tell the bot unless it waits for the form to be submitted. */
  async enter(node, entered) {
    const before = { ...this.held };
    if (this.spec.confirm && !(await ask(this.spec.confirm, this.names))) return this.surface.redraw();
    this.surface.form.set(this.blockId, this.spec, entered);
    if (this.field && !this.field.dispatches) return null;
    const sent = await this.send(node, entered);
    if (!sent) this.surface.form.set(this.blockId, this.spec, before);
    return null;
  }

  /** Send an action; the controls of its block are off until the answer has come. */
  async send(node, payload) {
    const controls = [...(node.closest("[data-block-id]") ?? node.parentElement).querySelectorAll("button, select, input")].filter((one) => !one.disabled);
    const focused = document.activeElement;
    node.setAttribute("aria-busy", "true");
    for (const one of controls) one.disabled = true;
    const sent = await this.surface.act(this.blockId, { type: this.spec.type, action_id: this.spec.action_id, ...payload });
    for (const one of controls) one.disabled = false;
    node.removeAttribute("aria-busy");
    if (focused?.isConnected && document.activeElement === document.body) focused.focus();
    return sent;
  }
}

function button(control) {
  const { spec } = control;
  const press = async () => {
    if (spec.confirm && !(await ask(spec.confirm, control.names))) return;
    if (spec.url) window.open(spec.url, "_blank", "noopener");
    await control.send(node, { value: spec.value, text: spec.text });
  };
  const node = h("button", { type: "button", class: spec.style, "aria-label": spec.accessibility_label, onclick: press }, plain(spec.text.text));
  return node;
}

function textInput(control) {
  const { spec, held, naming } = control;
  const shared = { ...naming, placeholder: spec.placeholder?.text, maxlength: spec.max_length,
    oninput: () => control.surface.form.set(control.blockId, spec, { value: node.value || null }) };
  const node = spec.multiline ? h("textarea", { rows: 4, ...shared })
    : h("input", { type: INPUT_TYPES[spec.type] ?? "text", inputmode: spec.type === "number_input" ? "decimal" : null, autocomplete: "off", ...shared });
  node.value = held.value ?? "";
  if (spec.focus_on_load) node.autofocus = true;
  if (control.field?.dispatches) node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !spec.multiline) control.send(node, { value: node.value });
  });
  return node;
}

const picker = (name) => (control) => {
  const { spec, held, naming } = control;
  const node = h("input", { type: INPUT_TYPES[spec.type], ...naming, onchange: () => control.enter(node, { [name]: node.value || null }) });
  node.value = held[name] ?? "";
  return node;
};

function dateTimePicker(control) {
  const node = h("input", { type: "datetime-local", ...control.naming, onchange: () =>
    control.enter(node, { selected_date_time: node.value ? Math.floor(new Date(node.value) / 1000) : null }) });
  const held = control.held.selected_date_time;
  if (held) node.value = new Date((held - new Date(held * 1000).getTimezoneOffset() * 60) * 1000).toISOString().slice(0, 16);
  return node;
}

/** A drop-down list. `options` are [{ key, label, value, group }]; `toValue` makes what is entered of those chosen. */
function dropDown(control, options, isChosen, toEntered, many = false) {
  const { spec, naming } = control;
  const choices = options.map(({ label, group }, index) => ({ group, node: h("option", { value: index, selected: isChosen(options[index].value) }, label) }));
  const groups = [...new Set(choices.map(({ group }) => group))];
  const node = h("select", { ...naming, multiple: many, onchange: () => {
    const chosen = [...node.selectedOptions].filter((option) => option.value !== "").map((option) => options[option.value].value);
    control.enter(node, toEntered(chosen));
  } },
  many ? null : h("option", { value: "" }, spec.placeholder?.text ?? "Choose…"),
  groups.map((group) => {
    const inside = choices.filter((choice) => choice.group === group).map((choice) => choice.node);
    return group ? h("optgroup", { label: group }, inside) : inside;
  }));
  return node;
}

function staticSelect(many) {
  return (control) => {
    const { spec, held } = control;
    const groups = spec.option_groups ?? [{ options: spec.options }];
    const options = groups.flatMap(({ label, options: inside }) => inside.map((option) => ({ label: option.text.text, value: option, group: label?.text })));
    const chosen = many ? held.selected_options : [held.selected_option].filter(Boolean);
    return dropDown(control, options, (option) => chosen.some(({ value }) => value === option.value),
      (found) => (many ? { selected_options: found } : { selected_option: found[0] ?? null }), many);
  };
}

function namedSelect(name, list, many = false) {
  return (control) => {
    const options = list(control.names).map((one) => ({ label: one.real_name ?? `#${one.name}`, value: one.id }));
    const chosen = [control.held[name]].flat();
    return dropDown(control, options, (id) => chosen.includes(id), (found) => ({ [name]: many ? found : found[0] ?? null }), many);
  };
}

function choices(kind) {
  return (control) => {
    const { spec, held } = control;
    const many = kind === "checkbox";
    const group = `choice-${crypto.randomUUID()}`;
    const chosen = many ? held.selected_options : [held.selected_option].filter(Boolean);
    const entered = () => spec.options.filter((_, index) => boxes[index].checked);
    const boxes = spec.options.map((option) => h("input", { type: kind, name: group, checked: chosen.some(({ value }) => value === option.value), onchange: () =>
      control.enter(node, many ? { selected_options: entered() } : { selected_option: entered()[0] ?? null }) }));
    const node = h("div", { class: "choices", role: many ? "group" : "radiogroup", ...control.naming }, spec.options.map((option, index) =>
      h("label", {}, boxes[index], h("span", {}, text(option.text, control.names), option.description && h("small", {}, text(option.description, control.names))))));
    return node;
  };
}

function overflow(control) {
  const { spec, names } = control;
  const menu = h("div", { class: "menu", role: "menu", popover: "auto" }, spec.options.map((option) =>
    h("button", { type: "button", role: "menuitem", onclick: async () => {
      menu.hidePopover();
      if (spec.confirm && !(await ask(spec.confirm, names))) return;
      if (option.url) window.open(option.url, "_blank", "noopener");
      await control.send(opener, { selected_option: option });
    } }, text(option.text, names))));
  const opener = h("button", { type: "button", class: "overflow", "aria-label": spec.accessibility_label ?? "More actions", "aria-haspopup": "menu", onclick: () => {
    const { bottom, right } = opener.getBoundingClientRect();
    Object.assign(menu.style, { top: `${bottom + 4}px`, left: "auto", right: `${Math.max(window.innerWidth - right, 8)}px` });
    menu.togglePopover();
  } }, "⋯");
  return h("span", {}, opener, menu);
}

const DRAWN = {
  button, overflow, plain_text_input: textInput, email_text_input: textInput, url_text_input: textInput, number_input: textInput,
  datepicker: picker("selected_date"), timepicker: picker("selected_time"), datetimepicker: dateTimePicker,
  static_select: staticSelect(false), multi_static_select: staticSelect(true), external_select: externalSelect,
  users_select: namedSelect("selected_user", (names) => names.people), multi_users_select: namedSelect("selected_users", (names) => names.people, true),
  channels_select: namedSelect("selected_channel", (names) => names.channels), conversations_select: namedSelect("selected_conversation", (names) => names.channels),
  checkboxes: choices("checkbox"), radio_buttons: choices("radio"),
};
