"use strict";
const order = new Intl.Collator("en", { numeric: true });
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  if (rows.length < 2) continue;
  const key = (row, at) => {
    const cell = row.cells[at];
    return cell.dataset.v ?? cell.textContent.replace(/,/g, "");
  };
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort";
    button.append(...head.childNodes);
    head.append(button);
    const ways = ["ascending", "descending"];
    if (head.className) ways.reverse();
    button.addEventListener("click", () => {
      // The third time, all is as it was.
      const way = ways[ways.indexOf(head.getAttribute("aria-sort")) + 1];
      heads.forEach((it) => it.removeAttribute("aria-sort"));
      if (way) head.setAttribute("aria-sort", way);
      const sign = way === "ascending" ? 1 : -1;
      const compare = (a, b) => sign * order.compare(key(a, at), key(b, at));
      body.append(...(way ? [...rows].sort(compare) : rows));
    });
  });
}
