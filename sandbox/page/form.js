/** What has been entered into the elements of one message or view, in the shape of Slack's `state.values`. */

export class Form {
  constructor(values = {}) {
    this.values = structuredClone(values);
  }

  /** What an element holds; where nothing was entered yet, what it holds from the start. */
  get(blockId, element) {
    this.values[blockId] ??= {};
    this.values[blockId][element.action_id] ??= { type: element.type, ...initial(element) };
    return this.values[blockId][element.action_id];
  }

  set(blockId, element, entered) {
    this.values[blockId] = { ...this.values[blockId], [element.action_id]: { type: element.type, ...entered } };
  }

  /** Forget everything that belongs to elements which are no longer there. */
  keepOnly(blocks) {
    const there = new Map(blocks.map((block) => [block.block_id, new Set(elementsOf(block).map((one) => one.action_id))]));
    for (const [blockId, actions] of Object.entries(this.values)) {
      for (const actionId of Object.keys(actions)) if (!there.get(blockId)?.has(actionId)) delete actions[actionId];
      if (!Object.keys(actions).length) delete this.values[blockId];
    }
  }
}

/** Which property of an element's value holds what was entered. */
export const VALUE_NAMES = {
  plain_text_input: "value", email_text_input: "value", url_text_input: "value", number_input: "value",
  datepicker: "selected_date", timepicker: "selected_time", datetimepicker: "selected_date_time",
  static_select: "selected_option", external_select: "selected_option", radio_buttons: "selected_option",
  checkboxes: "selected_options", multi_static_select: "selected_options",
  users_select: "selected_user", multi_users_select: "selected_users",
  channels_select: "selected_channel", conversations_select: "selected_conversation",
};

const INITIAL_NAMES = { value: "initial_value", ...Object.fromEntries(Object.values(VALUE_NAMES).filter((name) => name !== "value").map((name) => [name, name.replace("selected", "initial")])) };

function initial(element) {
  const name = VALUE_NAMES[element.type];
  const many = name?.endsWith("s") ? [] : null;
  return name ? { [name]: element[INITIAL_NAMES[name]] ?? many } : {};
}

function elementsOf(block) {
  return [block.element, block.accessory, ...(block.type === "actions" ? block.elements : [])].filter((one) => one && VALUE_NAMES[one.type]);
}
