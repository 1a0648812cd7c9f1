/** Drawing something anew without taking the keyboard away from whoever is in the middle of it. */

/** Run `draw`, then put focus and cursor back into the control of the same block and action inside `container`. */
export function keepingFocus(container, draw) {
  const focused = document.activeElement;
  const place = container.contains(focused) ? placeOf(focused) : null;
  const cursor = place && "selectionStart" in focused ? [focused.selectionStart, focused.selectionEnd] : null;
  draw();
  if (!place || focused.isConnected) return;
  const again = controls(container).find((control) => placeOf(control) === place);
  again?.focus();
  if (again && cursor && cursor[0] !== null) again.setSelectionRange?.(...cursor);
}

const controls = (container) => [...container.querySelectorAll("button, input, select, textarea")];

function placeOf(control) {
  const block = control.closest("[data-block-id]")?.dataset.blockId;
  const action = control.closest("[data-action-id]")?.dataset.actionId;
  const message = control.closest("[data-ts]")?.dataset.ts;
  return block === undefined ? null : JSON.stringify([message, block, action]);
}
