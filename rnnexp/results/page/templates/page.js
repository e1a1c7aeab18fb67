"use strict";
// All is there without it: it sorts tables, and looks again at a study that still runs.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  if (body.rows.length < 2) continue;
  const key = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.missing !== undefined) return null;
    const number = cell.dataset.sort === undefined ? NaN : Number(cell.dataset.sort);
    return Number.isNaN(number) ? cell.textContent.trim() : number;
  };
  const order = (x, y) => {
    if (typeof x === "number" && typeof y === "number") return x - y;
    if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
    return x.localeCompare(y, "en", { numeric: true });
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows].map(row => [key(row, column), row]);
      const there = rows.filter(([value]) => value !== null);
      const missing = rows.filter(([value]) => value === null);
      there.sort(([x], [y]) => up ? order(x, y) : order(y, x));
      body.append(...[...there, ...missing].map(([, row]) => row));
    });
  });
}
if (document.body.dataset.unfinished !== undefined) {
  const written = document.getElementById("written"), then = new Date(document.lastModified);
  const minutes = Math.round((Date.now() - then) / 60000);
  written.hidden = false;
  written.textContent = "Written " + then.toLocaleTimeString() + (minutes < 5 ? "."
    : `, ${minutes} minutes ago: the study may have been stopped.`);
  setTimeout(() => location.reload(), minutes < 5 ? 5000 : 60000);
}
