// Sorts tables by a column; without scripts they stay in the order of the passes and layers.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(table, headers, column));
  });
}

function sort(table, headers, column) {
  const header = headers[column];
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  headers.forEach((other) => other.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => {
    const cell = row.cells[column];
    const key = cell.dataset.key;
    return { row, key: key === undefined ? cell.textContent : Number(key) };
  });
  rows.sort((a, b) => {
    const order = typeof a.key === "number" && typeof b.key === "number"
      ? a.key - b.key
      : String(a.key).localeCompare(String(b.key), "en", { numeric: true });
    return ascending ? order : -order;
  });
  body.append(...rows.map(({ row }) => row));
}
