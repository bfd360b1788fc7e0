// The dialogue browser: search, filters, pages and links. Only one page of dialogues is in the document at a time.
"use strict";
(() => {
  const { data, translate, getLabel, createElement, showTip, hidePointerTip, hideTip, onLanguageChange } = window.cmtmed;
  const container = document.getElementById("dialogues");
  if (!container) return;
  const PAGE_SIZE = 10;
  const MAX_TURNS = 12;
  const ANY = "*";
  const NONE = "-";
  const form = document.getElementById("filters");
  const search = document.getElementById("search");
  const annotations = new WeakMap();
  const allRows = data.dialogues.map((row) => ({
    ...row,
    outcome: row.reason === null ? "kept" : "dropped",
    text: [row.id, ...row.turns.map((turn) => turn.segments.map((segment) => segment.text ?? segment).join(""))].join("\n").normalize("NFKC").toLowerCase(),
  }));
  // For every filter: the values of a dialogue, their labels, and whether "any" and "none" are options.
  const filters = {
    outcome: { getValues: (row) => [row.outcome], label: (value) => translate(value) },
    reason: { getValues: (row) => (row.reason === null ? [] : [row.reason]), label: (value) => getLabel("reason", value) },
    source: { getValues: (row) => [row.source], label: (value) => value },
    department: { getValues: (row) => (row.department ? [row.department] : []), label: (value) => value, hasNone: true, noneKey: "unknown" },
    split: { getValues: (row) => (row.split ? [row.split] : []), label: (value) => getLabel("split", value) },
    slot: { getValues: (row) => row.slots, label: (value) => getLabel("slot", value), hasAny: true, hasNone: true },
    type: { getValues: (row) => row.types, label: (value) => getLabel("identifier", value), hasAny: true, hasNone: true },
  };
  // Dialogues with an open trace or with all turns shown; they stay so when their card is created again.
  const openTraces = new Set();
  const expandedRows = new Set();
  let matchingRows = allRows;
  let firstIndex = 0;
  let linkedRow = null;

  // Values from the crawl are prefixed with "=", so that none can be confused with "", ANY or NONE.
  function fillSelect(key) {
    const { getValues, label, hasAny, hasNone, noneKey = "no_value" } = filters[key];
    const select = form.querySelector(`[data-filter="${key}"]`);
    const selected = select.value;
    const counts = new Map();
    let noneCount = 0;
    for (const row of allRows) {
      const values = getValues(row);
      if (!values.length) noneCount += 1;
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const options = [["", translate("all")]];
    if (hasAny && noneCount < allRows.length) options.push([ANY, formatCount(translate("any"), allRows.length - noneCount)]);
    if (hasNone && noneCount) options.push([NONE, formatCount(translate(noneKey), noneCount)]);
    const ranked = [...counts].sort((first, second) => second[1] - first[1] || (first[0] < second[0] ? -1 : 1));
    for (const [value, count] of ranked) options.push([`=${value}`, formatCount(label(value), count)]);
    select.replaceChildren(...options.map(([value, text]) => Object.assign(createElement("option", text), { value })));
    select.value = selected;
    select.disabled = options.length < 2;
  }

  function formatCount(text, count) {
    return translate("brackets", { before: text, inside: count.toLocaleString("en") });
  }

  function clearFilters() {
    for (const element of form.querySelectorAll("input, select")) element.value = "";
  }

  function getSearchTerms() {
    return search.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
  }

  function matchesFilter(values, selected) {
    if (selected === "") return true;
    if (selected === ANY) return values.length > 0;
    if (selected === NONE) return !values.length;
    return values.includes(selected.slice(1));
  }

  function applyFilters() {
    const terms = getSearchTerms();
    const selections = Object.entries(filters).map(([key, { getValues }]) => [getValues, form.querySelector(`[data-filter="${key}"]`).value]);
    matchingRows = allRows.filter((row) => terms.every((term) => row.text.includes(term)) && selections.every(([getValues, selected]) => matchesFilter(getValues(row), selected)));
    firstIndex = 0;
    linkedRow = null;
    showPage();
  }

  function showPage() {
    hideTip();
    const rows = matchingRows.slice(firstIndex, firstIndex + PAGE_SIZE);
    const summary = matchingRows.length ? translate("results", { from: firstIndex + 1, to: firstIndex + rows.length, count: matchingRows.length }) : translate("no_results");
    for (const element of document.querySelectorAll("#browse .results")) element.textContent = summary;
    for (const button of document.querySelectorAll("#browse [data-step]")) button.setAttribute("aria-disabled", button.dataset.step === "1" ? firstIndex + PAGE_SIZE >= matchingRows.length : firstIndex === 0);
    container.replaceChildren(...rows.map(createCard));
    highlightTerms();
  }

  function createCard(row) {
    const article = createElement("article", undefined, `dialogue ${row.outcome}${row === linkedRow ? " linked" : ""}`);
    article.tabIndex = -1;
    article.setAttribute("aria-label", row.id);
    const hasMore = row.turns.length > MAX_TURNS && !expandedRows.has(row);
    article.append(createHeader(row), ...row.turns.slice(0, hasMore ? MAX_TURNS : undefined).map(createTurn));
    if (hasMore) article.append(createMoreButton(row));
    if (row.cut !== null) article.append(createElement("p", translate("cut", { shown: row.cut.toLocaleString("en"), total: row.characters.toLocaleString("en") }), "cut"));
    article.append(createTrace(row));
    return article;
  }

  function createHeader(row) {
    const header = createElement("header");
    const link = createElement("a");
    link.href = getHash(row.id);
    link.title = translate("link");
    link.append(createElement("bdi", row.id, "id"));
    const outcome = createElement("span", undefined, "outcome");
    outcome.append(createElement("bdi", row.reason === null ? translate("kept") : translate("dropped") + translate("colon") + getLabel("reason", row.reason)));
    header.append(link, outcome);
    for (const text of [row.split && getLabel("split", row.split), row.source, row.department]) if (text) header.append(createElement("bdi", text));
    if (row.cluster && row.cluster !== row.id) {
      const duplicate = createElement("span", `${translate("duplicate_of")} `);
      const isShown = allRows.some((shownRow) => shownRow.id === row.cluster);
      duplicate.append(isShown ? Object.assign(createElement("a"), { href: getHash(row.cluster) }) : createElement("span"));
      duplicate.lastChild.append(createElement("bdi", row.cluster, "id"));
      header.append(duplicate);
    }
    return header;
  }

  function createMoreButton(row) {
    const key = row.turns.length < row.totalTurns ? "some_turns" : "all_turns";
    const button = createElement("button", translate(key, { count: row.turns.length, total: row.totalTurns }), "more");
    button.type = "button";
    button.addEventListener("click", () => {
      expandedRows.add(row);
      button.replaceWith(...row.turns.slice(MAX_TURNS).map(createTurn));
      highlightTerms();
    });
    return button;
  }

  function createTurn(turn) {
    const element = createElement("div", undefined, `turn ${turn.role}`);
    const text = createElement("p", undefined, "text");
    text.dir = "auto";
    text.lang = "zh";
    // Each segment is isolated, so that a change of the writing direction stays within it.
    for (const segment of turn.segments) text.append(typeof segment === "string" ? createElement("bdi", segment) : createMark(segment));
    element.append(createElement("span", translate(turn.role), "speaker"), text);
    return element;
  }

  function createMark(segment) {
    const mark = createElement("mark", undefined, [segment.slot && "asks", segment.type && "redacted"].filter(Boolean).join(" "));
    const annotation = [
      segment.slot && translate("asks_about", { slot: getLabel("slot", segment.slot) }),
      segment.type && translate("redaction", { type: getLabel("identifier", segment.type), action: getLabel("action", segment.action) }),
    ].filter(Boolean).join(translate("semicolon"));
    mark.append(createElement("bdi", segment.text), createElement("span", translate("brackets", { before: "", inside: annotation }), "annotation"));
    mark.tabIndex = 0;
    annotations.set(mark, annotation);
    return mark;
  }

  function createTrace(row) {
    const details = createElement("details");
    const list = createElement("ol");
    for (const [stage, action, reason, characters] of row.trace) {
      const explanation =
        action === "dropped" ? getLabel("reason", reason)
        : action === "left_out" ? translate("left_out_entry", { reason: getLabel("left_out", reason), count: Math.abs(characters).toLocaleString("en") })
        : (reason ?? "").split(" ").map((column) => getLabel("column", column)).join(translate("comma"));
      const text = getLabel("stage", stage) + translate("colon") + getLabel("trace_action", action);
      const entry = createElement("li");
      entry.append(createElement("bdi", explanation ? translate("brackets", { before: text, inside: explanation }) : text));
      list.append(entry);
    }
    details.open = openTraces.has(row);
    details.addEventListener("toggle", () => (details.open ? openTraces.add(row) : openTraces.delete(row)));
    details.append(createElement("summary", translate("trace")), row.trace.length ? list : createElement("p", translate("no_changes")));
    return details;
  }

  // Fold a text for the search, character by character, with the offset in the original for every offset in the folded
  // text: folding can change the length.
  function foldText(original) {
    let text = "";
    let offset = 0;
    const offsets = [];
    for (const character of original) {
      const foldedCharacter = character.normalize("NFKC").toLowerCase();
      for (let unit = 0; unit < foldedCharacter.length; unit += 1) offsets.push(offset);
      text += foldedCharacter;
      offset += character.length;
    }
    offsets.push(offset);
    return { text, offsets };
  }

  function highlightTerms() {
    if (!window.Highlight || !CSS.highlights) return;
    const ranges = [];
    const terms = getSearchTerms();
    for (const node of terms.length ? container.querySelectorAll(".text bdi, header .id") : []) {
      const { text, offsets } = foldText(node.textContent);
      for (const term of terms) {
        for (let start = text.indexOf(term); start >= 0; start = text.indexOf(term, start + term.length)) {
          const range = new Range();
          range.setStart(node.firstChild, offsets[start]);
          range.setEnd(node.firstChild, offsets[start + term.length]);
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set("search", new Highlight(...ranges));
  }

  function getHash(id) {
    return `#${encodeURIComponent(id).replaceAll("%2F", "/")}`;
  }

  // Show the dialogue that the address links to. Ids contain a slash, names of sections do not.
  function followLink() {
    let id;
    try {
      id = decodeURIComponent(location.hash.slice(1));
    } catch {
      return;
    }
    const row = allRows.find((candidate) => candidate.id === id);
    if (!row) return;
    clearFilters();
    matchingRows = allRows;
    firstIndex = Math.floor(allRows.indexOf(row) / PAGE_SIZE) * PAGE_SIZE;
    linkedRow = row;
    showPage();
    const article = container.querySelector(".linked");
    article.scrollIntoView();
    article.focus({ preventScroll: true });
  }

  function showMarkTip(event) {
    const mark = event.target.closest?.("mark");
    const annotation = mark && annotations.get(mark);
    if (!annotation) return hidePointerTip();
    showTip(createElement("bdi", annotation), event.type === "focusin" ? mark : event);
  }

  for (const eventType of ["pointerover", "click", "focusin"]) container.addEventListener(eventType, showMarkTip);
  container.addEventListener("pointerleave", hidePointerTip);
  container.addEventListener("focusout", hideTip);
  let searchTimer;
  search.addEventListener("input", () => {
    clearTimeout(searchTimer);
    searchTimer = setTimeout(applyFilters, 120);
  });
  form.addEventListener("change", (event) => event.target !== search && applyFilters());
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", () => {
    clearFilters();
    applyFilters();
  });
  for (const button of document.querySelectorAll("#browse [data-step]")) {
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      firstIndex += PAGE_SIZE * Number(button.dataset.step);
      linkedRow = null;
      showPage();
      document.getElementById("browse").querySelector(".pages").scrollIntoView({ block: "center" });
    });
  }
  function render() {
    for (const key of Object.keys(filters)) fillSelect(key);
    showPage();
  }
  form.querySelector("details").open = matchMedia("(min-width: 901px)").matches;
  onLanguageChange(render);
  render();
  addEventListener("hashchange", followLink);
  // A click on a link to the current address fires no hashchange event.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) followLink();
  });
  addEventListener("DOMContentLoaded", () => location.hash && followLink());
})();
