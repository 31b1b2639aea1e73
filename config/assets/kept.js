// What somebody is doing in a menu outlives the answer that replaces it: menus with an id stay open, and what was typed
// or ticked in a form that was not sent stays as it is.
const heldBySwap = new WeakMap();

function isChanged(control) {
  if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
  return control.type === "text" && control.value !== control.defaultValue;
}

function place(control, menu) {
  const names = [...menu.querySelectorAll(`[name="${CSS.escape(control.name)}"]`)];
  if (control.type === "text") return names.find((other) => other.type === "text");
  return names.find((other) => other.type === control.type && other.value === control.value);
}

function focusIn(menu) {
  const active = document.activeElement;
  if (!menu.contains(active)) return null;
  if (active.parentElement === menu) return (next) => next.querySelector("summary").focus();
  return (next) => {
    const again = active.id ? document.getElementById(active.id) : active.name && place(active, next);
    again?.focus();
    if (again?.type === "text") again.setSelectionRange(active.selectionStart, active.selectionEnd);
  };
}

function hold(sender) {
  // Who applies what stands in a menu is done with it.
  const done = sender.closest("details.menu");
  return [...document.querySelectorAll("details[id][open]")]
    .filter((menu) => !done?.contains(menu))
    .map((menu) => ({
      menu,
      focus: focusIn(menu),
      changed: [...menu.querySelectorAll("input")].filter((control) => control.form !== sender && isChanged(control)),
    }));
}

function giveBack({ menu, focus, changed }) {
  const next = document.getElementById(menu.id);
  if (!next || next === menu) return;
  next.open = true;
  for (const control of changed) {
    const again = place(control, next);
    if (!again) continue;
    if (control.type === "text") again.value = control.value;
    else again.checked = control.checked;
  }
  focus?.(next);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  heldBySwap.set(event.detail.xhr, hold(event.detail.requestConfig.elt));
});
document.addEventListener("htmx:afterSwap", (event) => {
  const held = heldBySwap.get(event.detail.xhr) ?? [];
  heldBySwap.delete(event.detail.xhr);
  held.forEach(giveBack);
});

// A request that a newer one replaces is no error: htmx writes what has the name of one to the console.
const inFlight = new WeakMap();
document.addEventListener("htmx:beforeRequest", (event) => inFlight.set(event.detail.elt, event.detail));
document.addEventListener(
  "htmx:abort",
  (event) => {
    const replaced = inFlight.get(event.target);
    if (replaced) replaced.error = "";
  },
  true,
);
