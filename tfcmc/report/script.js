"use strict";

// The page is whole without this: here come sorting, and cards on paper.

/** Compares cells; what has no number stands last whichever way. */
function compare(one, other, sign) {
  if (one.tagName === "TH") {
    return sign * one.textContent.localeCompare(other.textContent, "en");
  }
  const [a, b] = [one, other].map((cell) => cell.dataset.value);
  if (a === undefined || b === undefined) {
    return (a === undefined) - (b === undefined);
  }
  return sign * (Number(a) - Number(b));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const given = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    const first = head.dataset.first || "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const way = head.getAttribute("aria-sort") === first ? other : first;
      const sign = way === "ascending" ? 1 : -1;
      heads.forEach((each) => each.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", way);
      // Always from the given order, so that ties do not wander.
      const sorted = [...given].sort((one, two) =>
        compare(one.cells[place], two.cells[place], sign),
      );
      table.tBodies[0].append(...sorted);
    });
  });
}

// Paper cannot unfold anything.
window.addEventListener("beforeprint", () =>
  document.querySelectorAll("details").forEach((each) => (each.open = true)),
);
