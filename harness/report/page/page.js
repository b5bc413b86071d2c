"use strict";
// Heads become buttons that sort. A row without a number stays at the end.
document.documentElement.classList.add("js");
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => {
    const label = head.querySelector(".label");
    if (!head.dataset.sort || !label) return;
    const button = document.createElement("button");
    button.type = "button";
    label.replaceWith(button);
    button.append(label);
    button.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      const now = was === "descending" ? "ascending" : was === "ascending" ? "descending" : head.dataset.sort;
      const sign = now === "ascending" ? 1 : -1;
      const key = (row) => row.cells[at]?.dataset.v ?? "";
      const compare = (a, b) => {
        const x = key(a), y = key(b);
        if (x === "" || y === "") return (x === "") - (y === "");
        return sign * (head.dataset.kind === "text" ? x.localeCompare(y, "en") : x - y);
      };
      body.append(...[...body.rows].sort(compare));
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", now);
    });
  });
}
// On paper nothing can be opened.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => (d.open = true)));
