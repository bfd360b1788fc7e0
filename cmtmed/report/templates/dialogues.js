// The browser of dialogues: search, filters, pages, links. A page of ten is in the document at a time.
"use strict";
(() => {
  const { data, say, name, make, showTip, leaveTip, hideTip, onLanguage } = window.cmtmed;
  const place = document.getElementById("dialogues");
  if (!place) return;
  const SIZE = 10;
  const TURNS = 12;
  const ANY = "*";
  const NONE = "-";
  const form = document.getElementById("filters");
  const search = document.getElementById("search");
  const about = new WeakMap();
  const all = data.dialogues.map((row) => ({
    ...row,
    fate: row.reason === null ? "kept" : "dropped",
    text: [row.id, ...row.turns.map((turn) => turn.pieces.map((piece) => piece.text ?? piece).join(""))].join("\n").normalize("NFKC").toLowerCase(),
  }));
  // What can be picked: how a dialogue's values are found, what they are called, whether "any" and "none" make sense.
  const picks = {
    fate: { of: (row) => [row.fate], call: (value) => say(value) },
    reason: { of: (row) => (row.reason === null ? [] : [row.reason]), call: (value) => name("reason", value) },
    source: { of: (row) => [row.source], call: (value) => value },
    department: { of: (row) => (row.department ? [row.department] : []), call: (value) => value, none: true, without: "unknown" },
    split: { of: (row) => (row.split ? [row.split] : []), call: (value) => name("split", value) },
    slot: { of: (row) => row.slots, call: (value) => name("slot", value), any: true, none: true },
    type: { of: (row) => row.types, call: (value) => name("identifier", value), any: true, none: true },
  };
  // What a reader opened stays open when its card is made again.
  const opened = new Set();
  const unfolded = new Set();
  let found = all;
  let first = 0;
  let sought = null;

  // Values of a crawl get a mark before them, so that none can be taken for one of the three words.
  function options(key) {
    const { of, call, any, none, without: nothing = "no_one" } = picks[key];
    const select = form.querySelector(`[data-pick="${key}"]`);
    const before = select.value;
    const counts = new Map();
    let without = 0;
    for (const row of all) {
      const values = of(row);
      if (!values.length) without += 1;
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const rows = [["", say("all")]];
    if (any && without < all.length) rows.push([ANY, counted(say("any"), all.length - without)]);
    if (none && without) rows.push([NONE, counted(say(nothing), without)]);
    for (const [value, count] of [...counts].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1))) rows.push([`=${value}`, counted(call(value), count)]);
    select.replaceChildren(...rows.map(([value, text]) => Object.assign(make("option", text), { value })));
    select.value = before;
    select.disabled = rows.length < 2;
  }

  function counted(before, count) {
    return say("brackets", { before, inside: count.toLocaleString("en") });
  }

  function clear() {
    for (const element of form.querySelectorAll("input, select")) element.value = "";
  }

  function terms() {
    return search.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
  }

  function filter() {
    const wanted = terms();
    const picked = Object.entries(picks).map(([key, { of }]) => [of, form.querySelector(`[data-pick="${key}"]`).value]);
    const fits = (values, value) => value === "" || (value === ANY ? values.length > 0 : value === NONE ? !values.length : values.includes(value.slice(1)));
    found = all.filter((row) => wanted.every((term) => row.text.includes(term)) && picked.every(([of, value]) => fits(of(row), value)));
    first = 0;
    sought = null;
    show();
  }

  function show() {
    hideTip();
    const shown = found.slice(first, first + SIZE);
    const told = found.length ? say("found", { from: first + 1, to: first + shown.length, count: found.length }) : say("found_none");
    for (const element of document.querySelectorAll("#browse .found")) element.textContent = told;
    for (const button of document.querySelectorAll("#browse [data-turn]")) button.setAttribute("aria-disabled", button.dataset.turn === "1" ? first + SIZE >= found.length : first === 0);
    place.replaceChildren(...shown.map(card));
    highlight();
  }

  function card(row) {
    const article = make("article", undefined, `dialogue ${row.fate === "kept" ? "kept" : "gone"}${row === sought ? " sought" : ""}`);
    article.tabIndex = -1;
    article.setAttribute("aria-label", row.id);
    const header = make("header");
    const link = make("a");
    link.href = address(row.id);
    link.title = say("link");
    link.append(make("bdi", row.id, "id"));
    const fate = make("span", undefined, "fate");
    fate.append(make("bdi", row.reason === null ? say("kept") : say("dropped") + say("colon") + name("reason", row.reason)));
    header.append(link, fate);
    for (const text of [row.split && name("split", row.split), row.source, row.department]) if (text) header.append(make("bdi", text));
    if (row.cluster && row.cluster !== row.id) {
      const other = make("span", `${say("duplicate_of")} `);
      other.append(data.dialogues.some((one) => one.id === row.cluster) ? Object.assign(make("a"), { href: address(row.cluster) }) : make("span"));
      other.lastChild.append(make("bdi", row.cluster, "id"));
      header.append(other);
    }
    const cut = row.turns.length > TURNS && !unfolded.has(row);
    article.append(header, ...row.turns.slice(0, cut ? TURNS : undefined).map(bubble));
    if (cut) {
      const more = make("button", say(row.turns.length < row.turnsInAll ? "some_turns" : "all_turns", { count: row.turns.length, whole: row.turnsInAll }), "more");
      more.type = "button";
      more.addEventListener("click", () => {
        unfolded.add(row);
        more.replaceWith(...row.turns.slice(TURNS).map(bubble));
        highlight();
      });
      article.append(more);
    }
    if (row.cut !== null) article.append(make("p", say("cut", { shown: row.cut.toLocaleString("en"), whole: row.whole.toLocaleString("en") }), "cut"));
    article.append(trace(row));
    return article;
  }

  function bubble(turn) {
    const element = make("div", undefined, `turn ${turn.role}`);
    const said = make("p", undefined, "said");
    said.dir = "auto";
    said.lang = "zh";
    // Each piece is isolated, so that a direction that a text turns stays within it.
    for (const piece of turn.pieces) said.append(typeof piece === "string" ? make("bdi", piece) : marked(piece));
    element.append(make("span", say(turn.role), "who"), said);
    return element;
  }

  function marked(piece) {
    const mark = make("mark", undefined, [piece.slot && "asks", piece.type && "redacted"].filter(Boolean).join(" "));
    const told = [
      piece.slot && say("asks", { slot: name("slot", piece.slot) }),
      piece.type && say("was", { type: name("identifier", piece.type), action: name("action", piece.action) }),
    ].filter(Boolean);
    mark.append(make("bdi", piece.text), make("span", say("brackets", { before: "", inside: told.join(say("semicolon")) }), "told"));
    mark.tabIndex = 0;
    about.set(mark, told);
    return mark;
  }

  function trace(row) {
    const details = make("details");
    const list = make("ol");
    for (const [stage, action, reason] of row.trace) {
      const entry = make("li");
      const why = action === "dropped" ? name("reason", reason) : (reason ?? "").split(" ").map((column) => name("column", column)).join(say("comma"));
      const told = name("stage", stage) + say("colon") + name("deed", action);
      entry.append(make("bdi", why ? say("brackets", { before: told, inside: why }) : told));
      list.append(entry);
    }
    details.open = opened.has(row);
    details.addEventListener("toggle", () => (details.open ? opened.add(row) : opened.delete(row)));
    details.append(make("summary", say("trace")), row.trace.length ? list : make("p", say("untouched")));
    return details;
  }

  // Sign by sign, with where each unit of the folded text comes from: folding can change the length.
  function folded(words) {
    let text = "";
    let at = 0;
    const starts = [];
    for (const sign of words) {
      const plain = sign.normalize("NFKC").toLowerCase();
      for (let unit = 0; unit < plain.length; unit += 1) starts.push(at);
      text += plain;
      at += sign.length;
    }
    starts.push(at);
    return { text, starts };
  }

  function highlight() {
    if (!window.Highlight || !CSS.highlights) return;
    const ranges = [];
    const wanted = terms();
    for (const node of wanted.length ? place.querySelectorAll(".said bdi, header .id") : []) {
      const { text, starts } = folded(node.textContent);
      for (const term of wanted) {
        for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
          const range = new Range();
          range.setStart(node.firstChild, starts[at]);
          range.setEnd(node.firstChild, starts[at + term.length]);
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set("search", new Highlight(...ranges));
  }

  function address(id) {
    return `#${encodeURIComponent(id).replaceAll("%2F", "/")}`;
  }

  // Ids hold a slash and the names of sections do not.
  function follow() {
    let id;
    try {
      id = decodeURIComponent(location.hash.slice(1));
    } catch {
      return;
    }
    const row = all.find((one) => one.id === id);
    if (!row) return;
    clear();
    found = all;
    first = Math.floor(all.indexOf(row) / SIZE) * SIZE;
    sought = row;
    show();
    const article = place.querySelector(".sought");
    article.scrollIntoView();
    article.focus({ preventScroll: true });
  }

  function tipOf(event) {
    const mark = event.target.closest?.("mark");
    const told = mark && about.get(mark);
    if (!told) return leaveTip();
    showTip(make("bdi", told.join(say("semicolon"))), event.type === "focusin" ? mark : event);
  }

  for (const kind of ["pointerover", "click", "focusin"]) place.addEventListener(kind, tipOf);
  place.addEventListener("pointerleave", leaveTip);
  place.addEventListener("focusout", hideTip);
  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  form.addEventListener("change", (event) => event.target !== search && filter());
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", () => {
    clear();
    filter();
  });
  for (const button of document.querySelectorAll("#browse [data-turn]")) {
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      first += SIZE * Number(button.dataset.turn);
      sought = null;
      show();
      document.getElementById("browse").querySelector(".pages").scrollIntoView({ block: "center" });
    });
  }
  const label = () => {
    for (const key of Object.keys(picks)) options(key);
    show();
  };
  form.querySelector("details").open = matchMedia("(min-width: 901px)").matches;
  onLanguage(label);
  label();
  addEventListener("hashchange", follow);
  // A link to where the address already points changes nothing, and nobody would be told.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) follow();
  });
  addEventListener("DOMContentLoaded", () => location.hash && follow());
})();
