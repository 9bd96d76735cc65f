"use strict";

// The page is whole without this: here come sorting, enlarging, copying.

/** Puts what an element holds into a button inside it. */
function makeButton(element, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...element.childNodes);
  button.addEventListener("click", act);
  element.append(button);
  return button;
}

/** Compares cells; what has no number stands last whichever way. */
function compare(one, other, sign) {
  const texts = [one, other].map((cell) => cell.tagName === "TH");
  if (texts[0] && texts[1]) {
    return sign * one.textContent.localeCompare(other.textContent, "en");
  }
  const [a, b] = [one, other].map((cell) => cell.dataset.value);
  if (a === undefined || b === undefined) {
    return (a === undefined) - (b === undefined);
  }
  return sign * (Number(a) - Number(b));
}

function makeSortable(table) {
  const body = table.tBodies[0];
  const given = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    head.setAttribute("aria-sort", "none");
    makeButton(head, () => {
      const first = head.dataset.first || "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const way = head.getAttribute("aria-sort") === first ? other : first;
      const sign = way === "ascending" ? 1 : -1;
      heads.forEach((each) => each.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", way);
      // Always from the given order, so that ties do not wander.
      body.append(
        ...[...given].sort((one, two) =>
          compare(one.cells[place], two.cells[place], sign),
        ),
      );
    });
  });
}

function makeZoomable(figure, dialog) {
  const picture = figure.querySelector("img");
  const frame = document.createElement("div");
  picture.replaceWith(frame);
  frame.append(picture);
  const button = makeButton(frame, () => {
    dialog.replaceChildren(picture.cloneNode());
    dialog.showModal();
  });
  button.setAttribute("aria-label", `Enlarge: ${picture.alt}`);
}

/** Copies by selection, where the browser keeps its clipboard shut. */
function copySelected(element) {
  const selection = window.getSelection();
  selection.selectAllChildren(element);
  const done = document.execCommand("copy");
  selection.removeAllRanges();
  return done;
}

function makeCopyable(command) {
  const code = command.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    let done = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      done = copySelected(code);
    }
    button.textContent = done ? "Copied" : "Select it by hand";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  command.append(button);
}

document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll(".command").forEach(makeCopyable);

const dialog = document.createElement("dialog");
dialog.setAttribute("aria-label", "Figure in full size; Escape closes it");
dialog.addEventListener("click", () => dialog.close());
document.body.append(dialog);
document
  .querySelectorAll("figure")
  .forEach((figure) => makeZoomable(figure, dialog));

// Paper cannot unfold anything.
window.addEventListener("beforeprint", () =>
  document.querySelectorAll("details").forEach((each) => (each.open = true)),
);
